//! How long it takes to find the class of a prompt of 2 KB among eight, by rules.
//!
//! `cargo bench -p wayleave-core --bench task`; `docs/bench.md` has the figures.
#![expect(clippy::expect_used, reason = "a bench may stop where a test would")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use http::HeaderMap;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::Intake;
use wayleave_core::outcome::FallbackOn;
use wayleave_core::snapshot::tasks::{Classifier, TaskClass, Tasks};
use wayleave_core::snapshot::{
    ModelClaim, ObjectName, Pick, Retry, Route, RouteRules, Rule, Snapshot, Step, Target, Timeouts,
    Unsupported,
};
use wayleave_core::table::{ActiveRule, Table};
use wayleave_core::task::by_rules;
use wayleave_core::when::Subject;

/// None but the last matches, so that all are asked.
const USUAL: [&str; 8] = [
    "request.code",
    "request.json && request.length < 500",
    "request.images > 0",
    "request.turns > 20",
    r#"request.text.contains("translate")"#,
    r#"request.text.matches("(?i)\\b(summari[sz]e|tl;dr)\\b")"#,
    "size(request.tools) > 0 || request.tokens > 100000",
    "request.length > 1",
];
const LANGUAGE: [&str; 8] = [
    "request.code",
    "request.json && request.length < 500",
    "request.images > 0",
    "request.turns > 20",
    r#"request.text.contains("translate")"#,
    r#"request.text.matches("(?i)\\b(summari[sz]e|tl;dr)\\b")"#,
    r#"request.language != "en""#,
    "request.length > 1",
];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let prompt =
        "The committee met again on Tuesday to talk about the budget of the coming year. ".repeat(25);
    let body = serde_json::json!({"model": "chat", "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": prompt},
    ]});
    let intake = Intake::read(WireFormat::OpenAIChat, body.to_string().into()).expect("a request");
    let headers = HeaderMap::new();
    let mut group = criterion.benchmark_group("class among 8 of 2 KB");
    for (name, conditions) in [("no language", USUAL), ("language", LANGUAGE)] {
        let rule = rule(&conditions);
        let tasks = rule.tasks.as_ref().expect("classes");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let subject = Subject::new(black_box(&intake), "/v1/chat/completions", &headers);
                by_rules(tasks, &subject)
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

fn rule(conditions: &[&str]) -> Arc<ActiveRule> {
    let class = |(index, when): (usize, &&str)| TaskClass {
        name: Arc::from(format!("class-{index}")),
        when: Some(Arc::from(*when)),
        description: None,
        examples: Vec::new(),
        min_score: None,
    };
    let rule = Rule {
        when: None,
        experiment: None,
        steps: vec![Step::Pick {
            pick: Pick::default(),
            targets: vec![Target {
                provider: ObjectName::new("team", "p"),
                model: None,
                weight: 1,
            }],
        }],
        fallback_on: FallbackOn::default(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        slow_stream: None,
        unsupported: Unsupported::Drop,
        max_cost: None,
        tasks: Some(Tasks {
            classes: conditions.iter().enumerate().map(class).collect(),
            fallback: Arc::from("class-0"),
            classifier: Classifier::Rules,
        }),
    };
    let route = Route {
        name: ObjectName::new("team", "chat"),
        created: None,
        models: vec![ModelClaim {
            pattern: "chat".into(),
            owned: true,
        }],
        rules: RouteRules::Rules(vec![rule]),
    };
    let table = Table::build(Snapshot {
        routes: vec![route],
        ..Snapshot::default()
    });
    let route = table.route("chat").expect("a route");
    let rules = route.rules.as_ref().expect("whole");
    Arc::clone(rules.first().expect("one rule"))
}
