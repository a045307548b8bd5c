//! Answers that are kept: which, for whom, and under which key. Decisions only; stores are the engine's.

mod canonical;
pub mod key;

pub use canonical::{Ambiguous, Canonical, Question};
