//! Amazon Bedrock `converse` and `converse-stream`. Only providers speak it, so there is no writer of answers.

mod blob;
mod citation;
mod exception;
mod frame;
mod reader;
pub(crate) mod request;
mod stop;
#[cfg(test)]
mod tests;
mod usage;

pub(crate) use reader::Reader;
