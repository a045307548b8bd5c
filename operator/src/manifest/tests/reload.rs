use wayleave_core::snapshot::cache::CacheState;
use wayleave_core::snapshot::{Access, RouteRules, Snapshot, Step};

use super::super::report::InForce;
use super::*;
use crate::compile::verdict::Severity;

/// What runs: each route's models and first target, each key's URL or reason, each cache's routes and its age or reason.
fn running(snapshot: &Snapshot) -> Vec<String> {
    let routes = snapshot.routes.iter().map(|route| {
        let models: Vec<_> = route.models.iter().map(|model| &*model.pattern).collect();
        let target = match &route.rules {
            RouteRules::Broken(reason) => reason.clone(),
            RouteRules::Rules(rules) => match &rules[0].steps[0] {
                Step::Pick { targets, .. } | Step::Race { targets, .. } => targets[0].provider.to_string(),
            },
        };
        format!("{} [{}] -> {target}", route.name, models.join(" "))
    });
    let keys = snapshot.providers.iter().map(|provider| match &provider.access {
        Access::Ready(endpoint) => format!("{} {}", provider.name, endpoint.url),
        Access::Broken(reason) => format!("{} {reason}", provider.name),
    });
    let caches = snapshot.caches.iter().map(|cache| {
        let routes: Vec<_> = cache.routes.iter().map(ToString::to_string).collect();
        let rules = match &cache.rules {
            CacheState::Ready(rules) => format!("{:?}", rules.ttl),
            CacheState::Broken(reason) => reason.clone(),
        };
        format!("{} [{}] {rules}", cache.name, routes.join(" "))
    });
    routes.chain(keys).chain(caches).collect()
}

/// Reads one set of files after another; the last one's outcome.
fn reload(steps: &[&[(&str, &str)]]) -> (Vec<String>, Report) {
    let mut accepted = Accepted::default();
    let mut last = (Vec::new(), Report::default());
    for texts in steps {
        let (next, snapshot, report) = update(&accepted, read(texts));
        accepted = next;
        last = (running(&snapshot), report);
    }
    last
}

const GOOD: [&str; 2] = ["default/chat [chat] -> default/k", "default/k http://old"];

fn good() -> (String, String) {
    (route("chat", "chat", "k"), key("k", "http://old"))
}

#[test]
fn a_good_change_is_in_force() {
    let (route, key) = good();
    let new = super::key("k", "http://new");
    let (now, report) = reload(&[
        &[("r.yaml", &route), ("k.yaml", &key)],
        &[("r.yaml", &route), ("k.yaml", &new)],
    ]);
    assert_eq!(now, ["default/chat [chat] -> default/k", "default/k http://new"]);
    assert_eq!(
        (report.severity(), report.objects[0].in_force),
        (Severity::Ok, InForce::AsWritten)
    );
}

#[test]
fn an_unreadable_file_keeps_its_objects_and_no_others() {
    let (route, key) = good();
    let new = super::key("k", "http://new");
    let (now, report) = reload(&[
        &[("r.yaml", &route), ("k.yaml", &key)],
        &[("r.yaml", "spec: ["), ("k.yaml", &new)],
    ]);
    assert_eq!(now, ["default/chat [chat] -> default/k", "default/k http://new"]);
    assert_eq!(
        (report.severity(), report.objects[1].in_force),
        (Severity::Broken, InForce::LastGood)
    );
}

#[test]
fn an_unreadable_object_stays_and_its_neighbours_change() {
    let (route, key) = good();
    let first = [route.as_str(), &key].join("---\n");
    let second = [
        route.replace("models", "modls").as_str(),
        &super::key("k", "http://new"),
    ]
    .join("---\n");
    let (now, report) = reload(&[&[("a.yaml", &first)], &[("a.yaml", &second)]]);
    assert_eq!(now, ["default/chat [chat] -> default/k", "default/k http://new"]);
    assert_eq!(report.errors[0].line, 6);
    assert!(
        report
            .to_string()
            .contains("kept     a.yaml:1: LLMRoute default/chat: the last good version stays in force"),
        "{report}"
    );
}

