//! The engine in virtual time, with scripted providers: whatever goes wrong, the books balance.

mod balance;
pub(crate) mod config;
mod course;
mod script;

pub(crate) use script::Script;
