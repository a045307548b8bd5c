//! What models cost.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::number::{Decimal, amount};

/// What the models of a pattern cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Price {
    /// Model name, in which `*` stands for any text; upper and lower case are the same.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = Rule::new("self.trim() != ''")
            .message("is empty: write a model name, or `*` for all")
            .reason(Reason::FieldValueRequired)
    )]
    pub model: String,
    /// US dollars per million tokens of input, such as "0.05".
    #[x_kube(validation = amount())]
    pub input_per_million: Decimal,
    /// US dollars per million tokens of output, reasoning included.
    #[x_kube(validation = amount())]
    pub output_per_million: Decimal,
    /// US dollars per million tokens read from the provider's prompt cache. Without it: the price of input.
    #[x_kube(validation = amount())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_per_million: Option<Decimal>,
    /// US dollars per million tokens written to the provider's prompt cache. Without it: the price of input.
    #[x_kube(validation = amount())]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_per_million: Option<Decimal>,
}
