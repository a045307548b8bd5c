//! `ProviderKey`: a provider, its credentials, and what it costs.
#![expect(unreachable_pub, reason = "KubeSchema repeats the types inside of functions")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::allowed_namespaces::AllowedNamespaces;
use crate::capability::ModelCapabilities;
use crate::certificate_authority::CertificateAuthority;
use crate::cloud::{Aws, Azure, Vertex};
use crate::condition::Status;
use crate::crd::undescribed;
use crate::number::{Decimal, ratio};
use crate::price::Price;
use crate::reference::CredentialRef;

/// A provider, its credentials, and what it costs.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "wayleave.dev",
    version = "v1alpha1",
    kind = "ProviderKey",
    doc = "A provider of models: where it is, which credentials are used there, what it costs and who may use it.",
    namespaced,
    status = "Status",
    derive = "PartialEq",
    shortname = "pkey",
    category = "wayleave",
    selectable = ".spec.provider",
    printcolumn(name = "Provider", type_ = "string", json_path = ".spec.provider"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(
    validation = Rule::new("self.provider == 'Custom' || (has(self.secretRefs) && self.secretRefs.size() > 0)")
        .message("is missing: name a Secret with an API key; only Custom may have none")
        .reason(Reason::FieldValueRequired)
        .field_path(".secretRefs"),
    validation = Rule::new("self.provider != 'Custom' || has(self.endpoint)")
        .message("is missing: Custom needs the base URL, such as http://vllm.models:8000/v1")
        .reason(Reason::FieldValueRequired)
        .field_path(".endpoint"),
    validation = Rule::new("self.provider != 'AzureOpenAI' || has(self.endpoint)")
        .message("is missing: AzureOpenAI needs the resource, such as https://my-resource.openai.azure.com")
        .reason(Reason::FieldValueRequired)
        .field_path(".endpoint"),
    validation = Rule::new("self.provider == 'AzureOpenAI' || !has(self.azure)")
        .message("is for provider: AzureOpenAI only; remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".azure"),
    validation = Rule::new("self.provider != 'Bedrock' || has(self.aws)")
        .message("is missing: Bedrock needs a region, such as aws: {region: us-east-1}")
        .reason(Reason::FieldValueRequired)
        .field_path(".aws"),
    validation = Rule::new("self.provider == 'Bedrock' || !has(self.aws)")
        .message("is for provider: Bedrock only; remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".aws"),
    validation = Rule::new("self.provider != 'VertexAI' || has(self.vertex)")
        .message("is missing: VertexAI needs a place, such as vertex: {project: my-project, location: global}")
        .reason(Reason::FieldValueRequired)
        .field_path(".vertex"),
    validation = Rule::new("self.provider == 'VertexAI' || !has(self.vertex)")
        .message("is for provider: VertexAI only; remove it")
        .reason(Reason::FieldValueForbidden)
        .field_path(".vertex"),
    validation = Rule::new("self.provider != 'Custom' || has(self.format)")
        .message("is missing: say what the Custom endpoint speaks: OpenAIChat, OpenAIResponses, AnthropicMessages or GeminiGenerate")
        .reason(Reason::FieldValueRequired)
        .field_path(".format"),
    validation = Rule::new("self.provider == 'Custom' || !has(self.format)")
        .message("is for provider: Custom only; remove it, this provider has its own")
        .reason(Reason::FieldValueForbidden)
        .field_path(".format")
)]
#[serde(rename_all = "camelCase")]
pub struct ProviderKeySpec {
    /// The vendor: OpenAI, Anthropic, Gemini, Groq, Cerebras, DeepInfra, Mistral, XAI, OpenRouter, AzureOpenAI, Bedrock,
    /// VertexAI, or Custom for any endpoint that speaks one of their formats.
    pub provider: ProviderName,
    /// Credentials, one per entry of a Secret. Several share the calls by weight, each with a health of its own. Only
    /// Custom may have none. An entry is an API key; for Bedrock it may also be an AWS credentials file or JSON with
    /// accessKeyId, secretAccessKey and sessionToken, for VertexAI the JSON key of a service account.
    #[schemars(
        length(max = 16),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name", "key"])
    )]
    #[x_kube(
        validation = Rule::new("self.size() == 0 || self.exists(entry, !has(entry.weight) || entry.weight > 0)")
            .message("has only weights of 0: give at least one credential a share")
            .reason(Reason::FieldValueForbidden)
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_refs: Vec<CredentialRef>,
    /// Base URL, as the vendor's official SDK takes it: for OpenAI formats with its `/v1`, for Anthropic without; for
    /// AzureOpenAI the resource, such as https://my-resource.openai.azure.com; for VertexAI all of it, up to
    /// `/publishers/google`. Required for Custom and AzureOpenAI; otherwise without it the vendor's own.
    // A text that may hold credentials is not repeated: Forbidden does not show the value.
    #[schemars(length(max = 2048))]
    #[x_kube(
        validation = Rule::new("!self.contains('@')")
            .message("has credentials: put them into a Secret and name it in secretRefs")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("self.contains('@') || !self.matches('[?#]')")
            .message("has a query or a fragment: write the base URL only, paths are appended to it")
            .reason(Reason::FieldValueForbidden),
        validation = Rule::new("self.matches('[?#@]') || self.matches('^(?i)https?://')")
            .message("has no scheme http or https: write one such as https://host/v1"),
        validation = Rule::new(IS_BASE_URL).message("is not a URL: write one such as https://host:8443/v1")
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What a Custom endpoint speaks: OpenAIChat, OpenAIResponses, AnthropicMessages or GeminiGenerate. The named
    /// vendors have a format of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// For AzureOpenAI: the API with deployments. Without it the newer API below `/openai/v1` is asked, which needs no
    /// version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<Azure>,
    /// For Bedrock, which needs it: where the models are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<Aws>,
    /// For VertexAI, which needs it: where the models are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertex: Option<Vertex>,
    /// Certificates to trust at this endpoint, and where tokens for it come from, instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CertificateAuthority>,
    /// What models cost here, in US dollars per million tokens. The first entry that matches a model counts; it goes
    /// before the built-in price book.
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// What is paid of the price book's prices, from 0 to 100: "0.9" is a discount of 10 %. Not applied to `prices`.
    #[x_kube(validation = ratio(
        100,
        "is not a ratio: write a decimal number from 0 to 100 with at most 6 decimals, such as 0.9"
    ))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_multiplier: Option<Decimal>,
    /// What models can do here, where the built-in knowledge is wrong or missing. The first entry that matches a model
    /// counts. A target that cannot serve a request is passed over where there is another.
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "atomic"))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<ModelCapabilities>,
    /// What the provider allows for one credential. Beyond it the next credential or target is used at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Namespaces whose routes may use this key. Without it: its own only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
}

