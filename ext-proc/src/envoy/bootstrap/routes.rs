//! Envoy's routes: ours, and everything else.

use serde_json::{Value, json};
use wayleave_core::endpoint::{Endpoint, Place};

use crate::envoy::bootstrap::clusters::UPSTREAM;
use crate::envoy::bootstrap::connections::EXT_PROC;
use crate::envoy::bootstrap::{Adaptor, typed};

/// The paths without a query, but for Google's, as short as Envoy takes an expression. It comes first: the chart gives it
/// to other gateways.
pub(super) const SERVED: &str =
    "(/v1[a-z0-9]*)*/((chat/)?completions|responses|messages(/count_tokens)?|embeddings|models)/?";

/// The routes. Their 404 and 503 have no body: the mappers of local replies give them one in the client's format.
pub(super) fn routes(adaptor: Adaptor) -> Value {
    let beside = Endpoint::ALL
        .into_iter()
        .filter(|endpoint| matches!(endpoint.place(), Place::Method(_)));
    let mut routes = vec![served(adaptor, SERVED)];
    routes.extend(beside.map(|endpoint| served(adaptor, &pattern(endpoint))));
    let mut foreign = json!({"match": {"prefix": "/"}, "direct_response": {"status": 404}});
    if let (Adaptor::ExtProc, Some(route)) = (adaptor, foreign.as_object_mut()) {
        let message = "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute";
        let disabled = json!({EXT_PROC: typed(message, json!({"disabled": true}))});
        route.insert("typed_per_filter_config".to_owned(), disabled);
    }
    routes.push(foreign);
    json!({"virtual_hosts": [{"name": "wayleave", "domains": ["*"], "routes": routes}]})
}

fn served(adaptor: Adaptor, pattern: &str) -> Value {
    let ours = json!({"safe_regex": {"regex": pattern}});
    match adaptor {
        // Reached only if the processor let a request through.
        Adaptor::ExtProc => json!({"match": ours, "direct_response": {"status": 503}}),
        Adaptor::Http => json!({
            "match": ours,
            "route": {"cluster": UPSTREAM, "timeout": "0s"},
        }),
    }
}

/// The paths of an endpoint without a query: all that [`Endpoint::recognise`] takes, and few more, which it then refuses.
/// Envoy takes small expressions only, so each endpoint has its own.
pub(super) fn pattern(endpoint: Endpoint) -> String {
    match endpoint.place() {
        Place::Path(path) => format!("(/v1[a-z0-9]*){{0,3}}{path}/?"),
        Place::Method(method) => format!("/[^?]*[mM]odels/[^?]+:{method}/?"),
    }
}
