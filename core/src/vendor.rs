//! The vendor table: what differs between providers, as data. No code anywhere asks for a vendor by name.

use serde::{Deserialize, Serialize};

use crate::chat::proof::Origin;
use crate::format::WireFormat;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Vendor {
    /// As `ProviderKey.spec.provider` spells it.
    pub name: &'static str,
    /// The OpenTelemetry `gen_ai.provider.name`.
    pub otel_name: &'static str,
    /// Base URL as the vendor's SDK takes it; `None`: the user has to say.
    pub url: Option<&'static str>,
    /// The format that its chat endpoint speaks.
    pub format: WireFormat,
    /// What else it serves below the same base URL, and where: such clients are served in their own format.
    pub also: &'static [(WireFormat, &'static str)],
    /// The header that carries the credential.
    pub auth: Auth,
    /// The vendor's name in the price book; `None`: not in it.
    pub prices: Option<&'static str>,
    /// What aborting a call does to its bill.
    pub abort: AbortBilling,
    /// Where its format leaves room.
    pub quirks: Quirks,
}

/// The header that carries a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// `NAME: KEY`.
    Header(&'static str),
    /// A signature of the request (AWS `SigV4`), or a bearer token where the credential is a Bedrock API key.
    AwsSignature,
    /// A token for a Google service account, or `x-goog-api-key` where the credential is an API key.
    GoogleToken,
}

/// What aborting a call does to its bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AbortBilling {
    /// Generation stops, and so does the bill.
    Stops,
    /// The same for a stream; a call that is not streamed is billed to its end.
    StopsStreams,
    /// Billed as if read to the end (or not known to stop): draining costs nothing more and tells the usage.
    RunsOn,
}

/// Deviations inside a wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quirks {
    /// How a stream comes to tell usage.
    pub stream_usage: StreamUsage,
    /// The member that bounds the output.
    pub max_tokens: MaxTokensMember,
    /// Whether the output count includes reasoning.
    pub reasoning: ReasoningCount,
    /// The role of instructions that newer OpenAI models call `developer`.
    pub developer_role: DeveloperRole,
    /// Which tool call ids it takes.
    pub tool_ids: ToolIds,
    /// Who can read the proofs of reasoning that it gives; `None`: whoever made the format.
    pub proofs: Option<Origin>,
    /// What it takes back of reasoning in the OpenAI format.
    pub reasoning_back: ReasoningBack,
    /// Whether parts in the OpenAI format may mark what is to be cached.
    pub cache_marks: CacheMarks,
}

/// What becomes of the reasoning of earlier turns in the OpenAI format, which has no place for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReasoningBack {
    /// It is not sent, and not passed where another provider made it: most refuse members that they do not know.
    Dropped,
    /// It is not known: nothing is sent that the client did not write so itself.
    Passed,
    /// What is proved is sent as `reasoning_details`, whoever made it (OpenRouter).
    Details,
}

/// What becomes of `cache_control` in the OpenAI format, which does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CacheMarks {
    /// It is not sent.
    Dropped,
    /// Known on parts of text (OpenRouter).
    OnText,
}

/// How a stream of the OpenAI format comes to tell usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamUsage {
    /// Only if `stream_options.include_usage` is sent.
    OnRequest,
    /// Always; some of these refuse the option.
    Always,
}

/// The member of the OpenAI format that bounds the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MaxTokensMember {
    /// `max_tokens`, which all compatible servers know.
    MaxTokens,
    /// `max_completion_tokens`: newer OpenAI models refuse the other.
    MaxCompletionTokens,
}

/// Whether `completion_tokens` includes reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReasoningCount {
    /// It does (OpenAI, Groq, Cerebras, OpenRouter; all of 340 recorded).
    Included,
    /// It does not (xAI; 45 of 45 recorded): it is added.
    Beside,
}

/// What becomes of the role `developer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeveloperRole {
    /// Known.
    Known,
    /// Sent as `system`.
    AsSystem,
}

/// Which tool call ids a provider takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolIds {
    /// Any text.
    Opaque,
    /// Exactly nine letters and digits (Mistral's documents).
    NineAlphanumerics,
}

