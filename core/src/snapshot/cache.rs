//! One `CachePolicy`: which answers are kept, for whom, where and how long.

mod redis;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::redis::{BadKey, BadRedis, BadUrl};

use super::ObjectName;
use crate::endpoint::Endpoint;
use crate::price::Ratio;
use crate::secret::Secret;

/// One `CachePolicy`.
#[derive(Clone, Debug, Serialize)]
pub struct Cache {
    /// The object it comes from.
    pub name: ObjectName,
    /// The routes that it has: those that it names, exist, and have no older policy. Each stands with one policy at most.
    pub routes: Vec<ObjectName>,
    /// What it says, or why it cannot be used: its routes are then served without a cache.
    pub rules: CacheState,
}

/// What a policy says, or why it cannot be used.
#[derive(Clone, Debug, Serialize)]
pub enum CacheState {
    /// Usable.
    Ready(Arc<CacheRules>),
    /// Broken, with the reason.
    Broken(String),
}

/// What a `CachePolicy` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheRules {
    /// How old an answer may be that is served.
    pub ttl: Duration,
    /// Who shares answers.
    pub partition: Partition,
    /// What of a request tells answers apart, beside what always does.
    pub key: KeyParts,
    /// The client formats whose calls are looked up and kept.
    pub methods: BTreeSet<Method>,
    /// The most bytes of an answer that is kept.
    pub max_entry_bytes: usize,
    /// A request that states a temperature above this is looked up and kept only where it asks for that.
    pub max_temperature: Ratio,
    /// Whether answers that call tools are kept.
    pub tool_calls: ToolCalls,
    /// Where answers are kept.
    pub store: Store,
    /// Whether similar requests count as equal.
    pub semantic: Option<Semantic>,
}

/// Who shares answers: a hard part of every key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Partition {
    /// Each credential has its own; a call without one has none.
    Credential,
    /// Each value of this header has its own; a call without it has none. In lower case. Whoever sets it is trusted.
    Header(Arc<str>),
    /// All clients of the route.
    Route,
}

/// What of a request tells answers apart, beside what always does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyParts {
    /// Headers, in lower case, and members of the body that are otherwise left out (`user`, `metadata`).
    pub include: Vec<KeyPart>,
    /// Members of the body that make no difference.
    pub exclude: Vec<Arc<str>>,
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyPart {
    /// A header, in lower case.
    Header(Arc<str>),
    /// A member at the top of the body.
    Member(Arc<str>),
}

/// A client format whose answers are cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Method {
    /// OpenAI chat completions.
    Chat,
    /// OpenAI completions.
    Completions,
    /// OpenAI responses.
    Responses,
    /// Anthropic messages.
    Messages,
    /// Gemini generateContent.
    Generate,
    /// OpenAI embeddings.
    Embeddings,
}

impl Method {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Generate,
        Self::Embeddings,
    ];

    /// What a call at an endpoint counts as; `None`: its answers are never kept.
    pub const fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::ChatCompletions => Some(Self::Chat),
            Endpoint::Completions => Some(Self::Completions),
            Endpoint::Responses => Some(Self::Responses),
            Endpoint::Messages => Some(Self::Messages),
            Endpoint::GenerateContent | Endpoint::StreamGenerateContent => Some(Self::Generate),
            Endpoint::Embeddings => Some(Self::Embeddings),
            Endpoint::CountTokens | Endpoint::Models | Endpoint::Feedback => None,
        }
    }
}

/// Whether answers that call tools are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToolCalls {
    /// Never.
    #[default]
    Skip,
    /// Like any other.
    Keep,
}

/// Where answers are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Store {
    /// In the memory of each data plane.
    Memory {
        /// The most bytes that it takes.
        max_bytes: u64,
    },
    /// In Redis or Valkey, shared by all data planes.
    Redis(Arc<RedisStore>),
}

/// A Redis or Valkey server, or a cluster of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RedisStore {
    /// `redis://` or `rediss://`, with its credentials.
    pub url: Secret,
    /// Whether the URL is of a node of a cluster.
    pub cluster: bool,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Arc<str>>,
    /// How long a call waits for the server; then it goes on without.
    pub timeout: Duration,
    /// 32 bytes in base64: entries are encrypted with them.
    pub encryption_key: Option<Secret>,
}

/// When similar requests count as equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Semantic {
    /// The cosine similarity from which on they do.
    pub threshold: Ratio,
    /// The `ProviderKey` that makes the embeddings.
    pub provider: ObjectName,
    /// Its model.
    pub model: Arc<str>,
    /// How long a call waits for an embedding; then it goes on without.
    pub timeout: Duration,
    /// The most turns of a conversation, instructions not counted, that is looked up by similarity.
    pub max_turns: u32,
    /// Whether numbers, negations and names have to agree as well.
    pub verify: Verify,
}

impl Semantic {
    /// The threshold of a policy that states none.
    pub const DEFAULT_THRESHOLD: Ratio = Ratio::from_millionths(900_000);
}

/// Whether two similar texts have to agree in what embeddings tell apart badly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verify {
    /// Numbers, negations and names have to be the same.
    #[default]
    Words,
    /// Similarity is enough.
    Off,
}
