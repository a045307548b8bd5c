//! The gateway's configuration: a key and a route for each vendor, and for each error one of its own, as an error
//! takes its key out of service for a while.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::corpus::Exchange;
use super::vendors::{Format, provider};

/// The credential that every provider gets.
const KEY: &str = "sk-recorded-0123456789abcdef";

/// All objects as a YAML text.
pub(super) fn all(upstream: &str, answers: &[Exchange], errors: &[(String, &Exchange)]) -> String {
    let mut objects = vec![json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"apiKey": KEY},
    })];
    let vendors: BTreeMap<String, &Exchange> = answers
        .iter()
        .map(|exchange| (family(exchange), exchange))
        .collect();
    for (family, exchange) in vendors {
        objects.push(key(&family, upstream, exchange));
        objects.push(route(&family, &format!("{family}-*"), None));
    }
    for (name, exchange) in errors {
        objects.push(key(name, upstream, exchange));
        objects.push(route(name, name, Some(name)));
    }
    objects.iter().fold(String::new(), |mut text, object| {
        let _ = writeln!(text, "---\n{object}");
        text
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
            Some(Format::Messages) => "AnthropicMessages".into(),
            Some(Format::Chat) | None => "OpenAIChat".into(),
        };
    }
    json!({"apiVersion": "wayleave.dev/v1alpha1", "kind": "ProviderKey", "metadata": {"name": name}, "spec": spec})
}

fn route(key: &str, models: &str, model: Option<&str>) -> Value {
    let mut target = json!({"providerKey": key});
    if let Some(model) = model {
        target["model"] = model.into();
    }
    json!({
        "apiVersion": "wayleave.dev/v1alpha1", "kind": "LLMRoute", "metadata": {"name": key},
        "spec": {"models": [models], "rules": [{"steps": [{"targets": [target]}]}]},
    })
}
