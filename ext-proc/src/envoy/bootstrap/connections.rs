//! Envoy's HTTP connection manager and its filters.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::envoy::bootstrap::clusters::UPSTREAM;
use crate::envoy::bootstrap::local_reply::local_replies;
use crate::envoy::bootstrap::routes::routes;
use crate::envoy::bootstrap::{AccessLog, Adaptor, BootstrapOptions, extension};
use crate::envoy::metadata;

/// The name of the processor's filter.
pub(super) const EXT_PROC: &str = "envoy.filters.http.ext_proc";

/// The network filter that speaks HTTP with clients.
pub(super) fn manager(options: &BootstrapOptions) -> Value {
    let mut filters = Vec::new();
    if options.adaptor == Adaptor::ExtProc {
        filters.push(processor());
    }
    let router = "envoy.extensions.filters.http.router.v3.Router";
    filters.push(extension(
        "envoy.filters.http.router",
        router,
        json!({"suppress_envoy_headers": true}),
    ));
    extension(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "wayleave",
            "codec_type": "AUTO",
            "use_remote_address": true,
            "generate_request_id": false,
            "server_header_transformation": "PASS_THROUGH",
            "max_request_headers_kb": options.max_header_kib,
            "common_http_protocol_options": {
                "idle_timeout": "300s",
                "max_headers_count": 1000,
                "headers_with_underscores_action": "ALLOW",
            },
            "http2_protocol_options": {
                "max_concurrent_streams": 1024,
                "initial_stream_window_size": 1 << 20,
                "initial_connection_window_size": 16 << 20,
            },
            // A model may think for long: these two would cut it off. The processor and the engine have timers of
            // their own for a client that pauses in its body and for a provider.
            "stream_idle_timeout": "0s",
            "request_timeout": "0s",
            "request_headers_timeout": "60s",
            "stream_flush_timeout": "300s",
            "route_config": routes(options.adaptor),
            "local_reply_config": local_replies(),
            "http_filters": filters,
            "access_log": access_log(options),
        }),
    )
}

/// Full duplex, since nothing else can carry a streamed immediate response; an error of the processor is a 503.
fn processor() -> Value {
    extension(
        EXT_PROC,
        "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
        json!({
            "grpc_service": {"envoy_grpc": {"cluster_name": UPSTREAM, "skip_envoy_headers": true}},
            "failure_mode_allow": false,
            "status_on_error": {"code": "ServiceUnavailable"},
            "processing_mode": {
                "request_header_mode": "SEND",
                "request_body_mode": "FULL_DUPLEX_STREAMED",
                "request_trailer_mode": "SEND",
                "response_header_mode": "SKIP",
                "response_body_mode": "NONE",
                "response_trailer_mode": "SKIP",
            },
            "metadata_options": {"receiving_namespaces": {"untyped": [metadata::NAMESPACE]}},
        }),
    )
}

fn access_log(options: &BootstrapOptions) -> Value {
    match options.access_log {
        AccessLog::Off => json!([]),
        AccessLog::Stdout => {
            let request = [
                ("time", "%START_TIME%"),
                ("method", "%REQ(:METHOD)%"),
                ("path", "%PATH(NQ)%"),
                ("protocol", "%PROTOCOL%"),
                ("client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
                ("status", "%RESPONSE_CODE%"),
                ("details", "%RESPONSE_CODE_DETAILS%"),
                ("flags", "%RESPONSE_FLAGS%"),
                ("milliseconds", "%DURATION%"),
                ("bytes_in", "%BYTES_RECEIVED%"),
                ("bytes_out", "%BYTES_SENT%"),
            ];
            let request = request.map(|(name, value)| (name, value.to_owned()));
            let members: BTreeMap<&str, String> =
                request.into_iter().chain(of_call(options.adaptor)).collect();
            json!([extension(
                "envoy.access_loggers.stdout",
                "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                json!({"log_format": {"json_format": members}}),
            )])
        }
    }
}

/// What Envoy knows of a call: by `ext_proc` all that it came to, by HTTP what stands in the answer's head.
fn of_call(adaptor: Adaptor) -> Vec<(&'static str, String)> {
    let known = |name: &'static str| {
        (
            name,
            format!("%DYNAMIC_METADATA({}:{name})%", metadata::NAMESPACE),
        )
    };
    let header = |(name, header)| (name, format!("%RESP({header})%"));
    match adaptor {
        Adaptor::ExtProc => [
            "call",
            "route",
            "provider",
            "model",
            "class",
            "attempts",
            "input_tokens",
            "output_tokens",
            "cost_usd",
            "cache",
            metadata::REFUSED,
        ]
        .map(known)
        .to_vec(),
        Adaptor::Http => [
            ("call", "x-wayleave-call-id"),
            ("target", "x-wayleave-target"),
            ("attempts", "x-wayleave-attempts"),
            ("cost_usd", "x-wayleave-cost-usd"),
            ("cache", "x-wayleave-cache"),
        ]
        .map(header)
        .to_vec(),
    }
}
