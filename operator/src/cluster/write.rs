//! Writing a status, and telling of its change as an event.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::core::DynamicObject;
use kube::discovery::ApiResource;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Client};
use serde_json::json;
use wayleave_api::condition::{ConditionType, Status};
use wayleave_api::{CachePolicy, LLMRoute, ProviderKey};

use super::status::condition;
use super::world::Standing;
use crate::object::{Kind, ObjectRef};

/// Whom an API server names as the owner of what we write.
pub const FIELD_MANAGER: &str = "wayleave-operator";
/// The longest note of an event that an API server takes, with room to spare.
const MOST_NOTE: usize = 1_000;

/// Writes to the API server. Cheap to clone.
#[derive(Clone)]
pub struct Scribe {
    client: Client,
    recorder: Recorder,
}

impl std::fmt::Debug for Scribe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scribe")
    }
}

impl Scribe {
    /// Writes as the operator of this identity.
    pub fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter {
            controller: FIELD_MANAGER.to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self {
            recorder: Recorder::new(client.clone(), reporter),
            client,
        }
    }

    /// Writes a status by server-side apply, then an event if its readiness is another than before.
    ///
    /// # Errors
    /// When the status cannot be written. That an event cannot be is only logged.
    pub async fn write(
        &self,
        object: &ObjectRef,
        standing: &Standing,
        status: &Status,
    ) -> Result<(), kube::Error> {
        let Some(resource) = resource(object.kind) else {
            return Ok(());
        };
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &object.name.namespace, &resource);
        let content = json!({
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            // Refused if the object has been deleted and made anew.
            "metadata": {"name": &*object.name.name, "uid": standing.uid},
            "status": status,
        });
        api.patch_status(
            &object.name.name,
            &PatchParams::apply(FIELD_MANAGER).force(),
            &Patch::Apply(content),
        )
        .await?;
        if let Some(event) = event(standing.status.as_ref(), status) {
            let regarding = reference(object, &resource, standing);
            if let Err(error) = self.recorder.publish(&event, &regarding).await {
                tracing::debug!("an event of {object} cannot be written: {error}");
            }
        }
        Ok(())
    }
}

fn resource(kind: Kind) -> Option<ApiResource> {
    match kind {
        Kind::ProviderKey => Some(ApiResource::erase::<ProviderKey>(&())),
        Kind::LLMRoute => Some(ApiResource::erase::<LLMRoute>(&())),
        Kind::CachePolicy => Some(ApiResource::erase::<CachePolicy>(&())),
        Kind::Secret | Kind::ConfigMap | Kind::Namespace => None,
    }
}

fn reference(object: &ObjectRef, resource: &ApiResource, standing: &Standing) -> ObjectReference {
    ObjectReference {
        api_version: Some(resource.api_version.clone()),
        kind: Some(resource.kind.clone()),
        namespace: Some(object.name.namespace.to_string()),
        name: Some(object.name.name.to_string()),
        uid: Some(standing.uid.clone()),
        ..ObjectReference::default()
    }
}

/// What there is to tell when `before` becomes `after`.
fn event(before: Option<&Status>, after: &Status) -> Option<Event> {
    let ready = condition(after, ConditionType::Ready)?;
    let was = before
        .and_then(|before| condition(before, ConditionType::Ready))
        .map(|ready| (&ready.status, &ready.reason));
    if was == Some((&ready.status, &ready.reason)) {
        return None;
    }
    let type_ = match ready.status.as_str() {
        "True" => EventType::Normal,
        "False" => EventType::Warning,
        // On its way.
        _ => return None,
    };
    Some(Event {
        type_,
        reason: ready.reason.clone(),
        note: Some(ready.message.chars().take(MOST_NOTE).collect()),
        action: "Reconcile".to_owned(),
        secondary: None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

    use super::*;

    fn ready(status: &str, reason: &str, message: &str) -> Status {
        let condition = Condition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        };
        Status {
            conditions: vec![condition],
            ..Status::default()
        }
    }

    #[test]
    fn an_event_tells_of_another_readiness() {
        let good = ready("True", "Ready", "2/2 data planes");
        let bad = ready("False", "Invalid", "spec.models: is empty");
        let pending = ready("Unknown", "Pending", "1/2 data planes");
        let none = Status::default();
        let told = |before: Option<&Status>, after: &Status| {
            let event = event(before, after)?;
            Some((event.type_ == EventType::Warning, event.reason, event.note?))
        };
        let good_news = Some((false, "Ready".to_owned(), "2/2 data planes".to_owned()));
        let bad_news = Some((true, "Invalid".to_owned(), "spec.models: is empty".to_owned()));
        for (before, after, expected) in [
            (None, &good, &good_news),
            (Some(&none), &good, &good_news),
            (Some(&pending), &good, &good_news),
            (Some(&bad), &good, &good_news),
            (None, &bad, &bad_news),
            (Some(&good), &bad, &bad_news),
            (Some(&ready("False", "Conflicted", "")), &bad, &bad_news),
            // On its way, or as before.
            (None, &pending, &None),
            (Some(&good), &pending, &None),
            (Some(&good), &ready("True", "Ready", "3/3 data planes"), &None),
            (Some(&bad), &ready("False", "Invalid", "in other words"), &None),
            (Some(&good), &none, &None),
        ] {
            assert_eq!(told(before, after), *expected, "{before:?} -> {after:?}");
        }
    }

    #[test]
    fn a_note_is_cut() {
        let long = ready("False", "Invalid", &"ü".repeat(MOST_NOTE + 1));
        let note = event(None, &long).and_then(|event| event.note).expect("is told");
        assert_eq!(note, "ü".repeat(MOST_NOTE));
    }
}
