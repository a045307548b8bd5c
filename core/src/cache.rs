//! Answers that are kept: which, for whom, and under which key. Decisions only; stores are the engine's.

pub mod key;
