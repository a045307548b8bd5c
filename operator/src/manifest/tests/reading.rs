use wayleave_core::snapshot::ObjectName;

use super::*;
use crate::object::SecretEntry;

fn errors(texts: &[(&str, &str)]) -> Vec<String> {
    read(texts).errors.iter().map(ToString::to_string).collect()
}

#[test]
fn reads_every_kind_in_yaml_and_json() {
    let list = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a", "labels": {"tier": "gold"}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca"}, "data": {"ca.crt": "x"}}
    ]}"#;
    let policy = "apiVersion: wayleave.dev/v1alpha1\nkind: CachePolicy\nmetadata: {name: c}\nspec: {targetRefs: [{kind: LLMRoute, \
                  name: chat}], ttl: 10m}\nstatus: {whatever: kubectl get wrote}\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: team-a}\ntype: Opaque\nstringData: {a: 'x${KEY}$$'}\n\
                  data: {a: b2xk, b: c2stYg==}\n";
    let both = [
        route("chat", "chat", "vllm"),
        key("vllm", "http://vllm"),
        policy.to_owned(),
    ]
    .join("---\n");
    let manifests = read(&[
        ("all.yml", &both),
        ("list.json", list),
        ("s.yaml", secret),
        ("README.md", "# no: manifest: :"),
    ]);

    assert_eq!((manifests.errors, manifests.notes), (vec![], vec![]));
    let objects = manifests.objects;
    assert!(objects.routes.contains_key(&ObjectName::new("default", "chat")));
    assert!(
        objects
            .provider_keys
            .contains_key(&ObjectName::new("default", "vllm"))
    );
    assert!(
        objects
            .cache_policies
            .contains_key(&ObjectName::new("default", "c"))
    );
    assert_eq!(objects.namespaces["team-a"]["tier"], "gold");
    assert_eq!(
        objects.config_maps[&ObjectName::new("default", "ca")]["ca.crt"],
        "x"
    );
    let entries = &objects.secrets[&ObjectName::new("team-a", "s")];
    assert_eq!(entries["a"], SecretEntry::from_bytes(b"xsk-secret$".to_vec()));
    assert_eq!(entries["b"], SecretEntry::from_bytes(b"sk-b".to_vec()));
}

/// What is put in the place of what, and what is then said.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "  models:",
        "  modls:",
        "6: LLMRoute default/chat: spec.modls: unknown field `modls`, did you mean `models`?",
    ),
    (
        "- providerKey: vllm",
        "- providerKey: vllm\n        wieght: 1",
        "12: LLMRoute default/chat: spec.rules[0].steps[0].targets[0].wieght: unknown field `wieght`, did you mean `weight`?",
    ),
    (
        "- providerKey: vllm",
        "- model: m",
        "11: LLMRoute default/chat: spec.rules[0].steps[0].targets[0].providerKey: is missing",
    ),
    (
        "v1alpha1",
        "v1beta1",
        "1: apiVersion: `wayleave.dev/v1beta1` has no LLMRoute: write wayleave.dev/v1alpha1",
    ),
    (
        "wayleave.dev/v1alpha1",
        "v1",
        "1: apiVersion: `v1` has no LLMRoute: write wayleave.dev/v1alpha1",
    ),
    (
        "apiVersion: wayleave.dev/v1alpha1\n",
        "",
        "1: apiVersion: is missing",
    ),
    ("kind: LLMRoute\n", "", "1: kind: is missing"),
    (
        "LLMRoute",
        "LLMRout",
        "2: kind: unknown kind `LLMRout`, did you mean `LLMRoute`?",
    ),
    (
        "LLMRoute",
        "Budget",
        "2: kind: unknown kind `Budget`; there are ProviderKey, LLMRoute, CachePolicy",
    ),
    (
        "  name: chat",
        "  labels: {}",
        "3: metadata.name: is missing: every LLMRoute needs a name",
    ),
    (
        "  name: chat",
        "  name: Chat",
        "4: metadata.name: `Chat` is not a name: use small letters, digits, `-` and `.`, begin and end with a letter or \
         digit, at most 253",
    ),
    (
        "  name: chat",
        "  name: 7",
        "4: metadata.name: has to be a string: write it in quotes",
    ),
    (
        "  name: chat",
        "  name: chat\n  lables: {}",
        "5: LLMRoute default/chat: metadata.lables: unknown field `lables`, did you mean `labels`?",
    ),
    (
        "  models:\n  - chat",
        "  models: chat",
        "6: LLMRoute default/chat: spec.models: is a string, but has to be a list",
    ),
    (
        "  - chat",
        "  - 7",
        "7: LLMRoute default/chat: spec.models[0]: is a number: write it in quotes",
    ),
    (
        "- targets:",
        "- pick: Weightd\n      targets:",
        "10: LLMRoute default/chat: spec.rules[0].steps[0].pick: unknown value `Weightd`, did you mean `Weighted`?",
    ),
    (
        "spec:",
        "spce:",
        "5: LLMRoute default/chat: spce: unknown field `spce`, did you mean `spec`?",
    ),
    (
        "  models:",
        "  models: [",
        "7: this document cannot be read: did not find expected node content",
    ),
    (
        "  rules:",
        "\trules:",
        "8: this document cannot be read: found a tab character that violates indentation",
    ),
    (
        "  models:",
        "  rules: []\n  models:",
        "6: this document cannot be read: spec: duplicate entry with key \"rules\"",
    ),
];

