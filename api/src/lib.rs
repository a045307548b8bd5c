//! The user's language: the custom resources of group `wayleave.dev`, one module per kind, and one for each
//! noun that kinds are written with.
//!
//! ```text
//! LLMRoute ──rules, steps, targets──► ProviderKey ──secretRefs──► Secret
//!     ▲                                    ▲
//!     └──────── targetRefs ── CachePolicy ─┘ (embedding)
//! ```
//!
//! Types only: no client, no I/O. What a value means is decided where the objects are compiled; here it is only
//! named, bounded and explained (the doc comments of fields are the text of `kubectl explain`). Optional fields stay
//! absent and have no default in the schema, so that an object reads back as it was written.
#![expect(
    clippy::duplicated_attributes,
    reason = "printer columns repeat the names of their members"
)]
#![expect(
    clippy::doc_markdown,
    clippy::doc_link_with_quotes,
    reason = "the docs of fields are read in a terminal, as plain text"
)]

pub mod allowed_namespaces;
pub mod cache_policy;
pub mod capability;
pub mod certificate_authority;
pub mod cloud;
pub mod condition;
mod crd;
pub mod duration;
pub mod experiment;
pub mod judge;
pub mod llm_route;
pub mod number;
pub mod price;
pub mod provider_key;
pub mod race;
pub mod reference;
pub mod step;
pub mod tasks;
pub mod timing;

pub use cache_policy::CachePolicy;
pub use crd::{all_crds, chart_files, crd_files, crds_yaml};
pub use llm_route::LLMRoute;
pub use provider_key::ProviderKey;

/// The API group of all kinds.
pub const GROUP: &str = "wayleave.dev";
/// The version of all kinds.
pub const VERSION: &str = "v1alpha1";
/// What stands as `apiVersion` in a manifest.
pub const API_VERSION: &str = "wayleave.dev/v1alpha1";
