//! A cache policy is programmed, tells of each of its routes, and follows its Secret.

use serde_json::{Value, json};
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Plane, Site, until};

use super::support::{SOON, a_second_after, sim, site};

/// A policy of these routes, with further lines of its spec.
fn policy(name: &str, routes: &[&str], further: &str) -> String {
    let target = |route: &&str| format!("{{kind: LLMRoute, name: {route}}}");
    let targets: Vec<_> = routes.iter().map(target).collect();
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: CachePolicy\nmetadata: {{name: {name}}}\nspec:\n  targetRefs: [{}]\n  \
         ttl: 10m\n{further}",
        targets.join(", ")
    )
}

/// What a data plane has of a policy.
async fn held(plane: &Plane, site: &Site<'_>, name: &str) -> Option<Value> {
    let (_, page) = plane.daemon.page("/config").await;
    site.secrets.scan("/config", &page);
    let config: Value = serde_json::from_str(&page).expect("JSON");
    let caches = config["caches"].as_array()?.iter();
    let name = json!({"namespace": site.team, "name": name});
    caches.into_iter().find(|cache| cache["name"] == name).cloned()
}

/// Waits until a data plane has a policy as it is wanted.
async fn holds(plane: &Plane, site: &Site<'_>, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
    until(&format!("the data plane has {name} {what}"), SOON, async || {
        held(plane, site, name).await.filter(|cache| wanted(cache))
    })
    .await;
}

/// The routes of a policy that a data plane has.
fn routes(cache: &Value) -> Vec<&str> {
    let routes = cache["routes"].as_array().into_iter().flatten();
    routes.filter_map(|route| route["name"].as_str()).collect()
}

#[tokio::test]
async fn of_two_caches_of_a_route_the_older_counts_until_it_goes() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    site.apply_yaml(&route("talk", &one_target("openai", "upstream")))
        .await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.apply_yaml(&policy("z-older", &["chat"], "")).await;
    let older = site.ready("cachepolicy", "z-older", 1).await;
    let accepted = json!([{"kind": "LLMRoute", "name": "chat", "accepted": true, "reason": "Accepted"}]);
    assert_eq!(older.0["status"]["targets"], accepted);
    holds(&plane, &site, "z-older", "for chat", |cache| {
        routes(cache) == ["chat"]
    })
    .await;

    let created = older.0["metadata"]["creationTimestamp"].as_str();
    a_second_after(created.expect("a time")).await;
    site.apply_yaml(&policy("a-younger", &["chat", "talk", "nowhere"], ""))
        .await;
    let younger = site
        .says("cachepolicy", "a-younger", "Accepted", "False", "Conflicted")
        .await;
    assert_eq!(
        younger.condition("ResolvedRefs"),
        Some(("False", "TargetNotFound"))
    );
    let lost = format!(
        "LLMRoute {0}/chat has CachePolicy {0}/z-older, which comes first",
        site.team
    );
    let absent = format!("LLMRoute {}/nowhere does not exist", site.team);
    assert!(
        younger.message("Accepted").contains(&lost),
        "{:#}",
        younger.0["status"]
    );
    assert_eq!(
        younger.0["status"]["targets"],
        json!([
            {"kind": "LLMRoute", "name": "chat", "accepted": false, "reason": "Conflicted", "message": lost},
            {"kind": "LLMRoute", "name": "talk", "accepted": true, "reason": "Accepted"},
            {"kind": "LLMRoute", "name": "nowhere", "accepted": false, "reason": "TargetNotFound", "message": absent},
        ])
    );
    holds(&plane, &site, "a-younger", "for talk", |cache| {
        routes(cache) == ["talk"]
    })
    .await;

    // What it named comes, and what stood before it goes.
    site.apply_yaml(&route("nowhere", &one_target("openai", "upstream")))
        .await;
    site.delete("cachepolicy", "z-older").await;
    site.ready("cachepolicy", "a-younger", 1).await;
    let all = ["chat", "talk", "nowhere"];
    holds(&plane, &site, "a-younger", "for all", |cache| {
        routes(cache) == all
    })
    .await;
    assert_eq!(held(&plane, &site, "z-older").await, None);
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}

