//! Envoy's messages ↔ ours.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource,
};
use envoy_types::pb::google::protobuf::Any;
use envoy_types::pb::google::rpc;
use tonic::Status;
use wayleave_core::resource::{REJECTED_TYPE_URL, Rejected, ResourceName, TYPE_URL};

use crate::config::bundle::{Version, Versioned};
use crate::config::session::{Answer, Message};

/// The longest reason that is kept of a data plane's answer.
const MOST_REASON: usize = 1_024;

pub(super) fn response(message: Message) -> DeltaDiscoveryResponse {
    let resources = message.resources.into_iter().map(|(name, resource)| {
        let Versioned { version, bytes } = resource;
        Resource {
            name: name.to_string(),
            version: version.as_str().to_owned(),
            resource: Some(Any {
                type_url: TYPE_URL.to_owned(),
                value: bytes.into(),
            }),
            ..Resource::default()
        }
    });
    DeltaDiscoveryResponse {
        // Not empty: everything is there with this message.
        system_version_info: if message.complete {
            message.nonce.to_string()
        } else {
            String::new()
        },
        resources: resources.collect(),
        type_url: TYPE_URL.to_owned(),
        removed_resources: message.removed.iter().map(ToString::to_string).collect(),
        nonce: message.nonce.to_string(),
        ..DeltaDiscoveryResponse::default()
    }
}

/// What a data plane says that it has. A name that means nothing here is no object of ours.
pub(super) fn has(request: DeltaDiscoveryRequest) -> BTreeMap<ResourceName, Version> {
    let named: BTreeMap<_, _> = request.initial_resource_versions.into_iter().collect();
    named
        .into_iter()
        .filter_map(|(name, version)| Some((name.parse().ok()?, Version::told(&version))))
        .collect()
}

pub(super) fn answer(request: DeltaDiscoveryRequest) -> Result<(u64, Answer), Status> {
    let nonce = request
        .response_nonce
        .parse()
        .map_err(|_| Status::invalid_argument("an answer names a message that was not sent"))?;
    let answer = match request.error_detail {
        None => Answer::Taken,
        Some(error) => rejection(error),
    };
    Ok((nonce, answer))
}

fn rejection(error: rpc::Status) -> Answer {
    let listed = error
        .details
        .iter()
        .filter(|detail| detail.type_url == REJECTED_TYPE_URL)
        .find_map(|detail| serde_json::from_slice::<Vec<Rejected>>(&detail.value).ok());
    let Some(listed) = listed else {
        return Answer::AllRejected(cut(error.message));
    };
    let reasons: BTreeMap<_, _> = listed
        .into_iter()
        .filter_map(|rejected| Some((rejected.name.parse().ok()?, cut(rejected.reason))))
        .collect();
    // An error that names nothing of ours is no reason to believe that anything was taken.
    if reasons.is_empty() {
        return Answer::AllRejected(cut(error.message));
    }
    Answer::Rejected(reasons)
}

fn cut(reason: String) -> String {
    if reason.chars().count() <= MOST_REASON {
        return reason;
    }
    reason.chars().take(MOST_REASON).collect()
}
