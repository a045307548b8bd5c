//! The dashboards ask only for metrics that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::source::dashboards;

/// Metrics that no panel shows, with the reason.
const HIDDEN: [(&str, &str); 1] = [(
    "gen_ai_client_token_usage",
    "a histogram by vendor; wayleave_tokens_total says the same by provider key",
)];

/// The names in code quotes below the heading `Metrics` of `docs/ledger.md`; a test of the engine compares them with
/// what it has.
fn documented() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ledger.md");
    let text = fs::read_to_string(path).unwrap();
    let section = text.split("## Metrics").nth(1).unwrap();
    let quoted = section.split('`').skip(1).step_by(2);
    quoted.filter(|word| is_metric(word)).map(str::to_owned).collect()
}

fn is_metric(word: &str) -> bool {
    let is_name = word
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name && (word.starts_with("wayleave_") || word.starts_with("gen_ai_client_"))
}

/// The metrics of a query, one for each time that it names one.
pub(crate) fn metrics(expr: &str) -> Vec<&str> {
    let words = expr.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words
        .filter(|word| is_metric(word))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word))
        .collect()
}

#[test]
fn every_metric_is_one_of_ours_and_nearly_all_are_shown() {
    let known = documented();
    let mut shown = BTreeSet::new();
    for dashboard in dashboards() {
        for panel in dashboard.panels() {
            for query in &panel.queries {
                for metric in metrics(&query.expr) {
                    assert!(known.contains(metric), "{metric} in {}", panel.title);
                    shown.insert(metric.to_owned());
                }
            }
        }
    }
    let hidden: Vec<&str> = known.difference(&shown).map(String::as_str).collect();
    assert_eq!(hidden, HIDDEN.map(|(metric, _)| metric));
}
