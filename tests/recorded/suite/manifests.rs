//! The gateway's configuration: a key and a route for each vendor, and for each error one of its own, as an error
//! takes its key out of service for a while.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_tests::{Format, Manifests};

use super::cases::Case;
use super::corpus::Exchange;
use super::tally::Way;
use super::vendors::provider;

/// All objects.
pub(super) fn all(upstream: &str, cases: &[Case]) -> Manifests {
    let manifests = Manifests::default();
    let credential = manifests.secrets.mint("recorded");
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"apiKey": credential},
    })];
    let (errors, answers): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.way == Way::Error);
    let families: BTreeMap<String, &Case> = answers
        .iter()
        .map(|case| (family(&case.exchange), *case))
        .collect();
    for (family, case) in families {
        objects.push(key(&family, upstream, &case.exchange));
        objects.push(route(&family, &format!("{family}-*")));
    }
    for case in errors {
        objects.push(key(&case.model, upstream, &case.exchange));
        objects.push(route(&case.model, &case.model));
    }
    // JSON is YAML.
    objects.iter().fold(manifests, |manifests, object| {
        manifests.document(&format!("{object}\n"))
    })
}

/// What the ids of a vendor's exchanges in one format begin with.
fn family(exchange: &Exchange) -> String {
    format!("{}-{}", exchange.vendor, exchange.endpoint.replace('.', "-"))
}

fn key(name: &str, upstream: &str, exchange: &Exchange) -> Value {
    let provider = provider(exchange);
    let base = if provider == "Anthropic" { "" } else { "/v1" };
    let mut spec = json!({
        "provider": provider,
        "endpoint": format!("{upstream}/{}{base}", exchange.vendor),
        "secretRefs": [{"name": "keys", "key": "apiKey"}],
    });
    if provider == "Custom" {
        spec["format"] = match exchange.format() {
            Some(Format::Anthropic) => "AnthropicMessages".into(),
            Some(Format::OpenAi) | None => "OpenAIChat".into(),
        };
    }
    json!({"apiVersion": "wayleave.dev/v1alpha1", "kind": "ProviderKey", "metadata": {"name": name}, "spec": spec})
}

/// Asks the provider for the model that the client named.
fn route(key: &str, models: &str) -> Value {
    json!({
        "apiVersion": "wayleave.dev/v1alpha1", "kind": "LLMRoute", "metadata": {"name": key},
        "spec": {"models": [models], "rules": [{"steps": [{"targets": [{"providerKey": key}]}]}]},
    })
}
