//! The config service: what data planes get, and what they have said of it.
//!
//! ```text
//! Snapshot ──► Bundle ──Session (one per data plane: what it has, what it lacks)──► messages
//!                                     ▲                                               │
//!              Fleet: who is here, who has acknowledged what ◄── answers ◄── data plane
//! ```
//! [`bundle`], [`session`] and [`fleet`] are values; [`service`] carries them over gRPC with TLS.

pub mod bundle;
pub mod certificate;
pub mod fleet;
pub mod service;
pub mod session;
pub mod tls;
pub mod token;
