//! What models can do.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::crd::undescribed;

/// What the models of a pattern can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelCapabilities {
    /// Model name, in which `*` stands for any text; upper and lower case are the same.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = Rule::new("self.trim() != ''")
            .message("is empty: write a model name, or `*` for all")
            .reason(Reason::FieldValueRequired)
    )]
    pub model: String,
    /// The most tokens of input that a request may have. Without it: as the price book says, else no limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    /// What the models cannot do: Images (also sounds and files), Tools, JSONSchema. Without it: nothing.
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "set"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<Capability>,
}

/// Something that not every model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Capability {
    /// Reads images, sounds and files.
    Images,
    /// Calls tools.
    Tools,
    /// Answers by a JSON schema.
    JSONSchema,
}
