//! Pure gateway logic: no sockets, no clock of its own, no async.
//!
//! ```text
//! Snapshot ──build──► Table ──route(Request)──► Rule ──plan(health)──► Plan ──Walk──► attempts
//!                                                                               │
//!     Intake: the client's request ──body_for(target)──► the provider's         │
//!     Relay:  the provider's bytes ──events──► the client's, and a Tally ◄──────┘
//!                                                  │
//!                                    Outcome (whose fault), Usage ──price──► Ticks
//! ```

pub mod allowance;
pub mod books;
pub mod cache;
pub mod capability;
pub mod chat;
pub mod circuit;
pub mod client_credential;
pub mod client_error;
pub mod credential;
pub mod digest;
pub mod endpoint;
pub mod event;
pub mod evidence;
pub mod experiment;
pub mod explain;
pub mod feedback;
pub mod format;
pub mod gate;
pub mod headers;
pub mod intake;
pub mod judge;
pub mod lot;
pub mod money;
pub mod notice;
pub mod outcome;
pub mod plan;
pub mod price;
pub mod refusal;
pub mod relay;
pub mod resource;
pub mod route;
pub mod secret;
pub mod snapshot;
pub mod table;
pub mod task;
pub mod tokens;
pub mod usage;
pub mod vendor;
pub mod walk;
pub mod when;
