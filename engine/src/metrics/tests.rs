use std::collections::{BTreeMap, BTreeSet};

use wayleave_core::cache::{NotKept, Passed, Status};
use wayleave_core::evidence::Interval;
use wayleave_core::experiment::Verdict;
use wayleave_core::experiment::decided::{Decision, Fate};
use wayleave_core::experiment::report::{ArmReport, ClassReport, JudgeReport, Report};
use wayleave_core::judge::judgements::Judged;
use wayleave_core::plan::Why;
use wayleave_core::price::CostSource;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::experiment::{JudgeMode, Mode, Promote};
use wayleave_core::usage::Usage;

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
    ("wayleave_cache_bypasses", &["reason", "route"]),
    ("wayleave_cache_bytes", &["policy"]),
    ("wayleave_cache_entries", &["policy"]),
    ("wayleave_cache_evictions", &["policy"]),
    ("wayleave_cache_hits", &["kind", "route"]),
    ("wayleave_cache_misses", &["reason", "route"]),
    ("wayleave_cache_not_kept", &["reason", "route"]),
    ("wayleave_cache_saved_ticks", &["route"]),
    ("wayleave_cache_semantic_shared", &["policy"]),
    ("wayleave_cache_store_errors", &["operation", "reason", "store"]),
    ("wayleave_cache_store_seconds", &["operation", "store"]),
    ("wayleave_call_cost_ticks", &["role", "route"]),
    ("wayleave_calls", &["class", "operation", "route"]),
    ("wayleave_configurations", &[]),
    ("wayleave_cost_ticks", &["model", "provider", "role", "source"]),
    ("wayleave_feedback", &["counted"]),
    ("wayleave_in_flight", &[]),
    ("wayleave_behind", &[]),
    ("wayleave_experiment_calls", &["arm", "result", "route"]),
    ("wayleave_experiment_decided", &["arm", "route", "verdict"]),
    ("wayleave_experiment_difference", &["arm", "bound", "route"]),
    ("wayleave_experiment_score", &["arm", "bound", "route"]),
    ("wayleave_judge_budget_left_ticks", &["route"]),
    ("wayleave_judgements", &["result", "route"]),
    ("wayleave_learned_errors", &["place", "reason"]),
    ("wayleave_learned_names", &["table"]),
    ("wayleave_learned_replicas", &[]),
    ("wayleave_learned_taken_over", &[]),
    ("wayleave_key_models_resting", &["key", "provider"]),
    ("wayleave_key_up", &["key", "provider"]),
    ("wayleave_ledger_write_errors", &[]),
    ("wayleave_ledger_dropped", &["reason"]),
    ("wayleave_ledger_unacknowledged", &[]),
    ("wayleave_ledger_spool_bytes", &[]),
    ("wayleave_ledger_sink_lag_records", &["sink"]),
    ("wayleave_ledger_sink_errors", &["sink", "reason"]),
    ("wayleave_passed_over", &["provider", "route", "why"]),
    ("wayleave_picks", &["model", "provider", "route", "why"]),
    ("wayleave_race_lanes", &["result", "route"]),
    ("wayleave_task_calls", &["by", "class", "route"]),
    (
        "wayleave_time_to_first_content_seconds",
        &["operation", "route", "stream"],
    ),
    ("wayleave_tokens", &["kind", "model", "provider"]),
    ("wayleave_unpriced_calls", &["model", "provider"]),
];

fn sample(key: &str, up: bool) -> KeySample {
    KeySample {
        provider: Label(Arc::from("a/provider")),
        key: Label(Arc::from(key)),
        up,
        resting: 0,
    }
}

fn caches(metrics: &Metrics) {
    let label = |text: &str| Label(Arc::from(text));
    metrics.store().took(StoreKind::Memory, Operation::Get, 0.001);
    metrics
        .store()
        .failed(StoreKind::Redis, Operation::Put, Fault::Timeout);
    metrics.store().memory(label("a/policy"));
    metrics.store().shared(&label("a/policy"), true);
    let cache = metrics.cache();
    cache.hit(&label("a/route"), Status::Hit, Some(Ticks::new(42)));
    cache.missed(&label("a/route"), Missed::Absent);
    cache.passed(&label("a/route"), Passed::NoClient);
    cache.not_kept(&label("a/route"), NotKept::Cut);
}

