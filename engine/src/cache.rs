//! Answers that are kept, so that the same question is not paid for twice.

pub(crate) mod store;
