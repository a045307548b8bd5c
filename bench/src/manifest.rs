//! The manifests that the measured Wayleave runs with.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::scenario::Phase;

/// All manifests as one YAML text, for a simulator at `upstream`.
///
/// Each place in a chain has a key of its own: what a refusal does to its key must not reach the next target.
pub fn manifests(upstream: SocketAddr) -> String {
    let longest = Phase::ALL
        .map(|phase| phase.route().chain.len())
        .into_iter()
        .max()
        .unwrap_or(0);
    let keys = (0..longest).map(|place| provider_key(place, upstream));
    let mut routes: Vec<String> = Phase::ALL.map(route).into();
    // Several phases may take one route.
    routes.sort_unstable();
    routes.dedup();
    keys.chain(routes).collect::<Vec<_>>().join("---\n")
}

fn provider_key(place: usize, upstream: SocketAddr) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1
kind: ProviderKey
metadata: {{name: sim-{place}, namespace: bench}}
spec:
  provider: Custom
  format: OpenAIChat
  endpoint: http://{upstream}/v1
  prices: [{{model: \"sim*\", inputPerMillion: \"0.05\", outputPerMillion: \"0.08\"}}]
"
    )
}

fn route(phase: Phase) -> String {
    let route = phase.route();
    let mut text = format!(
        "apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {{name: {name}, namespace: bench}}
spec:
  models: [{name}]
  rules:
  - steps:
",
        name = route.name
    );
    for (place, model) in route.chain.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "    - targets: [{{providerKey: sim-{place}, model: \"{model}\"}}]"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_manifests_are_yaml_with_every_route_once() {
        let text = manifests(([127, 0, 0, 1], 4010).into());
        let objects: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|object| Value::deserialize(object).unwrap())
            .collect();
        let names = |kind: &str| -> Vec<&str> {
            let of_kind = objects.iter().filter(|object| object["kind"] == kind);
            of_kind
                .map(|object| object["metadata"]["name"].as_str().unwrap())
                .collect()
        };
        assert_eq!(names("ProviderKey"), ["sim-0", "sim-1"]);
        assert_eq!(names("LLMRoute"), ["fallback", "flat", "paced", "small"]);
        assert_eq!(objects[0]["spec"]["endpoint"], "http://127.0.0.1:4010/v1");
        let steps = &objects[2]["spec"]["rules"][0]["steps"];
        assert_eq!(steps[0]["targets"][0]["model"], "sim?status=429&retry-after=0");
        assert_eq!(steps[1]["targets"][0]["providerKey"], "sim-1");
    }
}