#[test]
fn a_broken_object_stays_as_it_was() {
    let (route, key) = good();
    let start: &[(&str, &str)] = &[("r.yaml", &route), ("k.yaml", &key)];
    let broken_key = super::key("k", "ftp://new");
    for second in [
        [
            ("r.yaml", route.replace("chat\n  rules", "'*chat'\n  rules")),
            ("k.yaml", key.clone()),
        ],
        [
            ("r.yaml", route.replace("Key: k", "Key: typo")),
            ("k.yaml", key.clone()),
        ],
        [("r.yaml", route.clone()), ("k.yaml", broken_key)],
    ] {
        let second: Vec<_> = second.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let (now, report) = reload(&[start, &second]);
        assert_eq!(now, GOOD, "{report}");
        assert_eq!(report.severity(), Severity::Broken);
        assert_eq!(
            report
                .objects
                .iter()
                .filter(|entry| entry.in_force == InForce::LastGood)
                .count(),
            1,
            "{report}"
        );
        // It stays however often the folder is read, and is mended by a good version.
        let (now, _) = reload(&[start, &second, &second, &second]);
        assert_eq!(now, GOOD);
        let (_, report) = reload(&[start, &second, start]);
        assert_eq!(report.severity(), Severity::Ok);
    }
}

#[test]
fn a_good_route_changes_although_its_key_is_broken() {
    let (route, key) = good();
    let changed = super::route("chat", "talk", "k");
    let (now, report) = reload(&[
        &[("r.yaml", &route), ("k.yaml", &key)],
        &[("r.yaml", &changed), ("k.yaml", &super::key("k", "ftp://x"))],
    ]);
    assert_eq!(
        now,
        ["default/chat [talk] -> default/k", "default/k http://old"],
        "{report}"
    );
}

#[test]
fn what_is_deleted_is_gone() {
    let (route, key) = good();
    let start: &[(&str, &str)] = &[("r.yaml", &route), ("k.yaml", &key)];
    let (now, report) = reload(&[start, &[("r.yaml", &route)]]);
    assert_eq!(now, ["default/chat [chat] -> default/k"]);
    assert_eq!(
        (report.severity(), report.objects[0].in_force),
        (Severity::Broken, InForce::AsWritten)
    );
    let (now, _) = reload(&[start, &[("k.yaml", &key)]]);
    assert_eq!(now, ["default/k http://old"]);
    let (now, report) = reload(&[start, &[]]);
    assert_eq!((now, report.severity()), (vec![], Severity::Ok));
}

#[test]
fn at_the_start_a_broken_object_is_there_with_its_reason() {
    let route = route("chat", "chat", "k").replace("- targets", "- explore: \"2\"\n      targets");
    let (now, report) = reload(&[&[("r.yaml", &route), ("k.yaml", &key("k", "http://old"))]]);
    assert!(now[0].contains("pick: Fastest or Best only"), "{now:?}");
    assert_eq!(report.objects[1].in_force, InForce::No);
    assert_eq!(
        report.to_string(),
        "ok       k.yaml:1: ProviderKey default/k\n\
         broken   r.yaml:10: LLMRoute default/chat: spec.rules[0].steps[0].explore: has an effect with pick: \
         Fastest or Best only: remove it\n2 objects: 1 ok, 1 broken\n"
    );
}

#[test]
fn a_name_that_is_taken_by_an_edit_stays_where_it_was() {
    let (route, key) = good();
    let (other, thief) = (super::route("zoo", "zoo", "k"), super::route("zoo", "chat", "k"));
    let first = [route.as_str(), &other, &key].join("---\n");
    let second = [route.as_str(), &thief, &key].join("---\n");
    let (now, report) = reload(&[&[("a.yaml", &first)], &[("a.yaml", &second)]]);
    assert_eq!(
        now,
        [
            "default/chat [chat] -> default/k",
            "default/zoo [zoo] -> default/k",
            "default/k http://old"
        ],
        "{report}"
    );
    assert_eq!(report.severity(), Severity::Broken);
}

