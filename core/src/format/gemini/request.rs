//! Requests in the Gemini format: read from clients, written to providers.

mod calls;
mod contents;
mod decode;
mod encode;
mod generation;
mod models;
mod schema;
#[cfg(test)]
mod tests;
mod tools;
mod values;
mod wire;

pub(crate) use self::decode::decode;
pub(crate) use self::encode::encode;
pub(crate) use self::schema::{plain, plain_schema};
pub(crate) use self::values::{object, one_or_more, whole};
