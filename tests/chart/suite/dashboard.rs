//! The dashboard asks only for metrics that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use wayleave_tests::chart::chart;

/// The names in code quotes below the heading `Metrics` of `docs/ledger.md`.
fn documented() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ledger.md");
    let text = fs::read_to_string(path).unwrap();
    let metrics = text.split("## Metrics").nth(1).unwrap();
    let quoted = metrics.split('`').skip(1).step_by(2);
    quoted.filter(|word| is_metric(word)).map(str::to_owned).collect()
}

fn is_metric(word: &str) -> bool {
    let is_name = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name && (word.starts_with("wayleave_") || word.starts_with("gen_ai_client_"))
}

/// All expressions of a dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("expr" | "definition", Value::String(text)) => found.push(text.clone()),
                    _ => expressions(member, found),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| expressions(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_metric_is_one_of_ours_and_nearly_all_are_shown() {
    let text = fs::read_to_string(chart("wayleave/files/dashboard.json")).unwrap();
    let mut found = Vec::new();
    expressions(&serde_json::from_str(&text).unwrap(), &mut found);
    assert!(found.len() > 20, "{} expressions", found.len());
    let known = documented();
    let mut shown = BTreeSet::new();
    for expression in &found {
        let words = expression.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        for word in words.filter(|word| is_metric(word)) {
            let metric = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(known.contains(metric), "{metric} in {expression}");
            shown.insert(metric.to_owned());
        }
    }
    let hidden: Vec<&String> = known.difference(&shown).collect();
    assert_eq!(
        hidden,
        [
            "gen_ai_client_token_usage",
            "wayleave_call_cost_ticks_total",
            "wayleave_key_models_resting",
            "wayleave_key_up",
            "wayleave_passed_over_total",
            "wayleave_picks_total",
        ]
    );
}

#[test]
fn panels_have_an_id_each_and_do_not_overlap() {
    let text = fs::read_to_string(chart("wayleave/files/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut cells = BTreeSet::new();
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_i64().unwrap();
        assert!(place("x") + place("w") <= 24, "{panel:#}");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(cells.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
    }
}
