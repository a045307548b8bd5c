use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::format::WireFormat;
use crate::route::route;
use crate::snapshot::cache::{KeyParts, ToolCalls, Verify};
use crate::snapshot::samples::{cache_rules, pick, serving};
use crate::table::Table;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::try_from(*name).expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

fn routed(providers: &[&str]) -> Routed {
    let table = Table::build(serving(Vec::new(), vec![pick(providers)]));
    route(&table, "chat", || unreachable!("no condition")).expect("a route")
}

fn body(rest: &str) -> String {
    format!(r#"{{"model":"chat","messages":[{{"role":"user","content":"hi"}}]{rest}}}"#)
}

fn spelled(intake: &Intake, rules: &CacheRules) -> Result<Arc<Spelling>, Ambiguous> {
    Spelling::of(intake, rules).map(Arc::new)
}

fn consulted(rules: &CacheRules, body: &str, headers: &HeaderMap) -> Consult {
    let intake = Intake::read(WireFormat::OpenAIChat, Bytes::from(body.to_owned())).expect("a request");
    consult(
        rules,
        &routed(&["p"]),
        Endpoint::ChatCompletions,
        &intake,
        headers,
        spelled,
    )
}

fn asked(rules: &CacheRules, body: &str, pairs: &[(&str, &str)]) -> Ask {
    match consulted(rules, body, &headers(pairs)) {
        Consult::Ask(ask) => *ask,
        Consult::Pass(passed) => panic!("{passed:?}"),
    }
}

const ANN: (&str, &str) = ("authorization", "Bearer ann");

#[test]
fn a_client_is_its_credential_whatever_the_header() {
    let rules = cache_rules();
    let ann = asked(&rules, &body(""), &[ANN]);
    assert_eq!(asked(&rules, &body(""), &[("x-api-key", "ann")]).key, ann.key);
    assert_eq!(
        asked(&rules, &body(""), &[("authorization", "bearer ann")]).key,
        ann.key
    );
    assert_ne!(
        asked(&rules, &body(""), &[("x-api-key", "bob")]).key.scope,
        ann.key.scope
    );
    assert_eq!(
        consulted(&rules, &body(""), &HeaderMap::new()),
        Consult::Pass(Passed::NoClient)
    );
    assert!(
        !format!("{:?}", ann.key).contains("ann"),
        "keys show no credential"
    );
}

#[test]
fn a_client_may_be_a_header_or_nobody() {
    let mut rules = cache_rules();
    rules.partition = Partition::Header("x-team".into());
    let team = |team| asked(&rules, &body(""), &[ANN, ("x-team", team)]).key;
    assert_ne!(team("a"), team("b"));
    assert_eq!(
        consulted(&rules, &body(""), &headers(&[ANN])),
        Consult::Pass(Passed::NoClient)
    );
    assert_eq!(
        consulted(&rules, &body(""), &headers(&[("x-team", "a"), ("x-team", "b")])),
        Consult::Pass(Passed::NoClient)
    );
    rules.partition = Partition::Route;
    assert_eq!(
        asked(&rules, &body(""), &[ANN]).key,
        asked(&rules, &body(""), &[]).key
    );
}

#[test]
fn another_chain_or_model_or_namespace_has_other_answers() {
    let rules = cache_rules();
    let intake = Intake::read(WireFormat::OpenAIChat, Bytes::from(body(""))).expect("a request");
    let through = |providers: &[&str]| {
        consult(
            &rules,
            &routed(providers),
            Endpoint::ChatCompletions,
            &intake,
            &headers(&[ANN]),
            spelled,
        )
    };
    assert_ne!(through(&["p"]), through(&["q"]));
    let key = |headers: &[(&str, &str)]| asked(&rules, &body(""), headers).key;
    assert_ne!(key(&[ANN]), key(&[ANN, ("x-portkey-cache-namespace", "n")]));
    let team = body("").replace("\"chat\"", "\"team/chat\"");
    assert_ne!(asked(&rules, &team, &[ANN]).key, key(&[ANN]));
}

#[test]
fn headers_are_told_apart_by_name_and_value() {
    let mut rules = cache_rules();
    rules.key = KeyParts {
        include: vec![KeyPart::Header("a".into()), KeyPart::Header("b".into())],
        exclude: Vec::new(),
    };
    let key = |headers: &[(&str, &str)]| asked(&rules, &body(""), headers).key;
    let keys = [
        key(&[ANN]),
        key(&[ANN, ("a", "b")]),
        key(&[ANN, ("b", "b")]),
        key(&[ANN, ("a", "b"), ("b", "b")]),
        key(&[ANN, ("a", "b"), ("a", "b")]),
    ];
    for (index, one) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(one), "{index}");
    }
}

