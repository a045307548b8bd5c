//! Answers that are kept and served again.

pub mod guard;
