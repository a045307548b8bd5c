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

pub(crate) use self::decode::{decode, stop};
pub(crate) use self::encode::encode;