#[test]
fn hot_requests_pass_unless_they_ask() {
    let rules = cache_rules();
    let hot = body(r#","temperature":0.7"#);
    assert_eq!(
        consulted(&rules, &hot, &headers(&[ANN])),
        Consult::Pass(Passed::Temperature)
    );
    assert!(asked(&rules, &hot, &[ANN, ("cache-control", "max-age=60")]).lookup);
    assert!(asked(&rules, &body(r#","temperature":0.0"#), &[ANN]).lookup);
    let mut rules = rules;
    rules.max_temperature = "0.7".parse().expect("a ratio");
    assert!(asked(&rules, &hot, &[ANN]).lookup);
}

#[test]
fn ages_never_exceed_the_policy() {
    let rules = cache_rules();
    let ask = asked(
        &rules,
        &body(""),
        &[
            ANN,
            ("cache-control", "max-age=999999"),
            ("cf-aig-cache-ttl", "99999"),
        ],
    );
    assert_eq!((ask.max_age, ask.ttl), (rules.ttl, rules.ttl));
    let ask = asked(
        &rules,
        &body(""),
        &[ANN, ("cache-control", "max-age=1"), ("cf-aig-cache-ttl", "0")],
    );
    assert_eq!((ask.max_age, ask.keep), (Duration::from_secs(1), false));
}

#[test]
fn formats_that_the_policy_does_not_name_pass() {
    let mut rules = cache_rules();
    rules.methods = [Method::Embeddings].into();
    assert_eq!(
        consulted(&rules, &body(""), &headers(&[ANN])),
        Consult::Pass(Passed::Method)
    );
}

fn semantic() -> CacheRules {
    CacheRules {
        semantic: Some(Semantic {
            threshold: "0.9".parse().expect("a ratio"),
            provider: crate::snapshot::samples::team("embedder"),
            model: "e".into(),
            timeout: Duration::from_millis(300),
            max_turns: 1,
            verify: Verify::Words,
        }),
        tool_calls: ToolCalls::Skip,
        ..cache_rules()
    }
}

#[test]
fn only_short_conversations_are_compared_by_meaning() {
    let rules = semantic();
    let similar = asked(&rules, &body(""), &[ANN]).similar.expect("a question");
    assert_eq!(&*similar.words, "hi");
    let long = r#"{"model":"chat","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"hi"}]}"#;
    assert_eq!(asked(&rules, long, &[ANN]).similar, None);
    assert_eq!(asked(&cache_rules(), &body(""), &[ANN]).similar, None);
}

proptest! {
    /// Neither an equal request nor one at similarity 1 (the same words) meets another client's answers.
    #[test]
    fn clients_never_share_a_key(
        one in "[ -~&&[^\"\\\\]]{1,30}",
        other in "[ -~&&[^\"\\\\]]{1,30}",
        words in "[a-z0-9 ]{1,40}",
        rest in prop::sample::select(vec!["", r#","seed":1"#, r#","temperature":0"#, r#","newer":true"#]),
    ) {
        prop_assume!(one.trim() != other.trim() && !one.trim().is_empty() && !other.trim().is_empty());
        let body = format!(r#"{{"model":"chat","messages":[{{"role":"user","content":"x{words}"}}]{rest}}}"#);
        let mut by_header = semantic();
        by_header.partition = Partition::Header("x-team".into());
        for (rules, name) in [(semantic(), "x-api-key"), (by_header, "x-team")] {
            let (one, other) = (
                asked(&rules, &body, &[(name, one.trim())]),
                asked(&rules, &body, &[(name, other.trim())]),
            );
            prop_assert_ne!(&one.key.scope, &other.key.scope);
            prop_assert_ne!(&one.key, &other.key);
            let (one, other) = (one.similar.expect("words"), other.similar.expect("words"));
            prop_assert_eq!(one.words, other.words);
            prop_assert_ne!(one.group.scope, other.group.scope);
        }
    }
}
