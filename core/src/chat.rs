//! A chat request in no vendor's words. Each wire format is read into it and written from it, so that N formats need
//! 2N translations. Text borrows from the client's body.
//!
//! Serialised it holds what an answer depends on, and nothing else: that is what a cache's keys are made of.

pub mod proof;
pub mod reasoning;
pub mod tool_id;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use self::proof::Proof;
use self::reasoning::Reasoning;

/// A chat request. `None` is the provider's default.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Request<'a> {
    /// Instructions and conversation, oldest first.
    pub turns: Vec<Turn<'a>>,
    /// The functions that the model may call.
    pub tools: Vec<Tool<'a>>,
    /// Whether it has to.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// The most output tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<Cow<'a, str>>,
    /// What the answer's text has to be.
    pub answer: Answer<'a>,
    /// How much to think.
    pub reasoning: Option<Reasoning>,
    /// An opaque id of the end user.
    #[serde(skip)]
    pub user: Option<Cow<'a, str>>,
    /// The speed class.
    #[serde(skip)]
    pub service_tier: Option<ServiceTier>,
    /// What OpenAI's formats share beyond that.
    pub openai: OpenAiMembers<'a>,
    /// Whether to stream.
    #[serde(skip)]
    pub stream: bool,
    /// What the client's format said that this model has no place for.
    #[serde(skip)]
    pub dropped: Dropped,
}

/// Members of a request that OpenAI's formats share and no other has. Each is sent as it came.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OpenAiMembers<'a> {
    /// `metadata`: up to 16 pairs of text.
    #[serde(skip)]
    pub metadata: Option<&'a RawValue>,
    /// How much to say: `low`, `medium`, `high`.
    pub verbosity: Option<Cow<'a, str>>,
    /// What the provider's prompt cache goes by.
    #[serde(skip)]
    pub prompt_cache_key: Option<Cow<'a, str>>,
    /// How long it keeps a prompt.
    #[serde(skip)]
    pub prompt_cache_retention: Option<Cow<'a, str>>,
    /// An opaque id of the end user, for abuse.
    #[serde(skip)]
    pub safety_identifier: Option<Cow<'a, str>>,
    /// Whether the provider is to keep the answer.
    #[serde(skip)]
    pub store: Option<bool>,
}

/// One side's turn.
#[derive(Clone, Debug, Serialize)]
pub struct Turn<'a> {
    /// Whose.
    pub role: Role,
    /// What it says.
    pub parts: Vec<Part<'a>>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Role {
    /// Instructions of the application.
    System,
    /// The same, as newer OpenAI models call it.
    Developer,
    /// The user, and tools.
    User,
    /// The model.
    Assistant,
}

/// A piece of a turn.
#[derive(Clone, Debug, Serialize)]
pub struct Part<'a> {
    /// What it is.
    pub content: Content<'a>,
    /// Whether the prompt up to here is to be cached.
    #[serde(skip)]
    pub cache: Option<CacheControl<'a>>,
}

/// The end of a cached prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheControl<'a> {
    /// `5m` or `1h`; `None`: the provider's default.
    pub ttl: Option<Cow<'a, str>>,
}

