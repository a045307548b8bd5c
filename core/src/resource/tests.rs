use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::snapshot::cache::{CacheState, KeyPart, Partition, RedisStore, Store};
use crate::snapshot::samples::{
    broken_provider, cache, cache_with, pick, provider, race, route, rule, semantic, team,
};
use crate::snapshot::tasks::{Asked, Classifier, TaskClass, Tasks};
use crate::snapshot::{Access, SlowStream};

/// 32 bytes.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

fn everything() -> Snapshot {
    let mut full = rule(vec![pick(&["a", "b"]), race(&["a", "b"])]);
    full.when = Some(Arc::from("request.stream"));
    full.slow_stream = Some(SlowStream {
        min_characters_per_second: 10,
        window: Duration::from_millis(1500),
    });
    full.tasks = Some(tasks());
    let mut young = route(team("young"), &["young", "y*"], vec![full]);
    young.created = Some("2026-02-01T00:00:00Z".parse().expect("a time"));
    let mut old = route(team("old"), &["old"], vec![rule(vec![pick(&["gone"])])]);
    old.created = Some("2026-01-01T00:00:00Z".parse().expect("a time"));
    let mut broken = route(team("broken"), &["b"], Vec::new());
    broken.rules = RouteRules::Broken("spec.rules: is empty".to_owned());
    Snapshot {
        routes: vec![old, young, broken],
        providers: vec![
            provider("a", &[("s/one", 1), ("s/two", 0)]),
            broken_provider("b", "no Secret"),
        ],
        caches: caches(),
    }
}

fn tasks() -> Tasks {
    let code = TaskClass {
        name: Arc::from("code"),
        when: Some(Arc::from("request.code")),
        description: Some(Arc::from("writes programs")),
        examples: vec![Arc::from("Why does this loop never end?")],
        min_score: Some("0.8".parse().expect("a share")),
    };
    let asked = Asked {
        provider: team("a"),
        model: Arc::from("vectors"),
        timeout: Duration::from_millis(300),
    };
    Tasks {
        fallback: Arc::clone(&code.name),
        classes: vec![code],
        classifier: Classifier::Embedding {
            asked,
            min_margin: "0.05".parse().expect("a share"),
        },
    }
}

fn caches() -> Vec<Cache> {
    let redis = RedisStore {
        url: Secret::new("rediss://user:hunter2@redis:6380/3"),
        cluster: false,
        ca_pem: Some(Arc::from("PEM")),
        timeout: Duration::from_millis(20),
        encryption_key: Some(Secret::new(KEY)),
    };
    let full = cache_with("full", &["old", "young"], |rules| {
        rules.partition = Partition::Header(Arc::from("x-tenant"));
        rules.key.include = vec![
            KeyPart::Header(Arc::from("accept-language")),
            KeyPart::Member(Arc::from("user")),
        ];
        rules.key.exclude = vec![Arc::from("seed")];
        rules.store = Store::Redis(Arc::new(redis));
        rules.semantic = Some(semantic("a"));
    });
    let mut broken = cache("broken", &["broken"]);
    broken.rules = CacheState::Broken("no Secret".to_owned());
    vec![broken, full, cache("plain", &[])]
}

fn sent(snapshot: Snapshot) -> Vec<(ResourceName, Vec<u8>)> {
    Resource::of(snapshot)
        .map(|resource| (resource.name(), resource.encode().expect("encodes")))
        .collect()
}

fn received(sent: &[(ResourceName, Vec<u8>)]) -> Snapshot {
    let mut assembly = Assembly::default();
    for (name, bytes) in sent {
        let name: ResourceName = name.to_string().parse().expect("a name");
        assembly.insert(Resource::decode(&name, bytes).expect("decodes"));
    }
    assembly.snapshot()
}

/// Of the stores of caches: URLs and keys.
fn store_secrets(snapshot: &Snapshot) -> Vec<&str> {
    let ready = snapshot.caches.iter().filter_map(|cache| match &cache.rules {
        CacheState::Ready(rules) => Some(rules),
        CacheState::Broken(_) => None,
    });
    let redis = ready.filter_map(|rules| match &rules.store {
        Store::Redis(redis) => Some(redis),
        Store::Memory { .. } => None,
    });
    redis
        .flat_map(|redis| [Some(&redis.url), redis.encryption_key.as_ref()])
        .flatten()
        .map(Secret::expose)
        .collect()
}

fn credentials(snapshot: &Snapshot) -> Vec<&str> {
    let endpoints = snapshot
        .providers
        .iter()
        .filter_map(|provider| match &provider.access {
            Access::Ready(endpoint) => Some(endpoint),
            Access::Broken(_) => None,
        });
    endpoints
        .flat_map(|endpoint| &endpoint.keys)
        .map(|key| key.secret.expose())
        .collect()
}

proptest! {
    /// In whatever order resources come, the configuration is the one that was sent.
    #[test]
    fn a_configuration_arrives_as_it_was_sent(sent in Just(sent(everything())).prop_shuffle()) {
        let arrived = received(&sent);
        let as_json = |snapshot: &Snapshot| serde_json::to_value(snapshot).expect("serialises");
        prop_assert_eq!(as_json(&arrived), as_json(&everything()));
        let expected = everything();
        prop_assert_eq!(credentials(&arrived), credentials(&expected));
        prop_assert_eq!(store_secrets(&arrived), ["rediss://user:hunter2@redis:6380/3", KEY]);
    }

    #[test]
    fn nothing_that_comes_makes_it_panic(bytes: Vec<u8>, name: String) {
        let _ = name.parse::<ResourceName>();
        for kind in ResourceKind::ALL {
            prop_assert!(Resource::decode(&ResourceName::new(kind, team("a")), &bytes).is_err());
        }
    }
}

