//! Queries that give nothing after the demo, with the reason. One that does give something must not be listed.

/// Parts of queries for what does not happen in the demo.
pub(crate) const NOT_IN_THE_DEMO: &[(&str, &str)] = &[
    (
        "why=\"last_resort\"",
        "every route of the demo has a target that is not out",
    ),
    (
        "route=\"none\"",
        "every call of the demo asks for a model that a route has",
    ),
    (
        "wayleave_config_",
        "the demo has a folder, no configuration server",
    ),
    ("wayleave_ledger_sink_", "the demo has no sink"),
    ("wayleave_ledger_dropped_", "no record is dropped"),
    (
        "wayleave_cache_bypasses_",
        "every call of the demo goes through its cache",
    ),
    ("wayleave_cache_not_kept_", "every answer of the demo is kept"),
    (
        "wayleave_cache_store_errors_",
        "the store of the demo is memory, which does not fail",
    ),
    ("wayleave_feedback_", "no client of the demo gives feedback"),
    (
        "wayleave_learned_errors_",
        "the demo keeps nothing that could fail",
    ),
    ("wayleave_cache_semantic_", "the demo's policy has no Redis"),
];

/// Why a query gives nothing; `None`: it has to give something.
pub(crate) fn reason(expr: &str) -> Option<&'static str> {
    let mut all = NOT_IN_THE_DEMO.iter();
    all.find(|(part, _)| expr.contains(part))
        .map(|(_, reason)| *reason)
}

#[test]
fn every_skip_is_of_a_query() {
    let all = NOT_IN_THE_DEMO;
    let dashboards = super::source::dashboards();
    for (part, _) in all {
        let mut panels = dashboards.iter().flat_map(super::source::Dashboard::panels);
        let named = panels.any(|panel| panel.queries.iter().any(|query| query.expr.contains(part)));
        assert!(named, "no query has {part}");
    }
}
