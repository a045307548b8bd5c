//! Both adaptors before a stand-in for the engine: spoken to directly, and through a real Envoy where there is one. And the
//! whole process before a simulated provider, with and without a configuration server.

#[cfg(test)]
mod client;
#[cfg(test)]
mod config;
#[cfg(test)]
mod config_plane;
#[cfg(test)]
mod config_server;
#[cfg(test)]
mod config_tls;
#[cfg(test)]
mod envoy_process;
#[cfg(test)]
mod experiments;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod http;
#[cfg(test)]
mod life;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod through_envoy;
