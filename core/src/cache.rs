//! Answers that are kept and served again: whether, for whom, and under which key. Decisions only; stores are the
//! engine's.
//!
//! ```text
//! request ──consult──► Ask {key, …} ──(store)──► Entry ──(Relay)──► the client
//!    │                                   ▲
//!    └──► Passed (why not)     answer ──keep──► or NotKept (why not)
//! ```

mod canonical;
mod consult;
mod directive;
mod entry;
pub mod guard;
mod keep;
pub mod key;
mod spelling;
mod status;

pub use canonical::{Ambiguous, Canonical, LastWords};
pub use consult::{Ask, Consult, Passed, Similar, consult};
pub use entry::{Entry, NotAnEntry, Provenance};
pub use keep::{NotKept, keep};
pub use spelling::Spelling;
pub use status::Status;