const PLAIN: Quirks = Quirks {
    stream_usage: StreamUsage::OnRequest,
    max_tokens: MaxTokensMember::MaxTokens,
    reasoning: ReasoningCount::Included,
    developer_role: DeveloperRole::AsSystem,
    tool_ids: ToolIds::Opaque,
    proofs: None,
    reasoning_back: ReasoningBack::Dropped,
    cache_marks: CacheMarks::Dropped,
};

/// What servers of OpenAI's chat format have beside it.
const OPENAI: &[(WireFormat, &str)] = &[(WireFormat::OpenAIEmbeddings, "/embeddings")];
/// And with the older API.
const OPENAI_LEGACY: &[(WireFormat, &str)] = &[
    (WireFormat::OpenAIEmbeddings, "/embeddings"),
    (WireFormat::OpenAICompletions, "/completions"),
];
/// And with responses.
const OPENAI_RESPONSES: &[(WireFormat, &str)] = &[
    (WireFormat::OpenAIEmbeddings, "/embeddings"),
    (WireFormat::OpenAIResponses, "/responses"),
];
/// All of it.
const OPENAI_ALL: &[(WireFormat, &str)] = &[
    (WireFormat::OpenAIEmbeddings, "/embeddings"),
    (WireFormat::OpenAICompletions, "/completions"),
    (WireFormat::OpenAIResponses, "/responses"),
];

