//! What Envoy Gateway makes of the objects that `attach.envoyGateway` renders, as `egctl x translate` of 1.9.1 shows it.
//!
//! What it sends by xDS stands here in the bootstrap: endpoints, the routes and the CA as a static secret. Metadata by
//! which it finds its own objects again is left out.

use serde_json::{Value, json};
use wayleave_tests::chart::Rendered;

use super::host;
use super::shape::{Parts, Wanted};

const NAME: &str = "envoyextensionpolicy/wayleave/wayleave-ext-proc/extproc/0";
/// The endpoint's TLS.
const TLS: &str = "envoyextensionpolicy/wayleave/wayleave-ext-proc/extproc/0/tls/0";
/// The CA out of the ConfigMap.
const AUTHORITY: &str = "wayleave-ext-proc/wayleave-ca";

/// What the processor takes in the configuration.
pub(super) fn parts(wanted: &Wanted<'_>) -> Parts {
    let filter = format!("envoy.filters.http.ext_proc/{NAME}");
    let values = json!({"attach": {"envoyGateway": {"enabled": true, "parentRefs": [{"name": "eg"}]}}});
    let rendered = Rendered::in_namespace(&wanted.site.own, &values);
    assert_translated(&rendered, wanted);
    let authority = json!({"trusted_ca": {"inline_string": wanted.authority}});
    let routes = paths(&rendered).map(|path| route(path, &filter)).collect();
    Parts {
        manager: json!({
            "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
            "http2_protocol_options": {
                "initial_connection_window_size": 1_048_576,
                "initial_stream_window_size": 65_536,
                "max_concurrent_streams": 100,
            },
            "merge_slashes": true,
            "normalize_path": true,
            "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
            "server_header_transformation": "PASS_THROUGH",
            "use_remote_address": true,
        }),
        filter: json!({
            "name": filter,
            "disabled": true,
            "typed_config": processor(wanted),
        }),
        routes,
        cluster: cluster(wanted),
        secrets: vec![json!({"name": AUTHORITY, "validation_context": authority})],
    }
}

/// Checks that the chart still renders what was translated: else the translation is to be made anew.
fn assert_translated(rendered: &Rendered, wanted: &Wanted<'_>) {
    let policy = &rendered.get("EnvoyExtensionPolicy", "wayleave-ext-proc")["spec"];
    let unlimited = 1_000_000;
    let extension = json!([{
        "backendRefs": [{"name": "wayleave-ext-proc", "port": 18001}],
        "backendSettings": {"circuitBreaker": {
            "maxConnections": unlimited, "maxPendingRequests": unlimited, "maxParallelRequests": unlimited,
        }},
        "failOpen": false,
        "statusOnError": 503,
        "messageTimeout": "10s",
        "processingMode": {"request": {"body": "FullDuplexStreamed"}},
        "metadata": {"writableNamespaces": ["wayleave"]},
    }]);
    assert_eq!(policy["extProc"], extension);
    let tls = &rendered.get("BackendTLSPolicy", "wayleave-ext-proc")["spec"]["validation"];
    let authority = json!([{"group": "", "kind": "ConfigMap", "name": "wayleave-ca"}]);
    assert_eq!(
        *tls,
        json!({"hostname": host(wanted.site), "caCertificateRefs": authority})
    );
    let direct = &rendered.get("HTTPRouteFilter", "wayleave-llm")["spec"]["directResponse"];
    assert_eq!(*direct, json!({"statusCode": 503}));
}

/// The paths of the chart's route, each of which becomes a route of Envoy's.
fn paths(rendered: &Rendered) -> impl Iterator<Item = &Value> {
    let rule = &rendered.get("HTTPRoute", "wayleave-llm")["spec"]["rules"][0];
    let matches = rule["matches"].as_array().expect("matches");
    matches.iter().map(|path| &path["path"]["value"])
}

fn route(path: &Value, filter: &str) -> Value {
    json!({
        "match": {"safe_regex": {"regex": path}},
        "direct_response": {"status": 503},
        "typed_per_filter_config": {
            filter: {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}},
        },
    })
}

fn processor(wanted: &Wanted<'_>) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
        "grpc_service": {
            "envoy_grpc": {
                "authority": format!("wayleave-ext-proc.{}:18001", wanted.site.own),
                "cluster_name": NAME,
            },
            // Not the chart's.
            "timeout": "10s",
        },
        "message_timeout": "10s",
        "metadata_options": {"receiving_namespaces": {"untyped": ["wayleave"]}},
        "processing_mode": {
            "request_body_mode": "FULL_DUPLEX_STREAMED",
            "request_header_mode": "SEND",
            "request_trailer_mode": "SEND",
            "response_header_mode": "SKIP",
            "response_trailer_mode": "SKIP",
        },
        "status_on_error": {"code": "ServiceUnavailable"},
    })
}

fn cluster(wanted: &Wanted<'_>) -> Value {
    json!({
        "name": NAME,
        "type": "STATIC",
        "connect_timeout": "10s",
        "dns_lookup_family": "V4_PREFERRED",
        "ignore_health_on_host_removal": true,
        "per_connection_buffer_limit_bytes": 32_768,
        "circuit_breakers": {"thresholds": [{
            "max_connections": 1_000_000,
            "max_pending_requests": 1_000_000,
            "max_requests": 1_000_000,
            "max_retries": 1024,
        }]},
        "load_balancing_policy": {"policies": [{"typed_extension_config": {
            "name": "envoy.load_balancing_policies.least_request",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest",
                "locality_lb_config": {"locality_weighted_lb_config": {}},
            },
        }}]},
        "load_assignment": endpoints(wanted),
        "transport_socket": tls("dummy.transport_socket", json!({"common_tls_context": {}})),
        "transport_socket_matches": [{
            "name": TLS,
            "match": {"name": TLS},
            "transport_socket": tls("envoy.transport_sockets.tls", trust(wanted)),
        }],
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {
                "initial_connection_window_size": 1_048_576,
                "initial_stream_window_size": 65_536,
            }},
        }},
    })
}

fn endpoints(wanted: &Wanted<'_>) -> Value {
    let processor = wanted.processor;
    let address = json!({"address": processor.ip().to_string(), "port_value": processor.port()});
    json!({"cluster_name": NAME, "endpoints": [{
        "locality": {"region": format!("{NAME}/backend/0")},
        "load_balancing_weight": 1,
        "lb_endpoints": [{
            "endpoint": {"address": {"socket_address": address}},
            "load_balancing_weight": 1,
            "metadata": {"filter_metadata": {"envoy.transport_socket_match": {"name": TLS}}},
        }],
    }]})
}

fn tls(name: &str, mut context: Value) -> Value {
    context["@type"] =
        json!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext");
    json!({"name": name, "typed_config": context})
}

/// There is no ALPN in it.
fn trust(wanted: &Wanted<'_>) -> Value {
    json!({
        "sni": wanted.host,
        "common_tls_context": {
            "combined_validation_context": {
                "default_validation_context": {
                    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": wanted.host}}],
                },
                "validation_context_sds_secret_config": {"name": AUTHORITY},
            },
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        },
    })
}
