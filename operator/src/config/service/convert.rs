//! Envoy's messages ↔ ours.

use std::collections::BTreeMap;

use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource,
};
use envoy_types::pb::google::protobuf::Any;
use envoy_types::pb::google::rpc;
use tonic::Status;
use wayleave_core::experiment::report::Report;
use wayleave_core::experiment::told;
use wayleave_core::notice::{self, Notices};
use wayleave_core::resource::{REJECTED_TYPE_URL, Rejected, ResourceName, TYPE_URL};

use crate::config::bundle::{Version, Versioned};
use crate::config::session::{Answer, Message};

/// The longest reason that is kept of a data plane's answer.
const MOST_REASON: usize = 1_024;

pub(super) fn response(message: Message) -> DeltaDiscoveryResponse {
    let resources = message.resources.into_iter().map(|(name, resource)| {
        let Versioned { version, bytes, .. } = resource;
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

/// The notices that a request brings which answers no message; `None`: it brings none.
pub(super) fn notices(request: &DeltaDiscoveryRequest) -> Option<Notices> {
    let mut details = request.error_detail.iter().flat_map(|detail| &detail.details);
    let told = details.find(|detail| detail.type_url == notice::TYPE_URL)?;
    notice::decode(&told.value).ok()
}

/// The experiments that such a request brings.
pub(super) fn experiments(request: &DeltaDiscoveryRequest) -> Option<Vec<Report>> {
    let mut details = request.error_detail.iter().flat_map(|detail| &detail.details);
    let told = details.find(|detail| detail.type_url == told::TYPE_URL)?;
    told::decode(&told.value).ok()
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bytes::Bytes;
    use wayleave_core::resource::ResourceKind;
    use wayleave_core::snapshot::ObjectName;

    use super::*;
    use crate::config::bundle::Rank;

    fn name(object: &str) -> ResourceName {
        ResourceName::new(ResourceKind::Route, ObjectName::new("a", object))
    }

    fn details(type_url: &str, content: &[u8]) -> Any {
        Any {
            type_url: type_url.to_owned(),
            value: content.to_vec(),
        }
    }

    /// What is understood of an error with this text and these details.
    fn rejected(message: &str, details: Vec<Any>) -> Answer {
        let request = DeltaDiscoveryRequest {
            response_nonce: "7".to_owned(),
            error_detail: Some(rpc::Status {
                code: 3,
                message: message.to_owned(),
                details,
            }),
            ..DeltaDiscoveryRequest::default()
        };
        let (nonce, answer) = answer(request).expect("is an answer");
        assert_eq!(nonce, 7);
        answer
    }

    #[test]
    fn a_message_names_its_resources_and_says_whether_it_completes() {
        let resource = Versioned {
            version: Version::told("v"),
            bytes: Bytes::from_static(b"content"),
            rank: Rank::Replaces,
        };
        let message = |complete| Message {
            nonce: 7,
            resources: vec![(name("it"), resource.clone())],
            removed: vec![name("gone")],
            complete,
        };
        let sent = response(message(true));
        assert_eq!((&*sent.nonce, &*sent.type_url), ("7", TYPE_URL));
        assert_eq!(sent.removed_resources, ["route/a/gone"]);
        let [it] = &sent.resources[..] else {
            panic!("{sent:?}")
        };
        assert_eq!((&*it.name, &*it.version), ("route/a/it", "v"));
        assert_eq!(it.resource, Some(details(TYPE_URL, b"content")));
        assert!(!sent.system_version_info.is_empty());
        assert_eq!(response(message(false)).system_version_info, "");
    }

    #[test]
    fn names_that_mean_nothing_here_are_passed_over() {
        let told = [
            ("route/a/it", "1"),
            ("listener/a/it", "2"),
            ("", "3"),
            ("route/it", "4"),
        ];
        let told = told.map(|(name, version)| (name.to_owned(), version.to_owned()));
        let request = DeltaDiscoveryRequest {
            initial_resource_versions: HashMap::from(told),
            ..DeltaDiscoveryRequest::default()
        };
        assert_eq!(has(request), BTreeMap::from([(name("it"), Version::told("1"))]));
    }

    #[test]
    fn an_answer_is_of_a_message() {
        let of = |nonce: &str| {
            answer(DeltaDiscoveryRequest {
                response_nonce: nonce.to_owned(),
                ..DeltaDiscoveryRequest::default()
            })
        };
        assert!(matches!(of("7"), Ok((7, Answer::Taken))));
        for bad in ["", "seven", "-1", "99999999999999999999"] {
            assert_eq!(
                of(bad).expect_err("is none").code(),
                tonic::Code::InvalidArgument,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_list_of_what_was_rejected_is_read() {
        let long = "ü".repeat(MOST_REASON + 1);
        let list = serde_json::json!([
            {"name": "route/a/it", "reason": "no"},
            {"name": "nonsense", "reason": "no"},
            {"name": "route/a/long", "reason": long},
        ]);
        let list = serde_json::to_vec(&list).expect("serialises");
        let details = vec![details("another", b"[]"), details(REJECTED_TYPE_URL, &list)];
        let Answer::Rejected(reasons) = rejected("2 of 3", details) else {
            panic!("not all were rejected")
        };
        assert_eq!(reasons.len(), 2);
        assert_eq!(reasons[&name("it")], "no");
        assert_eq!(reasons[&name("long")].chars().count(), MOST_REASON);
    }

    #[test]
    fn experiments_come_with_what_answers_nothing() {
        let of = |type_url: &str, bytes: &[u8]| {
            experiments(&DeltaDiscoveryRequest {
                error_detail: Some(rpc::Status {
                    details: vec![details(type_url, bytes)],
                    ..rpc::Status::default()
                }),
                ..DeltaDiscoveryRequest::default()
            })
        };
        assert_eq!(of(told::TYPE_URL, b"[]"), Some(vec![]));
        assert_eq!(of(told::TYPE_URL, b"?"), None);
        assert_eq!(of(notice::TYPE_URL, b"[]"), None);
        assert_eq!(experiments(&DeltaDiscoveryRequest::default()), None);
    }

    #[test]
    fn notices_come_with_what_answers_nothing() {
        let of = |details: Vec<Any>| {
            notices(&DeltaDiscoveryRequest {
                error_detail: Some(rpc::Status {
                    details,
                    ..rpc::Status::default()
                }),
                ..DeltaDiscoveryRequest::default()
            })
        };
        let told = Notices::from([(name("it"), notice::Notice::NoVectorSearch)]);
        let bytes = notice::encode(&told).expect("serialises");
        assert_eq!(
            of(vec![details("another", b"[]"), details(notice::TYPE_URL, &bytes)]),
            Some(told)
        );
        assert_eq!(of(vec![details(notice::TYPE_URL, b"[]")]), Some(Notices::new()));
        for none in [
            vec![],
            vec![details("another", b"[]")],
            vec![details(notice::TYPE_URL, b"?")],
        ] {
            assert_eq!(of(none), None);
        }
        assert_eq!(notices(&DeltaDiscoveryRequest::default()), None);
    }

    #[test]
    fn an_error_without_a_list_rejects_everything() {
        let nonsense = serde_json::to_vec(&serde_json::json!([{"name": "nonsense", "reason": "no"}]));
        let nonsense = nonsense.expect("serialises");
        for details in [
            vec![],
            vec![details("another", b"[]")],
            vec![details(REJECTED_TYPE_URL, b"no list")],
            vec![details(REJECTED_TYPE_URL, b"[]")],
            vec![details(REJECTED_TYPE_URL, &nonsense)],
        ] {
            let answer = rejected("disk is full", details);
            assert!(
                matches!(&answer, Answer::AllRejected(why) if why == "disk is full"),
                "{answer:?}"
            );
        }
    }
}
