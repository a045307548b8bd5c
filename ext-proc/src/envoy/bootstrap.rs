//! The static configuration of an Envoy that stands before this process: `envoy -c FILE.json`.
//!
//! It serves the gateway's paths and nothing else, and fails closed: behind the processor's filter the route of these
//! paths is a 503, and every other path is a 404 that never reaches the processor.

mod clusters;
mod connections;
mod local_reply;
mod overload;
mod routes;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// What a bootstrap is made from.
#[derive(Clone, Debug)]
pub struct BootstrapOptions {
    /// Where clients connect.
    pub listen: ListenAddress,
    /// The socket of Envoy's own admin pages. Envoy makes it.
    pub admin: PathBuf,
    /// The socket on which our adaptor listens.
    pub upstream: PathBuf,
    /// Which adaptor that is.
    pub adaptor: Adaptor,
    /// Whether Envoy writes an access log.
    pub access_log: AccessLog,
    /// The heap, in bytes. Envoy refuses requests at 95 % of it. What a client on HTTP/1.1 has
    /// piled up by not reading it does not take back: the engine's cap on answers in flight bounds that.
    pub max_heap_bytes: u64,
    /// The largest request headers that Envoy lets pass, in KiB. More than [`crate::Limits::headers`], so that the
    /// processor is the one to refuse, in the client's format.
    pub max_header_kib: u32,
}

/// Where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// TCP. Port 0 takes a free one, which Envoy's admin page `/listeners?format=json` tells.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// How Envoy reaches the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adaptor {
    /// As an external processor ([`crate::Front::Envoy`]).
    ExtProc,
    /// As an HTTP upstream ([`crate::Front::Http`]).
    Http,
}

/// Whether Envoy writes an access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// It does not.
    Off,
    /// One JSON line per request on its standard output, with what the call came to: by HTTP, as far as that is known when
    /// the answer begins.
    Stdout,
}

impl BootstrapOptions {
    /// A 1 GiB heap, 60 KiB of headers, no access log, by `ext_proc`.
    pub fn new(listen: ListenAddress, admin: PathBuf, upstream: PathBuf) -> Self {
        Self {
            listen,
            admin,
            upstream,
            adaptor: Adaptor::ExtProc,
            access_log: AccessLog::Off,
            max_heap_bytes: 1 << 30,
            max_header_kib: 60,
        }
    }
}

/// The configuration.
pub fn bootstrap(options: &BootstrapOptions) -> Value {
    json!({
        "node": {"id": "wayleave", "cluster": "wayleave"},
        "admin": {"address": pipe(&options.admin)},
        "static_resources": {
            "listeners": [{
                "name": "wayleave",
                "address": address(&options.listen),
                "filter_chains": [{"filters": [connections::manager(options)]}],
            }],
            "clusters": [clusters::upstream(options)],
        },
        "overload_manager": overload::overload_manager(options.max_heap_bytes),
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [
            {"prefix": "cluster.wayleave."},
            {"prefix": "http.wayleave."},
            {"prefix": "listener_manager."},
            {"prefix": "overload."},
            {"prefix": "server."},
        ]}}},
    })
}

fn address(listen: &ListenAddress) -> Value {
    match listen {
        ListenAddress::Tcp(address) => json!({
            "socket_address": {"address": address.ip().to_string(), "port_value": address.port()},
        }),
        ListenAddress::Unix(path) => pipe(path),
    }
}

fn pipe(path: &Path) -> Value {
    json!({"pipe": {"path": path.to_string_lossy(), "mode": 0o600}})
}

/// An extension's configuration, by its message's full name.
fn typed(message: &str, mut config: Value) -> Value {
    if let Some(members) = config.as_object_mut() {
        members.insert(
            "@type".to_owned(),
            format!("type.googleapis.com/{message}").into(),
        );
    }
    config
}

/// An extension by name.
fn extension(name: &str, message: &str, config: Value) -> Value {
    json!({"name": name, "typed_config": typed(message, config)})
}

#[cfg(test)]
mod tests;