/// What a part is.
#[derive(Clone, Debug, Serialize)]
pub enum Content<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A picture.
    Image(Image<'a>),
    /// A file to read.
    Document(Document<'a>),
    /// A sound.
    Audio {
        /// Base64.
        data: Cow<'a, str>,
        /// `wav` or `mp3`.
        format: Cow<'a, str>,
    },
    /// Reasoning of an earlier answer. Where its text is empty, its proof is of what follows: the next tool call of the
    /// turn, else the text before it (Gemini).
    Reasoning {
        /// What was shown of it.
        text: Cow<'a, str>,
        /// What proves it to its provider.
        proof: Option<Proof<'a>>,
    },
    /// Reasoning of an earlier answer, encrypted.
    RedactedReasoning(Proof<'a>),
    /// An earlier answer that declined.
    Refusal(Cow<'a, str>),
    /// An earlier call of a tool.
    ToolCall(ToolCall<'a>),
    /// What a tool returned.
    ToolResult(ToolResult<'a>),
}

/// Where the bytes of an image or a file are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Source<'a> {
    /// To be fetched by the provider.
    Url(Cow<'a, str>),
    /// In the request.
    Base64 {
        /// `image/png`, `application/pdf`.
        media_type: Cow<'a, str>,
        /// The bytes.
        data: Cow<'a, str>,
    },
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image<'a> {
    /// Its bytes.
    pub source: Source<'a>,
    /// How closely to look (`low`, `high`; OpenAI only).
    pub detail: Option<Cow<'a, str>>,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document<'a> {
    /// Its bytes.
    pub source: Source<'a>,
    /// Its title or file name.
    pub name: Option<Cow<'a, str>>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolCall<'a> {
    /// What its result refers to. Opaque.
    pub id: Cow<'a, str>,
    /// The tool.
    pub name: Cow<'a, str>,
    /// A JSON object as text.
    pub arguments: Cow<'a, str>,
}

/// What a tool returned.
#[derive(Clone, Debug, Serialize)]
pub struct ToolResult<'a> {
    /// The call that it answers.
    pub id: Cow<'a, str>,
    /// Text, images and documents.
    pub parts: Vec<Content<'a>>,
    /// Whether the tool failed.
    pub is_error: bool,
}

/// A function that the model may call.
#[derive(Clone, Debug, Serialize)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it is good for.
    pub description: Option<Cow<'a, str>>,
    /// The JSON schema of its arguments; `None`: it takes none.
    pub schema: Option<&'a RawValue>,
    /// Whether the provider has to hold the model to the schema.
    pub strict: bool,
    /// Whether the prompt up to here is to be cached.
    #[serde(skip)]
    pub cache: Option<CacheControl<'a>>,
}

/// Whether the model has to call a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ToolChoice<'a> {
    /// As it likes.
    Auto,
    /// It must not.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(Cow<'a, str>),
}

/// How tokens are drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Sampling {
    /// 0 to 2 at OpenAI, 0 to 1 at Anthropic.
    pub temperature: Option<f64>,
    /// The share of probability to draw from.
    pub top_p: Option<f64>,
    /// The number of tokens to draw from.
    pub top_k: Option<u64>,
    /// To draw the same again.
    pub seed: Option<i64>,
    /// How many answers.
    pub n: Option<u64>,
    /// -2 to 2, against repetition by count.
    pub frequency_penalty: Option<f64>,
    /// -2 to 2, against any repetition.
    pub presence_penalty: Option<f64>,
    /// Whether to tell the probabilities of the tokens drawn.
    pub logprobs: Option<bool>,
    /// And of how many others.
    pub top_logprobs: Option<u64>,
}

/// What the answer's text has to be.
#[derive(Clone, Debug, Default, Serialize)]
pub enum Answer<'a> {
    /// Any text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema(JsonSchema<'a>),
}

/// A schema for the answer.
#[derive(Clone, Debug, Serialize)]
pub struct JsonSchema<'a> {
    /// OpenAI wants one.
    pub name: Option<Cow<'a, str>>,
    /// What it is for.
    pub description: Option<Cow<'a, str>>,
    /// The schema.
    pub schema: &'a RawValue,
    /// Whether the provider has to hold the model to it (Anthropic always does).
    pub strict: bool,
}

/// The speed classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ServiceTier {
    /// The best that the account has.
    Auto,
    /// Standard only.
    Standard,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
}

impl<'a> Part<'a> {
    /// A part that marks no cache.
    pub const fn plain(content: Content<'a>) -> Self {
        Self { content, cache: None }
    }
}

/// The most entries of [`Dropped`], and the longest of them in characters: unknown members have any number of any
/// names.
const MOST_DROPPED: usize = 32;
const LONGEST_DROPPED: usize = 64;

/// What a request said that did not get through translation: members, or what they meant, each once, at most 32.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped(Vec<Cow<'static, str>>);

impl Dropped {
    /// Notes what is not sent.
    pub fn note(&mut self, what: impl Into<Cow<'static, str>>) {
        let mut what = what.into();
        if let Some((cut, _)) = what.char_indices().nth(LONGEST_DROPPED) {
            what.to_mut().truncate(cut);
        }
        if self.0.len() < MOST_DROPPED && !self.0.contains(&what) {
            self.0.push(what);
        }
    }

    /// In the order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether all got through.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
