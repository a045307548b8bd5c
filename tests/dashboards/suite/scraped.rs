//! Every query, asked of a Prometheus that watched the demo.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wayleave_tests::daemon::{Daemon, command};
use wayleave_tests::secrets::Secrets;
use wayleave_tests::{Prometheus, program, until};

use super::grafana::{Window, labels};
use super::render::render;
use super::skips::{NOT_IN_THE_DEMO, reason};
use super::source::{Dashboard, Kind, Panel, Query, dashboards};

/// How often Prometheus looks: a scene of the demo may take less than a second.
const SCRAPE: Duration = Duration::from_millis(250);
/// How long something may take on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a panel shows where nothing is counted. It would also hide that nothing ever can be.
const NOTHING: &str = " or vector(0)";

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs_f64()
}

/// A Prometheus that has seen the demo from its beginning to its end.
struct Watched {
    prometheus: Prometheus,
    demo: Daemon,
    window: Window,
}

impl Watched {
    async fn start() -> Option<Self> {
        let mut prometheus = Prometheus::start(SCRAPE).await?;
        let start = now();
        let envoy = program::envoy();
        let words = [
            "demo",
            "--keep",
            "--output",
            "json",
            "--envoy",
            envoy.to_str().unwrap(),
        ];
        let mut play = command(&words);
        play.args(["--admin", &prometheus.target().to_string()]);
        // Its first line is its report.
        let demo = Daemon::start_as("demo", play, &Secrets::default()).await;
        assert_eq!(demo.said["ok"], true, "{:#}", demo.said);
        // What came last is to be in more than one sample of a rate's time.
        let over = now() + 4.0 * SCRAPE.as_secs_f64();
        until("Prometheus has seen the end", PATIENCE, async || {
            let asked = [("query", "timestamp(wayleave_in_flight)")];
            let seen = prometheus.ask("query", &asked).await.unwrap();
            let seen: f64 = seen["result"][0]["value"][1].as_str()?.parse().ok()?;
            (seen > over).then_some(())
        })
        .await;
        let window = Window {
            start,
            end: now(),
            scrape: SCRAPE,
        };
        Some(Self {
            prometheus,
            demo,
            window,
        })
    }

    /// The series of a query, as its panel asks for it. What shows the present rate of something is asked for the whole
    /// time of the demo: at its end it rests.
    async fn series(&self, panel: &Panel, expr: &str) -> Vec<Value> {
        let Window { start, end, scrape } = self.window;
        let at_once = panel.kind.is_instant() && !expr.contains("$__rate_interval");
        let expr = self.window.fill(expr);
        let (start, end) = (start.to_string(), end.to_string());
        let step = scrape.as_secs_f64().to_string();
        let asked = if at_once {
            self.prometheus
                .ask("query", &[("query", &expr), ("time", &end)])
                .await
        } else {
            let range = [
                ("query", &*expr),
                ("start", &start),
                ("end", &end),
                ("step", &step),
            ];
            self.prometheus.ask("query_range", &range).await
        };
        let data = asked.unwrap_or_else(|error| panic!("{}: {error}\n{expr}", panel.title));
        data["result"].as_array().expect("series").clone()
    }

    /// The values that a variable offers.
    async fn values(&self, variable: &Value) -> Vec<Value> {
        let definition = variable["definition"].as_str().unwrap();
        let inner = definition
            .strip_prefix("label_values(")
            .and_then(|rest| rest.strip_suffix(')'));
        let (selector, label) = inner.and_then(|inner| inner.rsplit_once(", ")).unwrap();
        let selector = self.window.fill(selector);
        let path = format!("label/{label}/values");
        let values = self.prometheus.ask(&path, &[("match[]", &selector)]).await;
        values.unwrap().as_array().unwrap().clone()
    }
}

/// Whether a series has a number: the share of nothing in nothing is none.
fn has_number(series: &Value) -> bool {
    let number = |point: &Value| {
        let text = point[1].as_str();
        text.and_then(|text| text.parse::<f64>().ok())
            .is_some_and(f64::is_finite)
    };
    let points = series["values"].as_array();
    points.map_or_else(|| number(&series["value"]), |points| points.iter().any(number))
}

/// What is wrong with what a query gave.
fn fault(query: &Query, series: &[Value]) -> Option<String> {
    let skip = reason(&query.expr);
    if let (Some(reason), false) = (skip, series.is_empty()) {
        return Some(format!("it gives something: it must not be skipped ({reason})"));
    }
    if skip.is_some() {
        return None;
    }
    if !series.iter().any(has_number) {
        return Some(format!("{} series, and no number", series.len()));
    }
    let named = |one: &Value, label: &str| one["metric"][label].as_str().is_some_and(|text| !text.is_empty());
    let missing = labels(&query.legend)
        .into_iter()
        .find(|label| !series.iter().all(|one| named(one, label)));
    missing.map(|label| format!("not all series have the label {label} of its legend"))
}

async fn check(watched: &Watched, dashboard: &Dashboard, skipped: &mut BTreeMap<&str, u32>) -> Vec<String> {
    let mut faults = Vec::new();
    for panel in dashboard.panels() {
        for query in &panel.queries {
            let told = |what: &str| format!("{}: {}: {what}\n  {}", dashboard.title, panel.title, query.expr);
            if query.expr.contains(NOTHING)
                && !watched.series(panel, &query.expr).await.iter().any(has_number)
            {
                faults.push(told("no number"));
            }
            let series = watched.series(panel, &query.expr.replace(NOTHING, "")).await;
            if let Some(reason) = reason(&query.expr) {
                *skipped.entry(reason).or_default() += 1;
            }
            if let Some(fault) = fault(query, &series) {
                faults.push(told(&fault));
            }
            if matches!(panel.kind, Kind::Stat | Kind::Total) && series.len() > 1 {
                faults.push(told("only one number is shown"));
            }
        }
    }
    for variable in render(dashboard)["templating"]["list"].as_array().unwrap() {
        if variable["type"] == "query" && watched.values(variable).await.is_empty() {
            faults.push(format!(
                "{}: nothing to choose for {}",
                dashboard.title, variable["name"]
            ));
        }
    }
    faults
}

#[tokio::test]
async fn every_query_gives_something_after_the_demo() {
    let Some(watched) = Watched::start().await else {
        return;
    };
    let mut faults = Vec::new();
    let mut skipped = BTreeMap::new();
    let mut asked = 0;
    for dashboard in dashboards() {
        asked += dashboard.panels().map(|panel| panel.queries.len()).sum::<usize>();
        faults.extend(check(&watched, &dashboard, &mut skipped).await);
    }
    println!("{asked} queries, of which were skipped:");
    for (reason, times) in &skipped {
        println!("  {times:3}  {reason}");
    }
    watched.demo.stop(PATIENCE).await;
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn what_is_wrong_with_a_query_is_told() {
    let query = |expr: &str| Query {
        expr: expr.to_owned(),
        legend: "{{route}}".to_owned(),
    };
    let series = |number: &str| json!({"metric": {"route": "a"}, "values": [[1, "NaN"], [2, number]]});
    let nameless = json!({"metric": {}, "value": [1, "0"]});
    let fine = query("wayleave_calls_total");
    assert_eq!(fault(&fine, &[series("0")]), None);
    for wrong in [vec![], vec![series("NaN")], vec![series("0"), nameless]] {
        assert!(fault(&fine, &wrong).is_some(), "{wrong:?}");
    }
    let (skipped, _) = NOT_IN_THE_DEMO[0];
    assert_eq!(fault(&query(skipped), &[]), None);
    assert!(fault(&query(skipped), &[series("0")]).is_some());
}
