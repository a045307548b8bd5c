//! Envoy's only cluster: this process.

use serde_json::{Value, json};

use crate::envoy::bootstrap::{Adaptor, BootstrapOptions, pipe, typed};

/// The cluster's name.
pub(super) const UPSTREAM: &str = "wayleave";

/// More than can come: it is not for Envoy to limit the calls in flight.
const UNLIMITED: u32 = 1_000_000;

/// The process behind its Unix socket.
pub(super) fn upstream(options: &BootstrapOptions) -> Value {
    let protocol = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        match options.adaptor {
            Adaptor::ExtProc => json!({"explicit_http_config": {"http2_protocol_options": http2()}}),
            Adaptor::Http => http1(),
        },
    );
    let endpoint = json!({"endpoint": {"address": pipe_to(options)}});
    json!({
        "name": UPSTREAM,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": UPSTREAM, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {"thresholds": [{
            "max_connections": UNLIMITED,
            "max_pending_requests": UNLIMITED,
            "max_requests": UNLIMITED,
        }]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
    })
}

/// gRPC needs it. The windows hold what a client has not read yet: clients that stop reading do not stop the others.
fn http2() -> Value {
    json!({
        "initial_stream_window_size": 1 << 20,
        "initial_connection_window_size": 256 << 20,
        "connection_keepalive": {"interval": "30s", "timeout": "20s"},
    })
}

/// A connection for each call at a time: it takes both sides less than HTTP/2, and a client that stops reading stops
/// nobody else. Envoy is the one to close idle ones, before the process does: a call never meets a closing one.
fn http1() -> Value {
    json!({
        "explicit_http_config": {"http_protocol_options": {}},
        "common_http_protocol_options": {"idle_timeout": "45s"},
    })
}

fn pipe_to(options: &BootstrapOptions) -> Value {
    let mut address = pipe(&options.upstream);
    // The mode is for sockets that Envoy makes.
    if let Some(pipe) = address.pointer_mut("/pipe").and_then(Value::as_object_mut) {
        pipe.remove("mode");
    }
    address
}
