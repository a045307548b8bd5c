//! The manifests that the measured Wayleave runs with.

use std::fmt::Write;
use std::net::SocketAddr;

use crate::fill::Filling;
use crate::scenario::{Phase, Route, Store};

/// All manifests as one YAML text, for a simulator at `upstream`. Without `redis` nothing is kept there.
///
/// Each place in a chain has a key of its own: what a refusal does to its key must not reach the next target.
pub fn manifests(upstream: SocketAddr, redis: Option<SocketAddr>) -> String {
    let mut routes: Vec<Route> = Phase::ALL.map(Phase::route).into();
    routes.extend(Filling::ALL.iter().flat_map(|filling| filling.routes()));
    // Several phases may take one route.
    routes.sort_unstable_by_key(|route| route.name);
    routes.dedup();
    let longest = routes.iter().map(|route| route.chain.len()).max().unwrap_or(0);
    let keys = (0..longest).map(|place| provider_key(place, upstream));
    let mut objects: Vec<String> = keys.chain(routes.iter().map(route)).collect();
    objects.push(policy(
        "memory",
        "memory: {maxBytes: 1Gi}",
        Store::Memory,
        &routes,
    ));
    if let Some(redis) = redis {
        objects.push(secret(redis));
        let store = "redis: {urlSecretRef: {name: redis, key: url}}";
        objects.push(policy("redis", store, Store::Redis, &routes));
    }
    objects.join("---\n")
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

fn secret(redis: SocketAddr) -> String {
    format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: redis, namespace: bench}}
stringData: {{url: \"redis://{redis}\"}}
"
    )
}

/// The cache of all routes that keep their answers in this store. Each client has its own answers, as by default.
fn policy(name: &str, spec: &str, store: Store, routes: &[Route]) -> String {
    let kept = routes.iter().filter(|route| route.cache == Some(store));
    let targets: Vec<String> = kept
        .map(|route| format!("{{kind: LLMRoute, name: {}}}", route.name))
        .collect();
    format!(
        "apiVersion: wayleave.dev/v1alpha1
kind: CachePolicy
metadata: {{name: {name}, namespace: bench}}
spec:
  targetRefs: [{targets}]
  ttl: 1h
  store: {{{spec}}}
",
        targets = targets.join(", ")
    )
}

fn route(route: &Route) -> String {
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
        let redis = ([127, 0, 0, 1], 6379).into();
        let text = manifests(([127, 0, 0, 1], 4010).into(), Some(redis));
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
        let routes = names("LLMRoute");
        assert_eq!(routes[..4], ["fallback", "fill-answers", "fill-streams", "flat"]);
        assert_eq!(routes.len(), 12);
        assert_eq!(names("CachePolicy"), ["memory", "redis"]);
        let cached = |policy: &str| {
            let mut policies = objects.iter().filter(|object| object["kind"] == "CachePolicy");
            let policy = policies
                .find(|object| object["metadata"]["name"] == policy)
                .unwrap();
            policy["spec"]["targetRefs"].as_array().unwrap().len()
        };
        assert_eq!((cached("memory"), cached("redis")), (4, 2));
        assert_eq!(objects[0]["spec"]["endpoint"], "http://127.0.0.1:4010/v1");
        let steps = &objects[2]["spec"]["rules"][0]["steps"];
        assert_eq!(steps[0]["targets"][0]["model"], "sim?status=429&retry-after=0");
        assert_eq!(steps[1]["targets"][0]["providerKey"], "sim-1");
    }

    #[test]
    fn without_redis_nothing_is_kept_there() {
        let text = manifests(([127, 0, 0, 1], 4010).into(), None);
        assert!(
            text.contains("kind: CachePolicy") && !text.contains("kind: Secret"),
            "{text}"
        );
    }
}
