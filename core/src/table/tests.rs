use super::*;
use crate::snapshot::cache::{Cache, CacheState};
use crate::snapshot::samples::{
    broken_provider, cache, cache_with, pick, provider, route, rule, semantic, serving, team,
};
use crate::snapshot::{Access, RouteRules, Rule, Step};
use crate::vendor::Vendor;

fn claims(routes: &[(&str, &str, &[&str])]) -> Table {
    let routes = routes
        .iter()
        .map(|(namespace, name, models)| route(ObjectName::new(*namespace, *name), models, Vec::new()));
    Table::build(Snapshot {
        routes: routes.collect(),
        providers: Vec::new(),
        ..Snapshot::default()
    })
}

fn found(table: &Table, model: &str) -> String {
    table.route(model).map_or_else(
        |refusal| refusal.code().to_owned(),
        |route| route.name.to_string(),
    )
}

#[test]
fn a_model_is_found_by_its_exact_name_only() {
    let table = claims(&[("a", "chat", &["chat", "talk"])]);
    assert_eq!(found(&table, "chat"), "a/chat");
    assert_eq!(found(&table, "talk"), "a/chat");
    for model in ["", "cha", "chat2", "Chat", "chat ", "a/", "/chat", "b/chat"] {
        assert_eq!(found(&table, model), "model_not_found", "{model:?}");
    }
}

#[test]
fn an_unknown_model_is_named_in_the_refusal() {
    let refusal = claims(&[]).route("gpt-9").expect_err("no route");
    assert_eq!(
        refusal,
        Refusal::UnknownModel {
            model: "gpt-9".into()
        }
    );
}

#[test]
fn namespace_and_model_always_work() {
    let table = claims(&[("a", "chat", &["chat", "gpt-*"]), ("b", "chat", &["chat"])]);
    assert_eq!(found(&table, "a/chat"), "a/chat");
    assert_eq!(found(&table, "a/gpt-4.1"), "a/chat");
    assert_eq!(found(&table, "b/chat"), "b/chat");
    assert_eq!(found(&table, "b/gpt-4.1"), "model_not_found");
}

#[test]
fn of_two_that_claim_a_name_the_older_wins() {
    let table = claims(&[
        ("b", "older", &["chat", "gpt-*"]),
        ("a", "younger", &["chat", "gpt-*"]),
    ]);
    assert_eq!(found(&table, "chat"), "b/older");
    assert_eq!(found(&table, "gpt-4.1"), "b/older");
    assert_eq!(found(&table, "a/chat"), "a/younger");
}

#[test]
fn a_route_that_lost_its_name_keeps_the_one_with_its_namespace() {
    let mut younger = route(ObjectName::new("b", "younger"), &["chat", "talk"], Vec::new());
    younger.models[0].owned = false;
    let older = route(ObjectName::new("a", "older"), &["other"], Vec::new());
    let table = Table::build(Snapshot {
        routes: vec![older, younger],
        providers: Vec::new(),
        ..Snapshot::default()
    });
    assert_eq!(found(&table, "chat"), "model_not_found");
    assert_eq!(found(&table, "b/chat"), "b/younger");
    assert_eq!(found(&table, "talk"), "b/younger");
}

#[test]
fn the_exact_name_then_the_longest_prefix_wins() {
    let table = claims(&[
        ("a", "all", &["*"]),
        ("a", "gpt", &["gpt-*"]),
        ("a", "gpt4", &["gpt-4*"]),
        ("a", "exact", &["gpt-4.1"]),
    ]);
    assert_eq!(found(&table, "gpt-4.1"), "a/exact");
    assert_eq!(found(&table, "gpt-4.1-mini"), "a/gpt4");
    assert_eq!(found(&table, "gpt-5"), "a/gpt");
    assert_eq!(found(&table, "gpt-"), "a/gpt");
    assert_eq!(found(&table, "llama"), "a/all");
}

