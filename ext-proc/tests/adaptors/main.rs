//! Both adaptors before a stand-in for the engine: spoken to directly, and through a real Envoy where there is one.

mod client;
mod envoy_process;
mod fake;
mod grpc;
mod http;
mod through_envoy;