/// Of an experiment whose second arm was rolled back.
fn report() -> Report {
    let interval = Interval {
        count: 1,
        mean: Some(0.5),
        lower: 0.0,
        upper: 1.0,
    };
    let all = ClassReport {
        calls: 1,
        failed: 0,
        score: interval,
        cost_per_call: None,
        first_content_ms: None,
    };
    let arm = |name: &str, decision| ArmReport {
        name: name.into(),
        provider: "a/key".to_owned(),
        model: "m".to_owned(),
        weight: 1,
        decision,
        difference: Some(interval),
        failed: interval,
        all,
        classes: BTreeMap::new(),
    };
    let decision = Decision {
        at: jiff::Timestamp::UNIX_EPOCH,
        fate: Fate::RolledBack(wayleave_core::experiment::Why::Worse),
    };
    Report {
        route: "a/route".to_owned(),
        rule: 0,
        experiment: "a/route/0".into(),
        mode: Mode::Split,
        promote: Promote::Auto,
        confidence: 0.95,
        verdict: Verdict::Undecided,
        winner: None,
        arms: vec![arm("old", None), arm("new", Some(decision))],
        judge: Some(JudgeReport {
            provider: "a/key".to_owned(),
            model: "m".to_owned(),
            mode: JudgeMode::Pointwise,
            spent_today: Ticks::ZERO,
            most_per_day: Ticks::new(1),
            judgements: BTreeMap::new(),
        }),
    }
}

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
    metrics.spent(label("a/route"), Role::Primary, Some(Ticks::new(42)));
    metrics.spent(label("a/route"), Role::Primary, None);
    metrics.lane(&label("a/route"), LaneEnd::Won);
    metrics
        .routing()
        .picked(label("a/route"), names.clone(), Chosen::Only);
    let passed = ObjectName::new("a", "key");
    metrics
        .routing()
        .passed_over(&label("a/route"), &passed, &Why::Out);
    metrics.keys().show(vec![sample("a/key", true)]);
    metrics.in_flight(1);
    metrics.ledger_failed();
    metrics.ledger().dropped(Lost::Full, 3);
    metrics.ledger().lag(SinkName::ClickHouse, 3);
    metrics.ledger().sink_failed(SinkName::Otlp, Reason::Timeout);
    metrics.configured();
    caches(&metrics);
    learning(&metrics);
    metrics
}

/// What is learned, and by whom.
fn learning(metrics: &Metrics) {
    let (route, arm) = (Label("a/route".into()), Label("new".into()));
    metrics.learned().names("lengths", 2);
    metrics.learned().failed("disk", "io");
    metrics.feedback(true);
    metrics.task(
        route.clone(),
        &Classified {
            class: "code".into(),
            margin: None,
            by: wayleave_core::task::By::Rules,
        },
    );
    let experiments = metrics.experiments();
    experiments.behind(1);
    experiments.called(&route, &arm, true);
    experiments.judged(route, Judged::Tie);
    experiments.measure(&[report()]);
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
        text.contains(
            "wayleave_cost_ticks_total{provider=\"a/key\",model=\"m\",role=\"primary\",source=\"table\"} 42"
        ),
        "{text}"
    );
    assert!(
        text.contains("wayleave_unpriced_calls_total{provider=\"a/key\",model=\"m\"} 1"),
        "{text}"
    );
}

#[test]
fn a_key_that_is_gone_is_not_shown_any_longer() {
    let metrics = Metrics::new();
    let up =
        |key: &str, value: &str| format!("wayleave_key_up{{provider=\"a/provider\",key=\"{key}\"}} {value}");
    metrics
        .keys()
        .show(vec![sample("a/old", true), sample("a/new", true)]);
    metrics.keys().show(vec![sample("a/new", false)]);
    let text = metrics.text();
    assert!(text.contains(&up("a/new", "0")), "{text}");
    assert!(!text.contains("a/old"), "{text}");
}

#[test]
fn the_document_lists_them() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ledger.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## Metrics").nth(1).unwrap();
    let quoted = section.split('`').skip(1).step_by(2);
    let documented =
        quoted.filter(|word| word.starts_with("wayleave_") || word.starts_with("gen_ai_client_"));
    // Those of the client of the configuration server are not the engine's.
    let documented: BTreeSet<&str> = documented
        .filter(|name| !name.starts_with("wayleave_config_"))
        .map(|name| name.strip_suffix("_total").unwrap_or(name))
        .collect();
    assert_eq!(documented, LABELS.iter().map(|(family, _)| *family).collect());
}