#[test]
fn says_what_is_wrong_where_and_what_to_do() {
    for (from, to, error) in MISTAKES {
        let found = errors(&[("a.yaml", &route("chat", "chat", "vllm").replace(from, to))]);
        assert_eq!(
            found.first(),
            Some(&format!("a.yaml:{error}")),
            "{from} -> {to}: {found:#?}"
        );
    }
    assert_eq!(
        errors(&[("a.yaml", "- a\n")]),
        ["a.yaml:1: is no Kubernetes object: write apiVersion, kind and metadata"]
    );
}

#[test]
fn tells_all_errors_of_all_objects_and_keeps_the_rest() {
    let bad = "# a file\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: ${NOPE}\n  b: ${\ndata:\n  c: '%'\n";
    let text = [
        bad,
        &route("one", "one", "k"),
        "a: [\n",
        &route("two", "two", "k").replace("spec", "spek"),
        &route("one", "x", "k"),
    ]
    .join("---\n");
    let manifests = read(&[("a.yaml", &text)]);
    let found: Vec<_> = manifests.errors.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 7, "{found:#?}");
    assert!(
        found[0].starts_with("a.yaml:9: Secret default/s: data.c: is not base64"),
        "{}",
        found[0]
    );
    assert!(
        found[1].starts_with(
            "a.yaml:6: Secret default/s: stringData.a: the environment variable NOPE is not set"
        ),
        "{}",
        found[1]
    );
    assert!(
        found[2].starts_with("a.yaml:7: Secret default/s: stringData.b: `${`"),
        "{}",
        found[2]
    );
    assert!(
        found[3].starts_with("a.yaml:23: this document cannot be read"),
        "{}",
        found[3]
    );
    assert!(
        found[4].ends_with("spek: unknown field `spek`, did you mean `spec`?"),
        "{}",
        found[4]
    );
    assert!(found[5].ends_with("spec: is missing"), "{}", found[5]);
    assert_eq!(
        found[6],
        "a.yaml:37: LLMRoute default/one: is defined a second time: it stands in a.yaml:11 already, remove one"
    );
    let names: Vec<_> = manifests.objects.routes.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["default/one"]);
    assert!(
        manifests
            .objects
            .routes
            .values()
            .all(|route| route.spec.models == ["one"])
    );
}

#[test]
fn passes_over_other_kinds_with_a_note() {
    let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: vllm}\n---\napiVersion: bitnami.com/v1\nkind: Secret\n";
    let manifests = read(&[("a.yaml", other)]);
    assert_eq!(manifests.errors, vec![]);
    let notes: Vec<_> = manifests.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "a.yaml:1: Deployment vllm is not a kind of ours: ignored",
            "a.yaml:5: Secret without a name is not a kind of ours: ignored"
        ]
    );
}

#[test]
fn an_object_in_a_list_has_its_own_line() {
    let item = route("chat", "chat", "k")
        .replace("models", "modls")
        .replace('\n', "\n  ");
    let text = format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n");
    assert_eq!(
        errors(&[("a.yaml", &text)])[0],
        "a.yaml:9: LLMRoute default/chat: spec.modls: unknown field `modls`, did you mean `models`?"
    );
}

#[test]
fn round_trips_what_it_reads() {
    let text = route("chat", "chat", "vllm");
    let first = read(&[("a.yaml", &text)]).objects;
    let object = first.routes.values().next().expect("was read");
    let again = serde_yaml::to_string(object).expect("serialises");
    assert_eq!(read(&[("a.yaml", &again)]).objects, first);
    let plain = serde_json::to_value(object).expect("serialises");
    let written: serde_json::Value = serde_yaml::from_str(&text).expect("reads");
    assert_eq!(plain, written, "nothing is added to what the user wrote");
}

#[test]
fn a_credential_is_in_no_message() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: 12345678, b: true}\ndata: {c: sk-12345678}\n";
    let key = "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {name: k}\nspec: {provider: OpenAI, secretRefs: [{name: t, \
               key: a}], endpoint: 'http://h/?k=x'}\n";
    let fine = "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\nstringData: {a: 'sk 12345678'}\n";
    let manifests = read(&[("a.yaml", &[secret, key, fine].join("---\n"))]);
    let debug = format!("{manifests:?}");
    let (_, snapshot, report) = update(&Accepted::default(), manifests.clone());
    let json = serde_json::to_string(&(&report, &snapshot)).expect("serialises");
    assert!(report.errors.len() >= 2 && report.objects.len() == 1, "{report}");
    for text in [report.to_string(), json, format!("{snapshot:?}"), debug] {
        assert!(!text.contains("12345678"), "{text}");
    }
}
