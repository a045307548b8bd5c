//! OpenAI responses, as OpenAI and all who imitate it speak it. Nothing is stored between them: every request holds the
//! whole conversation.

mod frame;
mod frames;
mod item;
mod items;
mod message;
mod output;
mod reader;
pub(crate) mod request;
mod response;
mod usage;
mod writer;

pub(crate) use output::MARK;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

#[cfg(test)]
mod tests;
