//! Envoy's routes: ours, and everything else.

use serde_json::{Value, json};
use wayleave_core::endpoint::{Endpoint, Place};

use crate::envoy::bootstrap::clusters::UPSTREAM;
use crate::envoy::bootstrap::connections::EXT_PROC;
use crate::envoy::bootstrap::{Adaptor, typed};

/// The routes. Their 404 and 503 have no body: the mappers of local replies give them one in the client's format.
pub(super) fn routes(adaptor: Adaptor) -> Value {
    let ours = matching(&pattern(Endpoint::ALL.into_iter()));
    let served = match adaptor {
        // Reached only if the processor let a request through.
        Adaptor::ExtProc => json!({"match": ours, "direct_response": {"status": 503}}),
        Adaptor::Http => json!({
            "match": ours,
            "route": {"cluster": UPSTREAM, "timeout": "0s"},
        }),
    };
    let mut foreign = json!({"match": {"prefix": "/"}, "direct_response": {"status": 404}});
    if let (Adaptor::ExtProc, Some(route)) = (adaptor, foreign.as_object_mut()) {
        let message = "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute";
        let disabled = json!({EXT_PROC: typed(message, json!({"disabled": true}))});
        route.insert("typed_per_filter_config".to_owned(), disabled);
    }
    json!({"virtual_hosts": [{"name": "wayleave", "domains": ["*"], "routes": [served, foreign]}]})
}

fn matching(pattern: &str) -> Value {
    json!({"safe_regex": {"regex": pattern}})
}

/// The paths of these endpoints without a query, as [`Endpoint::recognise`] takes them.
pub(super) fn pattern(endpoints: impl Iterator<Item = Endpoint>) -> String {
    let places: Vec<String> = endpoints
        .map(|endpoint| match endpoint.place() {
            Place::Path(path) => path.to_owned(),
            Place::Method(method) => format!("(/[^?]*)?/(models|tunedModels)/[^?]+:{method}"),
        })
        .collect();
    format!("(/v1){{0,2}}(/v1(beta|alpha|beta1))?({})/?", places.join("|"))
}
