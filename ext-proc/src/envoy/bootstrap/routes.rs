//! Envoy's routes: ours, and everything else.

use serde_json::{Value, json};
use wayleave_core::endpoint::Endpoint;

use crate::envoy::bootstrap::clusters::UPSTREAM;
use crate::envoy::bootstrap::connections::EXT_PROC;
use crate::envoy::bootstrap::{Adaptor, typed};

/// The routes: one for each endpoint, from which the chart takes what it gives to other gateways. Their 404 and 503 have no body: the mappers of local replies give them one in the client's format.
pub(super) fn routes(adaptor: Adaptor) -> Value {
    let mut routes = Endpoint::ALL.map(|endpoint| served(adaptor, endpoint)).to_vec();
    let mut foreign = json!({"match": {"prefix": "/"}, "direct_response": {"status": 404}});
    if let (Adaptor::ExtProc, Some(route)) = (adaptor, foreign.as_object_mut()) {
        let message = "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute";
        let disabled = json!({EXT_PROC: typed(message, json!({"disabled": true}))});
        route.insert("typed_per_filter_config".to_owned(), disabled);
    }
    routes.push(foreign);
    json!({"virtual_hosts": [{"name": "wayleave", "domains": ["*"], "routes": routes}]})
}

fn served(adaptor: Adaptor, endpoint: Endpoint) -> Value {
    let ours = json!({"safe_regex": {"regex": endpoint.pattern()}});
    match adaptor {
        // Reached only if the processor let a request through.
        Adaptor::ExtProc => json!({"match": ours, "direct_response": {"status": 503}}),
        Adaptor::Http => json!({
            "match": ours,
            "route": {"cluster": UPSTREAM, "timeout": "0s"},
        }),
    }
}
