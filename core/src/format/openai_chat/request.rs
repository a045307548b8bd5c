//! Requests in the OpenAI chat format: read from clients, written to providers.

mod content;
mod decode;
mod encode;
mod models;
mod options;
mod reasoning;
mod strict;
#[cfg(test)]
mod tests;
mod turns;
mod wire;

pub(crate) use self::content::source;
pub(crate) use self::decode::{decode, stop};
pub(crate) use self::encode::turns::address;
pub(crate) use self::encode::{SCHEMA_NAME, can_be_strict, effort, encode, is_developer};
pub(crate) use self::models::take_effort;
pub(crate) use self::turns::tool_call;
pub(crate) use self::wire::Address;
