use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::ledger::{Lost, Reason, SinkName};

/// Every label of every metric. A new one has to be added here, with the thought of what bounds it: names of routes,
/// provider keys and models come from the configuration, all else from closed sets.
const LABELS: &[(&str, &[&str])] = &[
    (
        "gen_ai_client_operation_duration_seconds",
        &[
            "error_type",
            "gen_ai_operation_name",
            "gen_ai_provider_name",
            "gen_ai_request_model",
        ],
    ),
    (
        "gen_ai_client_token_usage",
        &[
            "gen_ai_operation_name",
            "gen_ai_provider_name",
            "gen_ai_request_model",
            "gen_ai_token_type",
        ],
    ),
    ("wayleave_attempts", &["class", "model", "provider", "role"]),
    (
        "wayleave_call_duration_seconds",
        &["operation", "route", "stream"],
    ),
    ("wayleave_cache_bytes", &["policy"]),
    ("wayleave_cache_entries", &["policy"]),
    ("wayleave_cache_evictions", &["policy"]),
    ("wayleave_cache_store_errors", &["operation", "reason", "store"]),
    ("wayleave_cache_store_seconds", &["operation", "store"]),
    ("wayleave_calls", &["class", "operation", "route"]),
    ("wayleave_configurations", &[]),
    ("wayleave_cost_ticks", &["model", "provider", "source"]),
    ("wayleave_feedback", &["counted"]),
    ("wayleave_in_flight", &[]),
    ("wayleave_learned_errors", &["place", "reason"]),
    ("wayleave_learned_names", &["table"]),
    ("wayleave_learned_replicas", &[]),
    ("wayleave_learned_taken_over", &[]),
    ("wayleave_ledger_write_errors", &[]),
    ("wayleave_ledger_dropped", &["reason"]),
    ("wayleave_ledger_unacknowledged", &[]),
    ("wayleave_ledger_spool_bytes", &[]),
    ("wayleave_ledger_sink_lag_records", &["sink"]),
    ("wayleave_ledger_sink_errors", &["sink", "reason"]),
    ("wayleave_race_lanes", &["result", "route"]),
    (
        "wayleave_time_to_first_content_seconds",
        &["operation", "route", "stream"],
    ),
    ("wayleave_tokens", &["kind", "model", "provider"]),
    ("wayleave_unpriced_calls", &["model", "provider"]),
];

fn everything() -> Arc<Metrics> {
    let metrics = Metrics::new();
    let label = |text: &str| Label(Arc::from(text));
    let names = ModelLabels {
        provider: label("a/key"),
        model: label("m"),
    };
    let usage = Usage {
        input: 5,
        cache_read: 1,
        cache_write_5m: 1,
        cache_write_1h: 1,
        output: 7,
        reasoning: 2,
        ..Usage::default()
    };
    for (class, cost) in [(Class::Ok, Some(Ticks::new(42))), (Class::ServerError, None)] {
        metrics.attempt(&AttemptSample {
            names: &names,
            otel_provider: "openai",
            operation: "chat",
            role: Role::Primary,
            class,
            seconds: 0.1,
            usage: Some(&usage),
            cost,
            source: CostSource::Table,
        });
    }
    metrics.call(&CallSample {
        route: label("a/route"),
        operation: "chat",
        stream: true,
        class: Class::Ok,
        seconds: 0.2,
        first_content: Some(0.1),
    });
    metrics.lane(&label("a/route"), LaneEnd::Won);
    metrics.in_flight(1);
    metrics.ledger_failed();
    metrics.learned().names("lengths", 2);
    metrics.feedback(true);
    metrics.learned().failed("disk", "io");
    metrics.ledger().dropped(Lost::Full, 3);
    metrics.ledger().lag(SinkName::ClickHouse, 3);
    metrics.ledger().sink_failed(SinkName::Otlp, Reason::Timeout);
    metrics.configured();
    metrics.store().took(StoreKind::Memory, Operation::Get, 0.001);
    metrics
        .store()
        .failed(StoreKind::Redis, Operation::Put, Fault::Timeout);
    metrics.store().memory(label("a/policy"));
    metrics
}

#[test]
fn every_label_is_known() {
    let text = everything().text();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            found
                .entry(declared.split(' ').next().unwrap().to_owned())
                .or_default();
        }
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name_end = line.find(['{', ' ']).unwrap();
        let (name, rest) = line.split_at(name_end);
        let family = found
            .keys()
            .filter(|family| name.starts_with(family.as_str()))
            .max_by_key(|family| family.len());
        let family = family.expect(name).clone();
        let labels = rest
            .strip_prefix('{')
            .map_or("", |rest| rest.split('}').next().unwrap());
        let names = labels
            .split("\",")
            .filter_map(|label| label.split_once('='))
            .map(|(name, _)| name.to_owned());
        found
            .entry(family)
            .or_default()
            .extend(names.filter(|name| name != "le"));
    }
    let wanted = LABELS.iter().map(|(family, labels)| {
        (
            (*family).to_owned(),
            labels
                .iter()
                .map(|label| (*label).to_owned())
                .collect::<BTreeSet<_>>(),
        )
    });
    assert_eq!(found, wanted.collect());
}

#[test]
fn money_is_counted_in_ticks() {
    let text = everything().text();
    assert!(
        text.contains("wayleave_cost_ticks_total{provider=\"a/key\",model=\"m\",source=\"table\"} 42"),
        "{text}"
    );
    assert!(
        text.contains("wayleave_unpriced_calls_total{provider=\"a/key\",model=\"m\"} 1"),
        "{text}"
    );
}
