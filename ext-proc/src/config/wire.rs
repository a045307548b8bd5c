//! The messages of delta xDS, to and from ours.

use std::collections::HashMap;

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::config::core::v3::node::UserAgentVersionType;
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource,
};
use envoy_types::pb::google::protobuf::Any;
use envoy_types::pb::google::rpc::Status;
use tonic::Code;
use wayleave_core::experiment::report::Report;
use wayleave_core::experiment::told;
use wayleave_core::notice::{self, Notices};
use wayleave_core::resource::{REJECTED_TYPE_URL, Rejected, TYPE_URL};

use crate::config::replica::{Answer, Sent, Update};

/// What opens a stream: asks for everything, and tells what is held already.
pub(super) fn subscription(node: &str, held: HashMap<String, String>) -> DeltaDiscoveryRequest {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    DeltaDiscoveryRequest {
        node: Some(Node {
            id: node.to_owned(),
            user_agent_name: "wayleave".to_owned(),
            user_agent_version_type: Some(UserAgentVersionType::UserAgentVersion(version)),
            ..Node::default()
        }),
        type_url: TYPE_URL.to_owned(),
        resource_names_subscribe: vec!["*".to_owned()],
        initial_resource_versions: held,
        ..DeltaDiscoveryRequest::default()
    }
}

/// The answer to a message.
pub(super) fn answer(answer: &Answer) -> serde_json::Result<DeltaDiscoveryRequest> {
    let error_detail = match answer.rejected.first() {
        None => None,
        Some(first) => Some(refusal(answer, first)?),
    };
    Ok(DeltaDiscoveryRequest {
        type_url: TYPE_URL.to_owned(),
        response_nonce: answer.nonce.clone(),
        error_detail,
        ..DeltaDiscoveryRequest::default()
    })
}

fn refusal(answer: &Answer, first: &Rejected) -> serde_json::Result<Status> {
    let more = match answer.rejected.len() + answer.unnamed - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Ok(Status {
        code: Code::InvalidArgument.into(),
        message: format!("not taken: {}: {}{more}", first.name, first.reason),
        details: vec![Any {
            type_url: REJECTED_TYPE_URL.to_owned(),
            value: serde_json::to_vec(&answer.rejected)?,
        }],
    })
}

/// All notices.
pub(super) fn notices(notices: &Notices) -> serde_json::Result<DeltaDiscoveryRequest> {
    Ok(telling(notice::TYPE_URL, notice::encode(notices)?))
}

/// All experiments.
pub(super) fn experiments(reports: &[Report]) -> serde_json::Result<DeltaDiscoveryRequest> {
    Ok(telling(told::TYPE_URL, told::encode(reports)?))
}

/// The request answers nothing, so a server that does not know what it brings passes it over.
fn telling(type_url: &str, value: Vec<u8>) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        type_url: TYPE_URL.to_owned(),
        error_detail: Some(Status {
            code: Code::Ok.into(),
            message: String::new(),
            details: vec![Any {
                type_url: type_url.to_owned(),
                value,
            }],
        }),
        ..DeltaDiscoveryRequest::default()
    }
}

/// Reads a message.
///
/// # Errors
/// When it is about another type: the other is no server of ours.
pub(super) fn update(message: DeltaDiscoveryResponse) -> Result<Update, String> {
    if message.type_url != TYPE_URL {
        return Err(format!("a message is about {:.100?}", message.type_url));
    }
    Ok(Update {
        nonce: message.nonce,
        version: message.system_version_info,
        resources: message.resources.into_iter().map(sent).collect(),
        removed: message.removed_resources,
    })
}

fn sent(resource: Resource) -> Sent {
    let content = resource.resource.filter(|any| any.type_url == TYPE_URL);
    Sent {
        name: resource.name,
        version: resource.version,
        content: content.map(|any| any.value),
    }
}
