//! Recorded exchanges with real providers, and what they say: read from plain JSON, by rules of its own. The suites of
//! other crates take this folder in by its path.
//!
//! The recordings are not part of the project: `WAYLEAVE_FIXTURES` names their folder. Where it is absent the tests say
//! so and pass, except in CI.

pub(crate) mod api;
pub(crate) mod client;
pub(crate) mod event_stream;
pub(crate) mod exchange;
pub(crate) mod frames;
pub(crate) mod oracle;
pub(crate) mod said;
