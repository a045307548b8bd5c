//! OpenAI completions, the older API: a prompt goes in, texts come out. Its answers are read by
//! [`openai_chat::Reader`](crate::format::openai_chat::Reader).

mod answer;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod whole;

pub(crate) use request::decode;
pub(crate) use stream::StreamWriter;
pub(crate) use whole::write_whole;
