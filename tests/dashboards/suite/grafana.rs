//! What Grafana does with a dashboard: it fills the variables in, and asks Prometheus.

use std::time::Duration;

use super::source::{Dashboard, Variable};

/// A choice of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// The first and the last second.
    pub(crate) start: f64,
    pub(crate) end: f64,
    /// How often Prometheus looks.
    pub(crate) scrape: Duration,
}

impl Window {
    /// A query with all variables filled in, for "All" of everything that one can choose.
    pub(crate) fn fill(&self, expr: &str) -> String {
        let seconds = (self.end - self.start).ceil();
        let rate = (4 * self.scrape).as_millis();
        let filled = expr
            .replace("$__rate_interval", &format!("{rate}ms"))
            .replace("$__range", &format!("{seconds}s"));
        let filled = ["$namespace", "$route", "$provider"]
            .iter()
            .fold(filled, |text, variable| text.replace(variable, ".*"));
        assert!(
            !filled.contains('$'),
            "Grafana fills in more than we do: {filled}"
        );
        filled
    }
}

/// The labels that a legend shows.
pub(crate) fn labels(legend: &str) -> Vec<&str> {
    let parts = legend.split("{{").skip(1);
    parts
        .map(|part| part.split("}}").next().unwrap_or_default())
        .collect()
}

/// Variables that a query may have: a dashboard must offer what its panels filter by.
pub(crate) fn offers(dashboard: &Dashboard, expr: &str) -> bool {
    let offered = |variable: &Variable| match variable {
        Variable::Route => "$route",
        Variable::Provider => "$provider",
    };
    let offered: Vec<&str> = dashboard.variables.iter().map(offered).collect();
    ["$route", "$provider"]
        .iter()
        .all(|variable| !expr.contains(variable) || offered.contains(variable))
}

#[test]
fn panels_filter_by_what_their_dashboard_offers_and_by_namespace() {
    for dashboard in super::source::dashboards() {
        for panel in dashboard.panels() {
            for query in &panel.queries {
                assert!(offers(&dashboard, &query.expr), "{}: {}", panel.title, query.expr);
                let metrics = super::known::metrics(&query.expr).len();
                let filters = query.expr.matches("namespace=~\"$namespace\"").count();
                assert_eq!(metrics, filters, "{}: {}", panel.title, query.expr);
            }
        }
    }
}
