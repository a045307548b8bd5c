//! What is broken says so, breaks nothing else, and heals without a restart.

use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Plane, Site, until};

use super::support::{SOON, a_second_after, fails, serves, sim, site};

/// A route `sound` that has to be served whatever else happens.
async fn with_a_sound_route(site: &Site<'_>) {
    site.apply_yaml(&route("sound", &one_target("openai", "sound")))
        .await;
}

async fn all_is_well(plane: &Plane) {
    serves(plane, "sound", "sound").await;
}

#[tokio::test]
async fn a_missing_secret_is_told_and_heals_when_it_comes() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    with_a_sound_route(&site).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let manifests = site
        .manifests()
        .openai("late", &sim)
        .to("late", "late", "upstream");
    let (secret, rest) = split(manifests.yaml());
    site.apply_yaml(&rest).await;
    let key = site
        .says("providerkey", "late", "ResolvedRefs", "False", "SecretNotFound")
        .await;
    assert!(
        key.message("Ready")
            .contains(&format!("Secret {}/late does not exist", site.team))
    );
    assert_eq!(key.condition("Stalled"), None, "it may come yet");
    site.says("llmroute", "late", "Ready", "False", "ProviderKeyBroken")
        .await;
    fails(&plane, "late", "does not exist").await;
    all_is_well(&plane).await;

    site.apply_yaml(&secret).await;
    site.ready("providerkey", "late", 1).await;
    site.ready("llmroute", "late", 1).await;
    serves(&plane, "late", "upstream").await;

    // Deleted: meant to be gone.
    site.delete("secret", "late").await;
    site.says("providerkey", "late", "ResolvedRefs", "False", "SecretNotFound")
        .await;
    fails(&plane, "late", "does not exist").await;
    all_is_well(&plane).await;
}

/// The Secret, and all else.
fn split(yaml: &str) -> (String, String) {
    let (secrets, others): (Vec<_>, Vec<_>) = yaml
        .split("---\n")
        .filter(|document| !document.trim().is_empty())
        .partition(|document| document.contains("kind: Secret"));
    (secrets.join("---\n"), others.join("---\n"))
}

#[tokio::test]
async fn the_wrong_entry_of_a_secret_is_told_with_the_right_one() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;
    let manifests = site.manifests().openai("openai", &sim);
    let (_, key) = split(manifests.yaml());
    site.apply_yaml(&key.replace("key: key0", "key: keyO")).await;
    let object = site
        .says("providerkey", "openai", "ResolvedRefs", "False", "SecretInvalid")
        .await;
    assert!(
        object.message("ResolvedRefs").contains("did you mean `key0`?"),
        "{:?}",
        object.0["status"]
    );
    // The last good version goes on.
    assert_eq!(object.condition("Programmed"), Some(("False", "LastGoodInForce")));
    serves(&plane, "chat", "upstream").await;
    site.apply_yaml(&key).await;
    site.ready("providerkey", "openai", 1).await;
}

#[tokio::test]
async fn another_namespace_s_key_needs_its_permission() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    with_a_sound_route(&site).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let guest = |key: &str| {
        let rule = format!(
            "steps: [{{targets: [{{providerKey: {key}, namespace: {}, model: guest}}]}}]",
            site.team
        );
        route("guest", &rule).replace(
            "metadata: {name: guest}",
            &format!("metadata: {{name: guest, namespace: {}}}", site.guest),
        )
    };
    // Whether it is there or not: the same answer.
    for key in ["openai", "nothing"] {
        site.cluster.apply(&guest(key)).await;
        let object = site
            .says_in(
                &site.guest,
                "llmroute",
                "guest",
                "ResolvedRefs",
                "False",
                "RefNotPermitted",
            )
            .await;
        let expected = format!("does not exist or does not allow namespace {}", site.guest);
        assert!(
            object.message("Ready").contains(&expected),
            "{:#}",
            object.0["status"]
        );
    }
    fails(&plane, "guest", "does not allow").await;
    all_is_well(&plane).await;

    site.cluster.apply(&guest("openai")).await;
    allow(&site, "All").await;
    serves(&plane, "guest", "guest").await;
    allow(&site, "Same").await;
    fails(&plane, "guest", "does not allow").await;
    all_is_well(&plane).await;
}

/// Says which namespaces may use the key `openai`.
async fn allow(site: &Site<'_>, from: &str) {
    let patch = serde_json::json!({"spec": {"allowedNamespaces": {"from": from}}}).to_string();
    let arguments = [
        "patch",
        "providerkey",
        "openai",
        "--type=merge",
        "--namespace",
        &site.team,
        "--patch",
        &patch,
    ];
    site.cluster.kubectl(&arguments).await;
}

