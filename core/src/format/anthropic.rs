//! Anthropic Messages.

mod blocks;
mod citation;
mod frame;
mod reader;
pub(crate) mod request;
mod stop;
mod stream;
mod usage;
mod whole;

pub(crate) use reader::Reader;
pub(crate) use stream::StreamWriter;
pub(crate) use whole::write_whole;

#[cfg(test)]
mod tests;
