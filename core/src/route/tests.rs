use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::format::WireFormat;
use crate::intake::Intake;
use crate::snapshot::samples::{pick, provider, route as sample, rule, team};
use crate::snapshot::{RouteRules, Rule, Snapshot};

fn when(condition: &str) -> Rule {
    Rule {
        when: Some(Arc::from(condition)),
        ..rule(vec![pick(&["p"])])
    }
}

fn always() -> Rule {
    rule(vec![pick(&["p"])])
}

fn table(rules: Vec<Rule>) -> Table {
    Table::build(Snapshot {
        routes: vec![sample(team("chat"), &["chat"], rules)],
        providers: vec![provider("p", &[])],
        ..Snapshot::default()
    })
}

/// A request with this header.
fn asked<T>(tier: &'static str, look: impl FnOnce(Subject<'_>) -> T) -> T {
    let body = br#"{"model": "chat", "messages": [{"role": "user", "content": "hi"}]}"#;
    let intake = Intake::read(WireFormat::OpenAIChat, Bytes::from_static(body)).expect("reads");
    let headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("x-tier"),
        HeaderValue::from_static(tier),
    )]);
    look(Subject::new(&intake, "/v1/chat/completions", &headers))
}

fn taken(table: &Table, tier: &'static str) -> Result<usize, Refusal> {
    asked(tier, |subject| route(table, "chat", || subject)).map(|routed| routed.rule.index)
}

#[test]
fn the_first_rule_that_matches_is_taken() {
    let table = table(vec![
        when(r#"request.headers["x-tier"] == "free""#),
        when(r#"request.headers["x-tier"].startsWith("fr")"#),
        always(),
        always(),
    ]);
    assert_eq!(taken(&table, "free"), Ok(0));
    assert_eq!(taken(&table, "french"), Ok(1));
    assert_eq!(taken(&table, "gold"), Ok(2));
}

#[test]
fn a_condition_that_cannot_be_told_or_does_not_compile_is_passed_over() {
    let table = table(vec![
        when(r#"request.headers["x-absent"] == "a""#),
        when("request.nonsense =="),
        always(),
    ]);
    assert_eq!(taken(&table, "free"), Ok(2));
}

#[test]
fn without_a_rule_that_matches_the_route_is_named() {
    let table = table(vec![when("request.stream")]);
    let refusal = taken(&table, "free").expect_err("not streamed");
    assert_eq!(
        refusal,
        Refusal::NoRule {
            route: "team/chat".into()
        }
    );
}

#[test]
fn a_broken_route_gives_its_reason() {
    let mut broken = sample(team("chat"), &["chat"], Vec::new());
    broken.rules = RouteRules::Broken("rules[0].when is not CEL".into());
    let table = Table::build(Snapshot {
        routes: vec![broken],
        providers: Vec::new(),
        ..Snapshot::default()
    });
    let refusal = taken(&table, "free").expect_err("broken");
    assert_eq!(refusal.status(), http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(refusal.message().contains("team/chat") && refusal.message().contains("is not CEL"));
}

#[test]
fn a_request_is_not_looked_into_where_no_rule_asks() {
    let table = table(vec![always()]);
    let routed = route(&table, "chat", || panic!("nobody asked")).expect("routed");
    assert_eq!(routed.rule.index, 0);
}

#[test]
fn the_explanation_says_what_each_rule_thinks() {
    let table = table(vec![
        when("request.stream"),
        when(r#"request.headers["x-absent"] == "a""#),
        when("request.nonsense =="),
        always(),
    ]);
    let rules = table.route("chat").expect("found").rules.as_ref().expect("whole");
    let said = asked("free", |subject| matches(rules, &subject));
    assert_eq!(said[0], Match::When(Verdict::False));
    assert!(matches!(&said[1], Match::When(Verdict::Unknown(reason)) if reason.contains("x-absent")));
    assert!(matches!(&said[2], Match::Broken(_)));
    assert_eq!(said[3], Match::Always);
    assert_eq!(
        said.iter().map(Match::holds).collect::<Vec<_>>(),
        [false, false, false, true]
    );
}