#[test]
fn a_vendors_name_with_a_slash_is_first_taken_as_it_stands() {
    let table = claims(&[
        ("openai", "local", &["gpt-oss"]),
        ("a", "exact", &["openai/gpt-oss"]),
        ("a", "all", &["*"]),
    ]);
    assert_eq!(found(&table, "openai/gpt-oss"), "a/exact");
    assert_eq!(found(&table, "meta-llama/Llama-4"), "a/all");
    let without_exact = claims(&[("openai", "local", &["gpt-oss"]), ("a", "all", &["*"])]);
    assert_eq!(found(&without_exact, "openai/gpt-oss"), "openai/local");
}

#[test]
fn model_names_are_those_that_can_be_asked_for_sorted() {
    let mut lost = route(ObjectName::new("b", "lost"), &["zeta"], Vec::new());
    lost.models[0].owned = false;
    let owned = route(ObjectName::new("a", "own"), &["m-b", "gpt-*", "m-a"], Vec::new());
    let table = Table::build(Snapshot {
        routes: vec![owned, lost],
        providers: Vec::new(),
        ..Snapshot::default()
    });
    let names = table.model_names();
    assert_eq!(
        names.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["m-a", "m-b"]
    );
}

#[test]
fn a_broken_route_takes_no_other_down() {
    let mut broken = route(ObjectName::new("a", "broken"), &["bad"], Vec::new());
    broken.rules = RouteRules::Broken("spec.rules[0] is empty".into());
    let whole = route(
        ObjectName::new("a", "whole"),
        &["good"],
        vec![rule(vec![pick(&["p"])])],
    );
    let table = Table::build(Snapshot {
        routes: vec![broken, whole],
        providers: vec![provider("p", &[])],
        ..Snapshot::default()
    });
    let broken = table.route("bad").expect("it still owns its name");
    assert_eq!(
        broken.rules.as_ref().err().map(String::as_str),
        Some("spec.rules[0] is empty")
    );
    assert_eq!(
        table.route("good").expect("found").rules.as_ref().map(Vec::len),
        Ok(1)
    );
}

fn only_target(table: &Table) -> Arc<ActiveTarget> {
    let rules = table.route("chat").expect("found").rules.as_ref().expect("whole");
    match &rules[0].steps[0] {
        ActiveStep::Pick { targets, .. } | ActiveStep::Race { targets, .. } => Arc::clone(&targets[0]),
    }
}

#[test]
fn a_target_says_why_it_cannot_be_used() {
    let missing = only_target(&Table::build(serving(vec![], vec![pick(&["p"])])));
    assert_eq!(
        missing.endpoint.as_ref().err().map(String::as_str),
        Some("there is no ProviderKey team/p")
    );
    let broken = vec![broken_provider("p", "its Secret is missing")];
    let broken = only_target(&Table::build(serving(broken, vec![pick(&["p"])])));
    assert_eq!(
        broken.endpoint.as_ref().err().map(String::as_str),
        Some("ProviderKey team/p is broken: its Secret is missing")
    );
}

#[test]
fn a_label_is_the_targets_model_or_the_routes_pattern_never_the_clients_word() {
    let mut snapshot = serving(vec![provider("p", &[])], vec![pick(&["p"])]);
    assert_eq!(&*only_target(&Table::build(snapshot.clone())).label, "m-p");
    let mut free = rule(vec![pick(&["p"])]);
    if let Step::Pick { targets, .. } = &mut free.steps[0] {
        targets[0].model = None;
    }
    snapshot.routes = vec![route(team("any"), &["gpt-*", "chat"], vec![free])];
    assert_eq!(&*only_target(&Table::build(snapshot)).label, "gpt-*");
}

/// The cache of the route `team/chat`, of these policies and providers.
fn cache_of(caches: Vec<Cache>, providers: Vec<Provider>) -> Option<Arc<ActiveCache>> {
    let snapshot = Snapshot {
        caches,
        ..serving(providers, vec![pick(&["p"])])
    };
    let table = Table::build(snapshot);
    table.route("chat").expect("found").cache.clone()
}