fn secret(url: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: redis}}\nstringData: {{url: \"{url}\"}}\n")
}

#[tokio::test]
async fn a_store_s_secret_is_followed() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let store = "  store: {redis: {urlSecretRef: {name: redis, key: url}}}\n";
    site.apply_yaml(&policy("shared", &["chat"], store)).await;
    let object = site
        .says("cachepolicy", "shared", "ResolvedRefs", "False", "SecretNotFound")
        .await;
    assert_eq!(object.condition("Programmed"), Some(("False", "NotInForce")));
    assert!(
        object.message("Programmed").contains("served without a cache"),
        "{:#}",
        object.0["status"]
    );
    let broken = |cache: &Value| cache["rules"]["Broken"].is_string();
    let ready = |cache: &Value| cache["rules"]["Ready"]["store"]["Redis"]["url"] == "***";
    holds(&plane, &site, "shared", "broken", broken).await;

    let url = |scheme: &str| format!("{scheme}://user:{}@redis.test:6380", site.secrets.mint("redis"));
    site.apply_yaml(&secret(&url("rediss"))).await;
    site.ready("cachepolicy", "shared", 1).await;
    holds(&plane, &site, "shared", "with its store", ready).await;

    // Rotated to what cannot be used, and to what can. The object itself does not change.
    site.apply_yaml(&secret(&url("http"))).await;
    let object = site
        .says("cachepolicy", "shared", "ResolvedRefs", "False", "SecretInvalid")
        .await;
    let said = format!("entry `url` of Secret {}/redis has no scheme", site.team);
    assert!(
        object.message("Ready").contains(&said),
        "{:#}",
        object.0["status"]
    );
    site.secrets.scan("a status", &object.0.to_string());
    holds(&plane, &site, "shared", "broken again", broken).await;
    site.apply_yaml(&secret(&url("redis"))).await;
    let object = site.ready("cachepolicy", "shared", 1).await;
    assert_eq!(object.0["metadata"]["generation"], 1);
    holds(&plane, &site, "shared", "with its new store", ready).await;

    site.delete("secret", "redis").await;
    site.says("cachepolicy", "shared", "ResolvedRefs", "False", "SecretNotFound")
        .await;
    holds(&plane, &site, "shared", "without its store", broken).await;
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}

#[tokio::test]
async fn a_broken_edit_of_a_policy_leaves_the_last_good_one_in_force() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let semantic = |key: &str| format!("  semantic: {{embedding: {{providerKey: {key}, model: embed}}}}\n");
    site.apply_yaml(&policy("answers", &["chat"], &semantic("openai")))
        .await;
    site.ready("cachepolicy", "answers", 1).await;
    let by = |key: &'static str| {
        move |cache: &Value| cache["rules"]["Ready"]["semantic"]["provider"]["name"] == key
    };
    holds(&plane, &site, "answers", "with its embeddings", by("openai")).await;

    // One that makes no embeddings.
    site.apply(&site.manifests().anthropic("claude", &sim)).await;
    site.ready("providerkey", "claude", 1).await;
    site.apply_yaml(&policy("answers", &["chat"], &semantic("claude")))
        .await;
    let object = site
        .says(
            "cachepolicy",
            "answers",
            "ResolvedRefs",
            "False",
            "ProviderKeyUnsuitable",
        )
        .await;
    assert_eq!(object.condition("Programmed"), Some(("False", "LastGoodInForce")));
    let cache = held(&plane, &site, "answers").await.expect("it has it");
    assert!(by("openai")(&cache), "{cache:#}");
    site.apply_yaml(&policy("answers", &["chat"], "")).await;
    site.ready("cachepolicy", "answers", 1).await;
    holds(&plane, &site, "answers", "without embeddings", |cache| {
        cache["rules"]["Ready"]["semantic"].is_null()
    })
    .await;
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}
