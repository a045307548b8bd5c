//! How clients ask.

use serde_json::{Value, json};
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_tests::Format;

use crate::recordings::api::{Api, Frames};

/// How a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) api: Api,
    pub(super) frames: Frames,
}

/// The clients that answers of every chat are translated for.
pub(super) const CHATS: [View; 4] = [
    View::new(Api::OpenAIChat, Frames::Whole),
    View::new(Api::OpenAIChat, Frames::Sse),
    View::new(Api::AnthropicMessages, Frames::Whole),
    View::new(Api::AnthropicMessages, Frames::Sse),
];

impl View {
    const fn new(api: Api, frames: Frames) -> Self {
        Self { api, frames }
    }

    pub(super) fn name(self) -> String {
        let api = match self.api {
            Api::OpenAIChat => "chat",
            Api::OpenAIResponses => "responses",
            Api::OpenAICompletions => "completions",
            Api::OpenAIEmbeddings => "embeddings",
            Api::AnthropicMessages => "messages",
            Api::GeminiGenerate => "gemini",
            Api::BedrockConverse => "converse",
        };
        let frames = match self.frames {
            Frames::Whole => "",
            Frames::Sse | Frames::EventStream => "-stream",
            Frames::JsonArray => "-array",
        };
        format!("{api}{frames}")
    }

    pub(super) fn is_stream(self) -> bool {
        self.frames != Frames::Whole
    }

    pub(super) fn format(self) -> WireFormat {
        self.api.format()
    }

    pub(super) fn framing(self) -> Framing {
        match self.frames {
            Frames::Whole => Framing::Whole,
            Frames::Sse => Framing::Sse,
            Frames::JsonArray => Framing::JsonArray,
            Frames::EventStream => Framing::EventStream,
        }
    }

    /// Whose headers its SDK sends.
    pub(super) fn headers(self) -> Format {
        if self.api == Api::AnthropicMessages {
            Format::Anthropic
        } else {
            Format::OpenAi
        }
    }

    /// Where a model is asked.
    pub(super) fn path(self, model: &str) -> String {
        let endpoint = match (self.api, self.frames) {
            (Api::OpenAIChat, _) => Endpoint::ChatCompletions,
            (Api::OpenAIResponses, _) => Endpoint::Responses,
            (Api::OpenAICompletions, _) => Endpoint::Completions,
            (Api::OpenAIEmbeddings, _) => Endpoint::Embeddings,
            (Api::AnthropicMessages, _) => Endpoint::Messages,
            (Api::GeminiGenerate, Frames::Whole) => Endpoint::GenerateContent,
            (Api::GeminiGenerate, _) => Endpoint::StreamGenerateContent,
            (Api::BedrockConverse, _) => panic!("no client speaks Converse"),
        };
        let query = if self.api == Api::GeminiGenerate && self.frames == Frames::Sse {
            "?alt=sse"
        } else {
            ""
        };
        format!("{}{query}", endpoint.path(model))
    }

    /// The smallest request. It asks for usage.
    pub(super) fn smallest(self, model: &str) -> Value {
        let stream = self.is_stream();
        let mut request = match self.api {
            Api::OpenAIChat => return Format::OpenAi.request(model, stream),
            Api::AnthropicMessages => return Format::Anthropic.request(model, stream),
            Api::OpenAIResponses => json!({"model": model, "input": "Hello there", "stream": stream}),
            Api::OpenAICompletions => json!({"model": model, "prompt": "Hello there", "stream": stream}),
            Api::OpenAIEmbeddings => json!({"model": model, "input": "Hello there"}),
            Api::GeminiGenerate => {
                json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]})
            }
            Api::BedrockConverse => panic!("no client speaks Converse"),
        };
        if self.api == Api::OpenAICompletions && stream {
            request["stream_options"] = json!({"include_usage": true});
        }
        request
    }
}
