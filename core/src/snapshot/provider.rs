//! One `ProviderKey`: how to reach a provider.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ObjectName;
use crate::capability::CapabilityRow;
use crate::format::{Framing, Paths, Upstream, WireFormat};
use crate::price::Overlay;
use crate::secret::Secret;
use crate::vendor::Vendor;

/// One `ProviderKey`.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// The object it comes from.
    pub name: ObjectName,
    /// How to reach it, or why it cannot be used.
    pub access: Access,
}

/// How to reach a provider, or why it cannot be used.
#[derive(Clone, Debug, Serialize)]
pub enum Access {
    /// Usable.
    Ready(Arc<Endpoint>),
    /// Broken, with the reason.
    Broken(String),
}

/// How to reach a provider.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoint {
    /// The row of the vendor table, with the format of a `Custom` endpoint filled in.
    pub vendor: Vendor,
    /// The base URL as the vendor's official SDK takes it, without a trailing slash.
    pub url: Arc<str>,
    /// How paths are made below it.
    pub paths: Paths,
    /// The region of AWS, for vendors whose requests are signed.
    pub region: Option<Arc<str>>,
    /// Credentials, load-balanced. Empty: keyless.
    pub keys: Vec<Key>,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Arc<str>>,
    /// Prices that the user states, and the negotiated share of the price book's.
    pub prices: Overlay,
    /// What the user says of its models. The first row that matches counts.
    pub capabilities: Vec<CapabilityRow>,
    /// What the provider allows.
    pub limits: Limits,
}

impl Endpoint {
    /// Where, and in which format, a request of the client format `asked` goes. `None`: there is nothing for it.
    pub fn upstream(&self, asked: WireFormat, client: Framing, model: &str) -> Option<Upstream> {
        Upstream::find(&self.vendor, &self.paths, asked, client, model)
    }

    /// Whether it can be asked for embeddings.
    pub fn embeds(&self, model: &str) -> bool {
        self.upstream(WireFormat::OpenAIEmbeddings, Framing::Whole, model)
            .is_some()
    }
}

/// One credential of a provider.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// What names it in the ledger: `SECRET/ENTRY`.
    pub name: Arc<str>,
    /// The credential.
    pub secret: Secret,
    /// Its share of the calls.
    pub weight: u32,
}

/// What a provider allows for one credential. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls started per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, input and output.
    pub tokens_per_minute: Option<u32>,
    /// Calls at once.
    pub concurrency: Option<u32>,
}
