//! Gemini's `generateContent` and `streamGenerateContent`, at AI Studio and at Vertex AI.

mod candidate;
mod chunk;
mod finish;
mod grounding;
mod logprobs;
mod parts;
mod proof;
mod reader;
pub(crate) mod request;
mod stream;
mod usage;
mod whole;
mod wire;

pub(crate) use proof::{MARK, STAND_IN};
pub(crate) use reader::Reader;
pub(crate) use stream::StreamWriter;
pub(crate) use whole::write_whole;

#[cfg(test)]
mod tests;