#[test]
fn an_object_that_is_defined_twice_stays_as_it_was() {
    let (route, key) = good();
    let start: &[(&str, &str)] = &[("r.yaml", &route), ("k.yaml", &key)];
    let (now, _) = reload(&[
        start,
        &[("a.yaml", &super::route("chat", "talk", "k")), start[0], start[1]],
    ]);
    assert_eq!(now, GOOD);
}

#[test]
fn a_secret_whose_variable_is_gone_keeps_its_last_value() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: '${KEY}'}\n";
    let key = "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {name: k}\nspec: {provider: OpenAI, secretRefs: [{name: s, \
               key: a}]}\n";
    let lost = secret.replace("KEY", "GONE");
    let (now, report) = reload(&[
        &[("s.yaml", secret), ("k.yaml", key)],
        &[("s.yaml", &lost), ("k.yaml", key)],
    ]);
    assert_eq!(now, ["default/k https://api.openai.com/v1"], "{report}");
    assert!(report.errors[0].message.contains("GONE is not set"), "{report}");
}

#[test]
fn a_report_is_also_json() {
    let (_, report) = reload(&[&[
        ("r.yaml", &route("chat", "'*x'", "k")),
        ("n.yaml", "apiVersion: v1\nkind: Pod\n"),
    ]]);
    let json = serde_json::to_value(&report).expect("serialises");
    assert_eq!(json["objects"][0]["kind"], "LLMRoute");
    assert_eq!(json["objects"][0]["namespace"], "default");
    assert_eq!(json["objects"][0]["in_force"], "no");
    assert_eq!(json["objects"][0]["problems"][0]["place"], "r.yaml:7");
    assert_eq!(json["objects"][0]["problems"][0]["field"], "spec.models[0]");
    assert_eq!(json["notes"][0]["line"], 1);
}

/// A policy of the route `chat`.
fn policy(name: &str, ttl: &str) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: CachePolicy\nmetadata:\n  name: {name}\nspec:\n  targetRefs:\n  - kind: \
         LLMRoute\n    name: chat\n  ttl: {ttl}\n"
    )
}

/// What runs beside [`GOOD`].
fn caches(steps: &[&str]) -> (Vec<String>, Report) {
    let (route, key) = good();
    let good: [(&str, &str); 2] = [("r.yaml", &route), ("k.yaml", &key)];
    let steps: Vec<_> = (steps.iter())
        .map(|policies| [good.as_slice(), &[("c.yaml", *policies)]].concat())
        .collect();
    let steps: Vec<_> = steps.iter().map(Vec::as_slice).collect();
    let (now, report) = reload(&steps);
    assert_eq!(now[..2], GOOD);
    (now[2..].to_vec(), report)
}

#[test]
fn a_cache_that_breaks_stays_as_it_was() {
    let (now, report) = caches(&[&policy("c", "10m"), &policy("c", "0s")]);
    assert_eq!(now, ["default/c [default/chat] 600s"]);
    assert_eq!(report.objects[2].in_force, InForce::LastGood);
    // From the start there is nothing to keep.
    let (now, report) = caches(&[&policy("c", "0s")]);
    let reason = "spec.ttl: 0s is too short: write at least 1s";
    assert_eq!(now, [format!("default/c [default/chat] {reason}")]);
    assert_eq!(report.objects[2].in_force, InForce::No);
}

#[test]
fn of_two_new_caches_of_a_route_the_first_by_name_has_it() {
    let both = [policy("b", "10m"), policy("a", "20m")].join("---\n");
    let (now, _) = caches(&[&both]);
    assert_eq!(now, ["default/a [default/chat] 1200s", "default/b [] 600s"]);
    let (now, report) = caches(&[&both, &policy("b", "10m")]);
    assert_eq!(now, ["default/b [default/chat] 600s"]);
    assert_eq!(report.severity(), Severity::Ok);
}
