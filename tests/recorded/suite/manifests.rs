//! The gateway's configuration: a key and a route for each vendor, and for each error one of its own, as an error
//! takes its key out of service for a while.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_tests::Manifests;

use super::cases::Case;
use super::tally::Way;
use super::vendors::provider;

/// All objects.
pub(super) fn all(upstream: &str, cases: &[Case]) -> Manifests {
    let manifests = Manifests::default();
    let credential = manifests.secrets.mint("recorded");
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"apiKey": credential},
    })];
    let keys: BTreeMap<&str, &Case> = cases.iter().map(|case| (case.key.as_str(), case)).collect();
    for (name, case) in keys {
        objects.push(key(name, upstream, case));
        let models = match case.way {
            Way::Error => case.model.clone(),
            Way::Own | Way::Translated | Way::Reframed => format!("{name}.*"),
        };
        objects.push(route(name, &models));
    }
    // JSON is YAML.
    objects.iter().fold(manifests, |manifests, object| {
        manifests.document(&format!("{object}\n"))
    })
}

fn key(name: &str, upstream: &str, case: &Case) -> Value {
    let mut spec = provider(&case.exchange, case.view);
    spec["endpoint"] = format!("{upstream}/{}", case.exchange.provider).into();
    spec["secretRefs"] = json!([{"name": "keys", "key": "apiKey"}]);
    json!({"apiVersion": "wayleave.dev/v1alpha1", "kind": "ProviderKey", "metadata": {"name": name}, "spec": spec})
}

/// Asks the provider for the model that the client named.
fn route(key: &str, models: &str) -> Value {
    json!({
        "apiVersion": "wayleave.dev/v1alpha1", "kind": "LLMRoute", "metadata": {"name": key},
        "spec": {"models": [models], "rules": [{"steps": [{"targets": [{"providerKey": key}]}]}]},
    })
}
