//! What the clouds want to know beside a URL and a credential.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How an Azure OpenAI resource is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Azure {
    /// Version of the API with deployments in the path, such as 2024-10-21: the model of a target is then the name of a
    /// deployment.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$')")
            .message("is no version of the API: write one such as 2024-10-21 or 2025-04-01-preview")
    )]
    pub api_version: String,
}

/// Where in AWS the models are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Aws {
    /// Region, such as us-east-1. Requests are signed for it.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]+(-[a-z]+)+-[0-9]+$')")
            .message("is no region: write one such as us-east-1")
    )]
    pub region: String,
}

/// Where in Google Cloud the models are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vertex {
    /// Project: its id or its number.
    #[schemars(length(max = 64))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][a-z0-9.:-]*[a-z0-9]$')")
            .message("is no project: write its id, such as my-project-123456, or its number")
    )]
    pub project: String,
    /// Location, such as us-central1, or global.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]+(-[a-z]+)*[0-9]*$')")
            .message("is no location: write one such as us-central1, or global")
    )]
    pub location: String,
}