/// Host and port as a request needs them; what other rules of the field judge passes here.
const IS_BASE_URL: &str = concat!(
    r"self.matches('[?#@]') || !self.matches('^(?i)https?://') || (",
    r"self.matches(r'^[a-zA-Z]+://([^\[\]/:\s]+|\[[0-9a-fA-F:.]+\])(:[1-9][0-9]{0,4})?(/[!-~]*)?$')",
    r" && isURL(self) && (url(self).getPort() == '' || int(url(self).getPort()) < 65536))",
);

/// A vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum ProviderName {
    /// OpenAI.
    OpenAI,
    /// Anthropic.
    Anthropic,
    /// Google Gemini.
    Gemini,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
    /// DeepInfra.
    DeepInfra,
    /// Mistral.
    Mistral,
    /// xAI.
    XAI,
    /// OpenRouter.
    OpenRouter,
    /// Azure OpenAI.
    AzureOpenAI,
    /// Amazon Bedrock.
    Bedrock,
    /// Google Vertex AI.
    VertexAI,
    /// Any endpoint that speaks one of the formats.
    Custom,
}

impl ProviderName {
    /// Every vendor.
    pub const ALL: [Self; 13] = [
        Self::OpenAI,
        Self::Anthropic,
        Self::Gemini,
        Self::Groq,
        Self::Cerebras,
        Self::DeepInfra,
        Self::Mistral,
        Self::XAI,
        Self::OpenRouter,
        Self::AzureOpenAI,
        Self::Bedrock,
        Self::VertexAI,
        Self::Custom,
    ];

    /// As it is written in a manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAI => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
            Self::Groq => "Groq",
            Self::Cerebras => "Cerebras",
            Self::DeepInfra => "DeepInfra",
            Self::Mistral => "Mistral",
            Self::XAI => "XAI",
            Self::OpenRouter => "OpenRouter",
            Self::AzureOpenAI => "AzureOpenAI",
            Self::Bedrock => "Bedrock",
            Self::VertexAI => "VertexAI",
            Self::Custom => "Custom",
        }
    }
}

/// The format of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = undescribed)]
pub enum Format {
    /// OpenAI chat completions.
    OpenAIChat,
    /// OpenAI responses.
    OpenAIResponses,
    /// Anthropic Messages.
    AnthropicMessages,
    /// Gemini `generateContent`.
    GeminiGenerate,
}

/// What a provider allows for one credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Calls started per minute. Without it: no limit.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, input and output. Without it: no limit.
    #[schemars(range(min = 1, max = 4_000_000_000_u32))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
    /// Calls at once. Without it: no limit.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}