#[test]
fn credentials_are_on_the_wire_and_nowhere_else() {
    let bytes = sent(everything());
    let text = |name: &str| {
        let (_, bytes) = bytes
            .iter()
            .find(|(found, _)| found.to_string() == name)
            .expect(name);
        String::from_utf8(bytes.clone()).expect("is text")
    };
    assert!(text("provider/team/a").contains("secret-s/one"));
    assert!(text("cache/team/full").contains("hunter2") && text("cache/team/full").contains(KEY));
    let resources: Vec<_> = Resource::of(everything()).collect();
    let snapshot = serde_json::to_string(&everything()).expect("serialises");
    for shown in [format!("{resources:?}"), snapshot] {
        for secret in ["secret-s/one", "hunter2", KEY] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
}

#[test]
fn names_are_read_and_written() {
    for text in [
        "route/team/chat",
        "provider/team/openai",
        "cache/team/answers",
        "certificate/ns/ext-proc",
        "provider/team/other/key",
    ] {
        let name: ResourceName = text.parse().expect(text);
        assert_eq!(name.to_string(), text);
    }
    for text in [
        "",
        "route",
        "route/team",
        "route/team/",
        "route//chat",
        "secret/a/b",
    ] {
        assert!(
            matches!(text.parse::<ResourceName>(), Err(BadResource::Name(_))),
            "{text}"
        );
    }
}

/// The resource of this name with a change in its JSON.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Result<Resource, BadResource> {
    let all = sent(everything());
    let (name, bytes) = all
        .iter()
        .find(|(found, _)| found.to_string() == name)
        .expect(name);
    let mut value: Value = serde_json::from_slice(bytes).expect("is JSON");
    change(&mut value);
    Resource::decode(name, &serde_json::to_vec(&value).expect("serialises"))
}

/// A resource, a member of it that gets another value, and what is said to it.
type Unknown = (&'static str, &'static str, Value, &'static str);

fn unknown() -> [Unknown; 8] {
    [
        (
            "route/team/old",
            "/format",
            json!(2),
            "format version 2 is not known",
        ),
        (
            "route/team/old",
            "/object/rules/Rules/0/steps/0/Pick/pick",
            json!("Luckiest"),
            "Luckiest",
        ),
        (
            "route/team/young",
            "/object/rules/Rules/0/when",
            json!("request.nope("),
            "rules[0].when",
        ),
        (
            "route/team/young",
            "/object/rules/Rules/0/tasks/classes/0/when",
            json!("request.nope("),
            "rules[0].tasks.classes[0].when",
        ),
        (
            "route/team/young",
            "/object/rules/Rules/0/tasks/classifier",
            json!("Stars"),
            "cannot be read",
        ),
        (
            "provider/team/a",
            "/object/access/Ready/vendor",
            json!("Acme"),
            "the provider Acme is not known",
        ),
        (
            "provider/team/a",
            "/object/name/name",
            json!("other"),
            "the content is of team/other",
        ),
        ("provider/team/a", "/object/access", json!(7), "cannot be read"),
    ]
}

fn unknown_of_caches() -> [Unknown; 3] {
    [
        (
            "cache/team/full",
            "/object/rules/Ready/store/Redis/url",
            json!("memcached://user:hunter2@host"),
            "store.redis: the URL has no scheme redis or rediss",
        ),
        (
            "cache/team/full",
            "/object/rules/Ready/store/Redis/encryption_key",
            json!("hunter2"),
            "store.redis: the encryption key is not base64",
        ),
        (
            "cache/team/plain",
            "/object/rules/Ready/methods",
            json!(["Chat", "Video"]),
            "cannot be read",
        ),
    ]
}

#[test]
fn what_this_version_does_not_know_is_refused_with_its_reason() {
    for (name, pointer, value, expected) in unknown().into_iter().chain(unknown_of_caches()) {
        let found = changed(name, |json| *json.pointer_mut(pointer).expect(pointer) = value);
        let error = found.expect_err(pointer).to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
        assert!(!error.contains("hunter2"), "{pointer}: {error}");
    }
}

#[test]
fn a_member_that_a_newer_operator_adds_is_no_obstacle() {
    for name in ["route/team/old", "cache/team/full"] {
        changed(name, |json| json["object"]["newer"] = json!(1)).expect(name);
    }
}

#[test]
fn an_identity_arrives_with_its_key() {
    let identity = Identity {
        name: team("ext-proc"),
        chain: Arc::from("PEM"),
        key: Secret::new("KEY"),
    };
    let resource = Resource::Certificate(Arc::new(identity.clone()));
    let bytes = resource.encode().expect("encodes");
    let mut assembly = Assembly::default();
    assembly.insert(Resource::decode(&resource.name(), &bytes).expect("decodes"));
    assert_eq!(assembly.identities().collect::<Vec<_>>(), [&Arc::new(identity)]);
    assembly.remove(&resource.name());
    assert_eq!(assembly.identities().count(), 0);
}
