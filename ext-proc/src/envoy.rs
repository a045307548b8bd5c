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
//! its client does not read. The engine caps the bytes of one answer and of all together, and [`bootstrap`] arms
//! Envoy's overload manager. Where clients are not trusted with that, use the HTTP adaptor ([`crate::Front::Http`]).

pub mod bootstrap;
mod convert;
mod metadata;
mod replies;
mod reply;
mod service;
mod step;

pub(crate) use service::Processor;
