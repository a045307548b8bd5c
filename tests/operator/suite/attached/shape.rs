//! An Envoy that is somebody else's.

use std::net::SocketAddr;

use serde_json::{Value, json};
use wayleave_tests::{Client, Envoy, Site};

use super::{envoy_gateway, istio};

/// What the gateway answers on paths of its own.
pub(super) const OTHER: &str = "not for a model";

/// Whose configuration it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Istio's, out of the chart's `EnvoyFilter`.
    Istio,
    /// What Envoy Gateway makes of the chart's objects.
    EnvoyGateway,
}

impl Shape {
    pub(super) const ALL: [Self; 2] = [Self::Istio, Self::EnvoyGateway];
}

/// Which processor it is to reach.
#[derive(Debug)]
pub(super) struct Wanted<'w> {
    pub(super) site: &'w Site<'w>,
    pub(super) processor: SocketAddr,
    /// What the processor's certificate has to say.
    pub(super) host: &'w str,
    /// By whom it has to be signed.
    pub(super) authority: &'w str,
}

/// A gateway that runs.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) shape: Shape,
    pub(super) client: Client,
    pub(super) envoy: Envoy,
}

impl Neighbour {
    pub(super) async fn start(shape: Shape, wanted: &Wanted<'_>) -> Self {
        let parts = match shape {
            Shape::Istio => istio::parts(wanted),
            Shape::EnvoyGateway => envoy_gateway::parts(wanted),
        };
        let flags = [
            "--disable-hot-restart",
            "--concurrency",
            "2",
            "--log-level",
            "warning",
        ];
        let flags = flags.map(str::to_owned);
        let envoy = Envoy::start(|listen| gateway(parts, listen), &flags).await;
        Self {
            shape,
            client: envoy.client(&wanted.site.secrets),
            envoy,
        }
    }
}

/// What the processor takes in a gateway's configuration.
pub(super) struct Parts {
    /// The gateway's own settings of the connection manager.
    pub(super) manager: Value,
    /// The processor's filter.
    pub(super) filter: Value,
    /// The routes that send calls to it.
    pub(super) routes: Vec<Value>,
    /// The processor.
    pub(super) cluster: Value,
    /// What the cluster refers to.
    pub(super) secrets: Vec<Value>,
}

/// A gateway with a route of its own behind those of the models.
fn gateway(parts: Parts, listen: SocketAddr) -> Value {
    let router = json!({"name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        "suppress_envoy_headers": true,
    }});
    let own = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": OTHER}}});
    let mut manager = parts.manager;
    manager["@type"] = json!(
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    );
    manager["stat_prefix"] = json!("gateway");
    manager["http_filters"] = json!([parts.filter, router]);
    let mut routes = parts.routes;
    routes.push(own);
    manager["route_config"] = json!({"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]});
    json!({"static_resources": {
        "clusters": [parts.cluster],
        "secrets": parts.secrets,
        "listeners": [{
            "address": {"socket_address": {"address": listen.ip().to_string(), "port_value": listen.port()}},
            "per_connection_buffer_limit_bytes": 32_768,
            "filter_chains": [{"filters": [
                {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
            ]}],
        }],
    }})
}