#[test]
fn a_route_has_the_cache_of_its_policy() {
    let found = cache_of(
        vec![cache("other", &["talk"]), cache("mine", &["talk", "chat"])],
        vec![],
    );
    let found = found.expect("it has one");
    assert_eq!(
        (found.name.clone(), found.embedder.is_none()),
        (team("mine"), true)
    );
    assert!(cache_of(vec![], vec![]).is_none());
    assert!(cache_of(vec![cache("other", &["talk"])], vec![]).is_none());
    // A route of the same name in another namespace is another route.
    let mut foreign = cache("foreign", &[]);
    foreign.routes = vec![ObjectName::new("other", "chat")];
    assert!(cache_of(vec![foreign], vec![]).is_none());
}

#[test]
fn routes_of_one_policy_share_what_it_says() {
    let routes = ["chat", "talk"].map(|name| route(team(name), &[name], Vec::new()));
    let table = Table::build(Snapshot {
        routes: routes.to_vec(),
        caches: vec![cache("both", &["chat", "talk"])],
        ..Snapshot::default()
    });
    let [chat, talk] =
        ["chat", "talk"].map(|model| table.route(model).expect("found").cache.clone().expect("cached"));
    assert!(Arc::ptr_eq(&chat, &talk));
}

#[test]
fn a_broken_policy_leaves_its_route_without_a_cache() {
    let mut broken = cache("broken", &["chat"]);
    broken.rules = CacheState::Broken("no Secret".to_owned());
    assert!(cache_of(vec![broken], vec![]).is_none());
}

#[test]
fn a_cache_says_why_it_has_no_embeddings() {
    let embedder = |providers| {
        let policy = cache_with("mine", &["chat"], |rules| rules.semantic = Some(semantic("e")));
        let found = cache_of(vec![policy], providers).expect("it has one");
        found.embedder.clone().expect("asked for")
    };
    assert_eq!(
        embedder(vec![]).expect_err("missing"),
        "there is no ProviderKey team/e"
    );
    assert_eq!(
        embedder(vec![broken_provider("e", "no Secret")]).expect_err("broken"),
        "ProviderKey team/e is broken: no Secret"
    );
    let mut anthropic = provider("e", &[]);
    if let Access::Ready(endpoint) = &mut anthropic.access {
        Arc::make_mut(endpoint).vendor = *Vendor::named("Anthropic").expect("a row");
    }
    assert_eq!(
        embedder(vec![anthropic]).expect_err("unsuitable"),
        "ProviderKey team/e has no API for embeddings"
    );
    let found = embedder(vec![provider("e", &[])]).expect("it can be used");
    let target = &found.steps[0].targets()[0];
    let endpoint = target.endpoint.as_ref().expect("it can be reached");
    assert_eq!(&*endpoint.url, "http://e.test/v1");
}

#[test]
fn a_rule_has_the_same_mark_wherever_it_stands() {
    let marks = |conditions: &[Option<&str>]| -> Vec<Arc<str>> {
        let rules = conditions.iter().map(|when| Rule {
            when: when.map(Arc::from),
            ..rule(Vec::new())
        });
        let route = route(ObjectName::new("a", "chat"), &["chat"], rules.collect());
        let table = Table::build(Snapshot {
            routes: vec![route],
            ..Snapshot::default()
        });
        let rules = table.routes()[0].rules.as_ref().unwrap();
        rules.iter().map(|rule| Arc::clone(&rule.mark)).collect()
    };
    let (short, long) = ("request.input_tokens < 10", "request.input_tokens < 100");
    let before = marks(&[Some(short), None]);
    let after = marks(&[Some(long), Some(short), None]);
    assert_eq!(before[0], after[1]);
    assert_eq!((&*before[1], &*after[2]), ("any", "any"));
    assert_ne!(after[0], after[1]);
    assert_eq!(after[0].len(), 12);
}
