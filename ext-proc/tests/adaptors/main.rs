//! Both adaptors before a stand-in for the engine: spoken to directly, and through a real Envoy where there is one. And the
//! whole process before a simulated provider.

#[cfg(test)]
mod client;
#[cfg(test)]
mod envoy_process;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod http;
#[cfg(test)]
mod life;
#[cfg(test)]
mod through_envoy;
