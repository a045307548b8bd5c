//! A small HTTP/1.1 client: one connection, one call at a time, every answer checked.

pub mod call;
pub mod chunked;
pub mod connection;
pub mod response;
pub mod sse;
