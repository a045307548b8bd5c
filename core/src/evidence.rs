//! What is known of one target for one class of tasks: how good its answers are, how fast, how long. And which target is
//! the best by that.
//!
//! ```text
//! scores of judge and users ──► Scores ──(replicas)──► Mean ──► best::order ──► candidates in order, each with why
//!           time to answer ──► Latency ─────────────────────────────▲
//!             output tokens ──► Length ──(price)──► expected cost ──┘
//! ```

pub mod best;
mod bound;
mod latency;
mod length;
mod mean;
mod replicas;
mod scores;

pub use latency::Latency;
pub use length::Length;
pub use mean::{Interval, Mean};
pub use replicas::{Part, Replicas};
pub use scores::Scores;