#[tokio::test]
async fn of_two_routes_for_a_model_the_older_has_it_until_it_goes() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;
    let younger = route("chat", &one_target("openai", "younger")).replace("name: chat", "name: a-younger");
    // An API server keeps whole seconds: of the same second, the first by name is the older.
    let created = site.get("llmroute", "chat").await.0["metadata"]["creationTimestamp"].clone();
    let created = created.as_str().expect("a time").to_owned();
    a_second_after(&created).await;
    site.apply_yaml(&younger).await;
    let object = site
        .says("llmroute", "a-younger", "Accepted", "False", "Conflicted")
        .await;
    let expected = format!("belongs to LLMRoute {}/chat", site.team);
    assert!(
        object.message("Accepted").contains(&expected),
        "{:?}",
        object.0["status"]
    );
    serves(&plane, "chat", "upstream").await;
    serves(&plane, &format!("{}/chat", site.team), "upstream").await;
    site.delete("llmroute", "chat").await;
    site.ready("llmroute", "a-younger", 1).await;
    serves(&plane, "chat", "younger").await;
}

#[tokio::test]
async fn a_provider_that_goes_is_told_by_its_routes() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let manifests = site.manifests().openai("second", &sim);
    site.apply(&manifests).await;
    let both = "steps: [{targets: [{providerKey: second, model: m}]}, {targets: [{providerKey: openai, model: spare}]}]";
    site.apply_yaml(&route("both", both)).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    serves(&plane, "both", "m").await;
    site.delete("providerkey", "second").await;
    let object = site
        .says("llmroute", "both", "ResolvedRefs", "False", "ProviderKeyNotFound")
        .await;
    assert_eq!(object.condition("Accepted"), Some(("True", "Accepted")));
    // What is left of the chain serves.
    serves(&plane, "both", "spare").await;
    site.apply(&manifests).await;
    site.ready("llmroute", "both", 1).await;
    serves(&plane, "both", "m").await;
}

#[tokio::test]
async fn deletion_in_any_order_leaves_the_rest_alone() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let orders = [
        ["secret", "providerkey", "llmroute"],
        ["llmroute", "secret", "providerkey"],
        ["providerkey", "llmroute", "secret"],
    ];
    for (index, order) in orders.into_iter().enumerate() {
        let name = format!("brief{index}");
        let manifests = site.manifests().openai(&name, &sim).to(&name, &name, "m");
        site.apply(&manifests).await;
        serves(&plane, &name, "m").await;
        for kind in order {
            site.delete(kind, &name).await;
            serves(&plane, "chat", "upstream").await;
        }
        fails(&plane, &name, "404").await;
    }
    site.ready("llmroute", "chat", 1).await;
}

#[tokio::test]
async fn a_broken_edit_leaves_the_last_good_version_in_force() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    with_a_sound_route(&site).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;
    let broken = route(
        "chat",
        &format!("when: request.nope(\n{}", one_target("openai", "other")),
    );
    site.apply_yaml(&broken).await;
    let object = site
        .says("llmroute", "chat", "Accepted", "False", "Invalid")
        .await;
    assert!(
        object.message("Accepted").starts_with("spec.rules[0].when: "),
        "{:?}",
        object.0["status"]
    );
    assert_eq!(object.condition("Programmed"), Some(("False", "LastGoodInForce")));
    assert_eq!(object.condition("Ready"), Some(("False", "Invalid")));
    assert_eq!(object.condition("Stalled"), Some(("True", "Invalid")));
    serves(&plane, "chat", "upstream").await;
    all_is_well(&plane).await;
    // A data plane that is new gets the last good version as well.
    let second = site.plane(&[&operator]).await;
    serves(&second, "chat", "upstream").await;
    site.apply_yaml(&route("chat", &one_target("openai", "mended")))
        .await;
    let object = site.ready("llmroute", "chat", 2).await;
    assert_eq!(object.condition("Stalled"), None);
    serves(&plane, "chat", "mended").await;
}

/// As when the definitions are newer than the operator.
#[tokio::test]
async fn an_object_that_cannot_be_read_stops_nothing() {
    let sim = sim();
    // Of its own: its definitions are others.
    let cluster = Cluster::start().await;
    let site = site(&cluster, &sim).await;
    let newer = include_str!("../../../crds/llmroutes.yaml");
    let newer = newer.replace(
        "- Weighted\n",
        "- Weighted\n                            - Newest\n",
    );
    cluster.apply(&newer).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    serves(&plane, "chat", "upstream").await;
    // One that was good, and one that is new. The API server takes a moment to know the definition.
    for name in ["chat", "other"] {
        let rule = "steps: [{pick: Newest, targets: [{providerKey: openai, model: m}]}]";
        let object =
            route(name, rule).replace("metadata: {", &format!("metadata: {{namespace: {}, ", site.team));
        until("the newer definition is in force", SOON, async || {
            cluster.try_apply(&object).await.ok()
        })
        .await;
        let object = site.says("llmroute", name, "Accepted", "False", "Invalid").await;
        assert!(
            object.message("Accepted").contains("cannot be read"),
            "{:#}",
            object.0["status"]
        );
    }
    serves(&plane, "chat", "upstream").await;
    // The watch goes on.
    site.apply_yaml(&route("chat", &one_target("openai", "readable")))
        .await;
    site.ready("llmroute", "chat", 1).await;
    serves(&plane, "chat", "readable").await;
}
