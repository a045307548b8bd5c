//! The Envoy adaptor: the engine behind `ext_proc`.
//!
//! ```text
//! Envoy ──headers, body──► convert ──► step (pure) ──Call──► Engine::run
//!   ▲                                    │                       │
//!   │                                    └── not ours: echo      │ Answer
//!   └──streamed immediate response◄── replies ◄── reply ◄────────┘
//! ```
//!
//! One gRPC stream per request. The engine's future lives in the stream's own future and the pieces of its answer in
//! the stream's own body, with no task between: when Envoy resets the stream, both are dropped, and with them the call.
//!
//! A stream never ends well without a reply, since Envoy then lets the request through unprocessed: it ends with an
//! answer, with the whole request echoed, or with an error status.
//!
//! **There is no back-pressure here.** Envoy takes a streamed immediate response as fast as it comes and buffers what
//! its client does not read. The engine caps the bytes of one answer and of all in flight, and [`bootstrap`] arms Envoy's
//! overload manager, so Envoy holds at most its heap limit and what is in flight. Measured: 40 clients that order 60 MB
//! each and read nothing (no cap, a 1 GiB limit) take Envoy to 2.2 GB; it refuses calls for 11 s, closes these clients
//! and serves again. By the HTTP adaptor ([`crate::Front::Http`]) the same clients cost 60 MB and nobody notices: use it
//! where clients are not trusted.

pub mod bootstrap;
mod convert;
mod metadata;
mod replies;
mod reply;
mod service;
mod step;

pub(crate) use service::Processor;
