//! The kinds of Kubernetes itself that are read, as far as they matter here.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "some members are read only to be known")]
pub(super) struct SecretManifest {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    #[serde(rename = "type")]
    type_: Option<String>,
    immutable: Option<bool>,
    #[serde(default)]
    pub(super) data: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) string_data: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "some members are read only to be known")]
pub(super) struct ConfigMapManifest {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    immutable: Option<bool>,
    #[serde(default)]
    pub(super) data: BTreeMap<String, String>,
    #[serde(default)]
    binary_data: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "some members are read only to be known")]
pub(super) struct NamespaceManifest {
    api_version: String,
    kind: String,
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    #[schemars(schema_with = "anything")]
    spec: Option<serde_json::Value>,
    #[serde(default)]
    #[schemars(schema_with = "anything")]
    status: Option<serde_json::Value>,
}

fn anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({})
}
