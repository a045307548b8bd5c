//! Envoy's only cluster: this process.

use serde_json::{Value, json};

use crate::envoy::bootstrap::{Adaptor, BootstrapOptions, pipe, typed};

/// The cluster's name.
pub(super) const UPSTREAM: &str = "wayleave";

/// More than can come: it is not for Envoy to limit the calls in flight.
const UNLIMITED: u32 = 1_000_000;

/// The process behind its Unix socket, by HTTP/2.
pub(super) fn upstream(options: &BootstrapOptions) -> Value {
    let http2 = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        json!({"explicit_http_config": {"http2_protocol_options": http2(options.adaptor)}}),
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
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2},
    })
}

/// The windows hold what a client has not read yet. By HTTP they are the back-pressure: 256 KiB a call, and room for a
/// thousand such calls, so that clients that stop reading do not stop the others.
fn http2(adaptor: Adaptor) -> Value {
    let (stream, connection) = match adaptor {
        Adaptor::ExtProc => (1 << 20, 256 << 20),
        Adaptor::Http => (256 << 10, 256 << 20),
    };
    json!({
        "initial_stream_window_size": stream,
        "initial_connection_window_size": connection,
        "connection_keepalive": {"interval": "30s", "timeout": "20s"},
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
