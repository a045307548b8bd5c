//! OpenAI chat completions, as OpenAI and all who imitate it speak it.

mod choice;
mod chunk;
mod delta;
mod google;
mod logprobs;
mod reader;
pub(crate) mod request;
mod sources;
mod stream;
mod tool_slots;
mod usage;
mod whole;

pub(crate) use choice::fnv;
pub(crate) use reader::Reader;
pub(crate) use stream::StreamWriter;
pub(crate) use usage::{cost_number, read_tier, read_usage};
pub(crate) use whole::write_whole;

#[cfg(test)]
mod tests;
