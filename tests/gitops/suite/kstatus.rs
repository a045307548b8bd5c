//! How Flux, kpt and others see an object: kstatus.

use serde_json::Value;

/// What kstatus says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kstatus {
    /// It is as it should be.
    Current,
    /// It is worth waiting.
    InProgress,
    /// It is not.
    Failed,
    /// It is being deleted.
    Terminating,
}

impl Kstatus {
    /// The rules of sigs.k8s.io/cli-utils, `pkg/kstatus/status` (`generic.go`, then the check of `Ready` in `core.go`),
    /// in their order, as they apply to kinds that it does not know.
    pub(super) fn of(object: &Value) -> Self {
        if object["metadata"]["deletionTimestamp"].is_string() {
            return Self::Terminating;
        }
        let observed = &object["status"]["observedGeneration"];
        if observed.is_number() && *observed != object["metadata"]["generation"] {
            return Self::InProgress;
        }
        let conditions = object["status"]["conditions"].as_array();
        let all = || conditions.into_iter().flatten();
        for condition in all().filter(|condition| condition["status"] == "True") {
            match condition["type"].as_str() {
                Some("Reconciling") => return Self::InProgress,
                Some("Stalled") => return Self::Failed,
                _ => {}
            }
        }
        match all().find(|condition| condition["type"] == "Ready") {
            Some(ready) if ready["status"] != "True" => Self::InProgress,
            // Also of an object of which nothing was said yet.
            _ => Self::Current,
        }
    }
}
