//! Requests in the Anthropic Messages format: read from clients, written to providers.

mod blocks;
mod decode;
mod encode;
mod models;
mod options;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use self::decode::decode;
pub(crate) use self::encode::{Drawn, drawn, encode, not_at_anthropic, stop_sequences, thinking};
pub(crate) use self::models::{Generation, SamplingRule, generation};
pub(crate) use self::wire::Thinking;
