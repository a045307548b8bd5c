//! The data-plane process: the two adaptors before the engine, the admin pages, and the life cycle.
//!
//! ```text
//!             Front::Envoy ──► envoy::Processor ─┐            ┌─► /metrics /ledger /config
//! Listener ─►                                    ├─► Engine ──┤      /livez /readyz
//!             Front::Http ───► http::Handler ────┘     ▲      └── admin
//!                    both by way of `request`          │
//!                                               config ┘ snapshots (watch), or a configuration server
//! ```
//!
//! One task per connection; on HTTP/2, hyper's one per stream. A request has no task of its own beside these: its call
//! lives in the connection's or stream's task and ends with it.
//!
//! [`run`] takes bound listeners and a shutdown token. [`envoy::bootstrap`] makes the configuration of an Envoy to
//! stand before it.

mod admin;
pub mod args;
mod backend;
mod config;
mod cut;
pub mod envoy;
mod front;
mod http;
mod listener;
mod request;
mod run;
mod serve;

pub use backend::Backend;
pub use config::{BadServerUrl, ConfigServer, ConfigSource, ServerUrl};
pub use front::Front;
pub use listener::{ListenError, Listener, TlsPort, UnixSocket};
pub use request::Limits;
pub use run::{Options, RunError, run};
