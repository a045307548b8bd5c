//! From a commit to the traffic and the status, and back by a revert.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::site::{Object, SOON};
use wayleave_tests::{Cluster, Manifests, Operator, Plane, Site, until};

use super::agent::Agent;
use super::kstatus::Kstatus;
use super::lua::Health;
use super::repository::Repository;

/// Calls that are counted.
const CALLS: usize = 60;
/// Between two looks at an object.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A cluster's place whose objects come from git; the Secrets do not.
struct Scene<'c> {
    site: Site<'c>,
    repository: Repository,
    plane: Plane,
    agent: Agent,
    _operator: Operator,
    sim: Sim,
}

impl Scene<'static> {
    async fn new() -> Self {
        let sim = Sim::start(SimOptions::default()).expect("a simulated provider");
        let site = Site::new(Cluster::shared().await).await;
        let manifests = site.manifests().openai("first", &sim).openai("second", &sim);
        let (secrets, keys) = apart(&manifests);
        site.apply_yaml(&secrets).await;
        let repository = Repository::new();
        let commit = |file, manifest: &str| repository.commit(file, &placed(manifest, &site.team), "Add it");
        commit("keys.yaml", &keys);
        commit("sound.yaml", &route("sound", &one_target("first", "sound")));
        commit("chat.yaml", &weighted(1, 0));
        let operator = site.operator().await;
        let plane = site.plane(&[&operator]).await;
        let agent = Agent::start(&site, &repository);
        Self {
            site,
            repository,
            plane,
            agent,
            _operator: operator,
            sim,
        }
    }

    fn commit(&self, file: &str, manifest: &str, message: &str) {
        self.repository
            .commit(file, &placed(manifest, &self.site.team), message);
    }

    /// Waits until Argo CD would show this of the route `chat`; the object.
    async fn shows(&self, status: &str, message: &str) -> Object {
        self.shows_of("llmroute", "chat", status, message).await
    }

    /// The same of any object.
    async fn shows_of(&self, kind: &str, name: &str, status: &str, message: &str) -> Object {
        let end = Instant::now() + SOON;
        loop {
            let found = self.try_get(kind, name).await;
            let health = found.as_ref().map(|object| Health::of(&object.0));
            let shown = |health: &Health| health.status == status && health.message.contains(message);
            match (found, health) {
                (Some(object), Some(health)) if shown(&health) => return object,
                (_, health) => assert!(
                    Instant::now() < end,
                    "{kind} {name}: {status} is not shown, but {health:?}"
                ),
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// An object that need not be there yet.
    async fn try_get(&self, kind: &str, name: &str) -> Option<Object> {
        let arguments = ["get", kind, name, "--namespace", &self.site.team, "--output=json"];
        let text = self.site.cluster.try_kubectl(&arguments).await.ok()?;
        serde_json::from_str(&text).ok().map(Object)
    }

    /// Which models serve [`CALLS`] calls for `model`.
    async fn served(&self, model: &str) -> BTreeMap<String, usize> {
        let mut served = BTreeMap::new();
        for _ in 0..CALLS {
            let answer = self.plane.client().chat(model).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
            let upstream = answer.json()["model"].as_str().expect("a model").to_owned();
            *served.entry(upstream).or_default() += 1;
        }
        served
    }

    async fn all_by(&self, model: &str, upstream: &str) {
        assert_eq!(
            self.served(model).await,
            BTreeMap::from([(upstream.to_owned(), CALLS)])
        );
    }
}

/// The Secrets, and all else.
fn apart(manifests: &Manifests) -> (String, String) {
    let documents = manifests.yaml().split("---\n");
    let (secrets, others): (Vec<&str>, Vec<&str>) = documents
        .filter(|document| !document.trim().is_empty())
        .partition(|document| document.contains("kind: Secret"));
    (secrets.join("---\n"), others.join("---\n"))
}

/// With the namespace, which Argo CD itself would write in before it hands objects to its sync engine.
fn placed(manifest: &str, namespace: &str) -> String {
    manifest.replace("metadata: {", &format!("metadata: {{namespace: {namespace}, "))
}

/// The route `chat`, split between two models.
fn weighted(first: u32, second: u32) -> String {
    let targets = [("first", first), ("second", second)]
        .map(|(key, weight)| format!("{{providerKey: {key}, model: from-{key}, weight: {weight}}}"));
    route(
        "chat",
        &format!("steps: [{{pick: Weighted, targets: [{}]}}]", targets.join(", ")),
    )
}

fn generation(object: &Object) -> i64 {
    object.0["metadata"]["generation"].as_i64().expect("a generation")
}

#[tokio::test]
async fn a_commit_shifts_the_traffic_and_the_status_tells_it() {
    let scene = Scene::new().await;
    let before = scene.shows("Healthy", "1/1 data plane").await;
    scene.all_by("chat", "from-first").await;

    scene.commit("chat.yaml", &weighted(1, 1), "Half and half");
    until("both serve", SOON, async || {
        (scene.served("chat").await.len() == 2).then_some(())
    })
    .await;

    scene.commit("chat.yaml", &weighted(0, 1), "All to the second");
    let newest = generation(&before) + 2;
    until("the newest generation is there", SOON, async || {
        (generation(&scene.site.get("llmroute", "chat").await) == newest).then_some(())
    })
    .await;
    let after = scene.shows("Healthy", "1/1 data plane").await;
    assert_eq!(after.0["status"]["observedGeneration"], newest);
    assert_eq!(Kstatus::of(&after.0), Kstatus::Current);
    // The status does not run ahead of the traffic.
    scene.all_by("chat", "from-second").await;
    scene.all_by("sound", "sound").await;
}

#[tokio::test]
async fn a_broken_commit_is_shown_while_the_old_route_serves_and_a_revert_heals_it() {
    let scene = Scene::new().await;
    scene.shows("Healthy", "1/1 data plane").await;
    let broken = format!("when: request.nope(\n{}", one_target("second", "from-second"));
    scene.commit("chat.yaml", &route("chat", &broken), "Break the route");
    let object = scene
        .shows("Degraded", "Accepted is False (Invalid): spec.rules[0].when: ")
        .await;
    let health = Health::of(&object.0);
    assert!(
        health
            .message
            .contains("; Programmed is False (LastGoodInForce): "),
        "{health:?}"
    );
    assert_eq!(object.condition("Accepted"), Some(("False", "Invalid")));
    assert_eq!(Kstatus::of(&object.0), Kstatus::Failed);
    scene.all_by("chat", "from-first").await;
    scene.all_by("sound", "sound").await;
    scene.site.ready("llmroute", "sound", 1).await;

    scene.repository.revert();
    let healed = scene.shows("Healthy", "1/1 data plane").await;
    assert_eq!(generation(&healed), generation(&object) + 1);
    scene.all_by("chat", "from-first").await;
}

#[tokio::test]
async fn what_the_schema_refuses_stops_the_sync_and_nothing_else() {
    let mut scene = Scene::new().await;
    let before = scene.shows("Healthy", "1/1 data plane").await;
    scene.commit("chat.yaml", &weighted(0, 0), "Give nobody a share");
    until("the sync engine tells it", SOON, async || {
        let log = scene.agent.log();
        log.contains("has only weights of 0: give at least one target a share")
            .then_some(())
    })
    .await;
    let after = scene.shows("Healthy", "1/1 data plane").await;
    assert_eq!(generation(&after), generation(&before));
    scene.all_by("chat", "from-first").await;
}

#[tokio::test]
async fn a_route_that_leaves_git_leaves_the_cluster() {
    let scene = Scene::new().await;
    scene.shows("Healthy", "1/1 data plane").await;
    scene.commit("sound.yaml", "", "Remove a route");
    until("it is being deleted", SOON, async || {
        let object = scene.site.get("llmroute", "sound").await;
        let deleted = Health::of(&object.0).message == "is being deleted";
        assert!(!deleted || Kstatus::of(&object.0) == Kstatus::Terminating);
        deleted.then_some(())
    })
    .await;
    // The engine leaves the end to the garbage collector, and this cluster has none.
    let patch = ["--type=merge", r#"--patch={"metadata": {"finalizers": null}}"#];
    let arguments = ["patch", "llmroute", "sound", "--namespace", &scene.site.team];
    scene
        .site
        .cluster
        .kubectl(&[&arguments[..], &patch].concat())
        .await;
    until("calls for it are not served", SOON, async || {
        (scene.plane.client().chat("sound").await.status.as_u16() == 404).then_some(())
    })
    .await;
    scene.all_by("chat", "from-first").await;
}

#[tokio::test]
async fn nothing_drifts_and_what_somebody_changes_by_hand_is_put_back() {
    let mut scene = Scene::new().await;
    let before = scene.shows("Healthy", "1/1 data plane").await;
    let count = |log: &str, what: &str| {
        log.matches(&format!("'llmroute.wayleave.dev/chat {what}'"))
            .count()
    };
    let syncs = count(&scene.agent.log(), "unchanged");
    until("three more syncs", SOON, async || {
        (count(&scene.agent.log(), "unchanged") >= syncs + 3).then_some(())
    })
    .await;
    assert_eq!(count(&scene.agent.log(), "configured"), 0);
    assert_eq!(
        generation(&scene.site.get("llmroute", "chat").await),
        generation(&before)
    );

    let patch = r#"--patch={"spec": {"models": ["chat", "by-hand"]}}"#;
    let arguments = ["patch", "llmroute", "chat", "--namespace", &scene.site.team];
    scene
        .site
        .cluster
        .kubectl(&[&arguments[..], &["--type=merge", patch]].concat())
        .await;
    until("it is put back", SOON, async || {
        let object = scene.site.get("llmroute", "chat").await;
        (generation(&object) == generation(&before) + 2).then_some(())
    })
    .await;
    let after = scene.shows("Healthy", "1/1 data plane").await;
    assert_eq!(after.0["spec"], before.0["spec"]);
}

#[tokio::test]
async fn a_secret_that_comes_late_heals_its_key_without_a_commit() {
    let scene = Scene::new().await;
    let manifests = scene
        .site
        .manifests()
        .openai("late", &scene.sim)
        .to("late", "late", "upstream");
    let (secrets, others) = apart(&manifests);
    scene.commit("late.yaml", &others, "Add a key whose Secret is still to come");
    scene
        .shows_of("providerkey", "late", "Degraded", "(SecretNotFound)")
        .await;
    scene
        .shows_of("llmroute", "late", "Degraded", "(ProviderKeyBroken)")
        .await;
    scene.all_by("chat", "from-first").await;
    scene.site.apply_yaml(&secrets).await;
    scene
        .shows_of("providerkey", "late", "Healthy", "1/1 data plane")
        .await;
    scene
        .shows_of("llmroute", "late", "Healthy", "1/1 data plane")
        .await;
    scene.all_by("late", "upstream").await;
}
