//! Requests of Converse: written to providers. They are read as well, so that what was recorded can be sent there and
//! back.

mod blocks;
mod decode;
mod encode;
mod models;
mod options;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use self::decode::decode;
pub(crate) use self::encode::encode;
