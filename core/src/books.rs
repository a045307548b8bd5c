//! The ledger read back: what was spent, and whether the provider's invoice says the same.
//!
//! ```text
//! lines ──Reader──► Line ──► Spend ──────────────► sums by model, route, client, …
//!                       └──► Account ─┐
//! export ──invoice::read──► Invoice ──┴─reconcile──► rows with a difference and its likely causes
//! ```
//!
//! Lines are read leniently: what is not known is ignored, and what cannot be read is counted and takes nothing else
//! down. Nothing here does I/O or asks a clock.

pub mod account;
pub mod by;
pub mod invoice;
pub mod line;
pub mod model;
pub mod period;
pub mod reader;
pub mod reconcile;
mod seen;
pub mod spend;
mod tokens;

pub use tokens::Tokens;
