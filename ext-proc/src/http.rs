//! The HTTP adaptor: the engine behind plain HTTP/1.1 and HTTP/2, with an Envoy before it or none.
//!
//! Full back-pressure: a client that does not read stops its provider. A client that leaves drops the engine's future,
//! or the pieces of its answer, at once.

mod body;
mod service;

pub(crate) use service::Handler;