/// The table. Whether aborting stops the bill follows OpenRouter's list of providers with stream cancellation
/// (openrouter.ai/docs/api-reference/streaming); where that list is silent the dearer assumption stands.
pub const VENDORS: &[Vendor] = &[
    Vendor {
        name: "OpenAI",
        otel_name: "openai",
        url: Some("https://api.openai.com/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_ALL,
        auth: Auth::Bearer,
        prices: Some("openai"),
        abort: AbortBilling::StopsStreams,
        quirks: Quirks {
            max_tokens: MaxTokensMember::MaxCompletionTokens,
            developer_role: DeveloperRole::Known,
            ..PLAIN
        },
    },
    Vendor {
        name: "Anthropic",
        otel_name: "anthropic",
        url: Some("https://api.anthropic.com"),
        format: WireFormat::AnthropicMessages,
        also: &[(WireFormat::AnthropicTokens, "/v1/messages/count_tokens")],
        auth: Auth::Header("x-api-key"),
        prices: Some("anthropic"),
        abort: AbortBilling::StopsStreams,
        quirks: PLAIN,
    },
    Vendor {
        name: "Gemini",
        otel_name: "gcp.gemini",
        url: Some("https://generativelanguage.googleapis.com/v1beta"),
        format: WireFormat::GeminiGenerate,
        // Google's own, in OpenAI's format.
        also: &[(WireFormat::OpenAIEmbeddings, "/openai/embeddings")],
        auth: Auth::Header("x-goog-api-key"),
        prices: Some("google"),
        abort: AbortBilling::RunsOn,
        quirks: PLAIN,
    },
    Vendor {
        name: "Groq",
        otel_name: "groq",
        url: Some("https://api.groq.com/openai/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_RESPONSES,
        auth: Auth::Bearer,
        prices: Some("groq"),
        abort: AbortBilling::RunsOn,
        quirks: PLAIN,
    },
    Vendor {
        name: "Cerebras",
        otel_name: "cerebras",
        url: Some("https://api.cerebras.ai/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_LEGACY,
        auth: Auth::Bearer,
        prices: Some("cerebras"),
        abort: AbortBilling::RunsOn,
        quirks: Quirks {
            stream_usage: StreamUsage::Always,
            ..PLAIN
        },
    },
    Vendor {
        name: "DeepInfra",
        otel_name: "deepinfra",
        url: Some("https://api.deepinfra.com/v1/openai"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_LEGACY,
        auth: Auth::Bearer,
        prices: None,
        abort: AbortBilling::StopsStreams,
        quirks: PLAIN,
    },
    Vendor {
        name: "Mistral",
        otel_name: "mistral_ai",
        url: Some("https://api.mistral.ai/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI,
        auth: Auth::Bearer,
        prices: Some("mistral"),
        abort: AbortBilling::RunsOn,
        quirks: Quirks {
            stream_usage: StreamUsage::Always,
            tool_ids: ToolIds::NineAlphanumerics,
            ..PLAIN
        },
    },
    Vendor {
        name: "XAI",
        otel_name: "x_ai",
        url: Some("https://api.x.ai/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_RESPONSES,
        auth: Auth::Bearer,
        prices: Some("x-ai"),
        abort: AbortBilling::StopsStreams,
        quirks: Quirks {
            reasoning: ReasoningCount::Beside,
            proofs: Some(Origin::XAI),
            ..PLAIN
        },
    },
    Vendor {
        name: "OpenRouter",
        otel_name: "openrouter",
        url: Some("https://openrouter.ai/api/v1"),
        format: WireFormat::OpenAIChat,
        also: OPENAI_RESPONSES,
        auth: Auth::Bearer,
        prices: Some("openrouter"),
        abort: AbortBilling::RunsOn,
        quirks: Quirks {
            stream_usage: StreamUsage::Always,
            reasoning_back: ReasoningBack::Details,
            cache_marks: CacheMarks::OnText,
            ..PLAIN
        },
    },
    Vendor {
        name: "AzureOpenAI",
        otel_name: "azure.ai.openai",
        url: None,
        format: WireFormat::OpenAIChat,
        also: OPENAI_LEGACY,
        auth: Auth::Header("api-key"),
        prices: Some("azure"),
        abort: AbortBilling::StopsStreams,
        quirks: Quirks {
            max_tokens: MaxTokensMember::MaxCompletionTokens,
            developer_role: DeveloperRole::Known,
            ..PLAIN
        },
    },
    Vendor {
        name: "Bedrock",
        otel_name: "aws.bedrock",
        url: None,
        format: WireFormat::BedrockConverse,
        also: &[],
        auth: Auth::AwsSignature,
        prices: Some("aws"),
        abort: AbortBilling::RunsOn,
        quirks: Quirks {
            proofs: Some(Origin::Anthropic),
            ..PLAIN
        },
    },
    Vendor {
        name: "VertexAI",
        otel_name: "gcp.vertex_ai",
        url: None,
        format: WireFormat::GeminiGenerate,
        also: &[],
        auth: Auth::GoogleToken,
        prices: Some("google"),
        abort: AbortBilling::RunsOn,
        quirks: PLAIN,
    },
    Vendor {
        name: "Custom",
        otel_name: "custom",
        url: None,
        format: WireFormat::OpenAIChat,
        also: OPENAI_LEGACY,
        auth: Auth::Bearer,
        prices: None,
        abort: AbortBilling::Stops,
        quirks: Quirks {
            reasoning_back: ReasoningBack::Passed,
            ..PLAIN
        },
    },
];

impl Vendor {
    /// The row with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        VENDORS.iter().find(|vendor| vendor.name == name)
    }

    /// The first row that speaks a format: whoever made it, where they have a row.
    pub fn of(format: WireFormat) -> Option<&'static Self> {
        VENDORS.iter().find(|vendor| vendor.format == format)
    }

    /// This vendor with an endpoint of another format. The credential then goes where the SDK of the format's first
    /// vendor puts it.
    #[must_use]
    pub fn speaking(self, format: WireFormat) -> Self {
        if format == self.format {
            return self;
        }
        let first = Self::of(format);
        let auth = first.map_or(self.auth, |vendor| vendor.auth);
        let also = first.map_or(self.also, |vendor| vendor.also);
        Self {
            format,
            also,
            auth,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let names: BTreeSet<_> = VENDORS.iter().map(|vendor| vendor.name).collect();
        assert_eq!(names.len(), VENDORS.len());
        for vendor in VENDORS {
            assert_eq!(Vendor::named(vendor.name), Some(vendor));
        }
        assert_eq!(Vendor::named("Acme"), None);
    }
}
