//! Requests in the Responses format: read from clients, written to providers.

mod content;
mod decode;
mod encode;
mod input;
mod options;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use self::decode::decode;
pub(crate) use self::encode::encode;

/// In `include`: tell the probabilities of the tokens.
const LOGPROBS: &str = "message.output_text.logprobs";
/// In `include`: tell what proves the reasoning, so that it can be sent back.
const PROOFS: &str = "reasoning.encrypted_content";
