//! All recordings through one gateway.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use wayleave_sim::{Replay, Sim, SimOptions};

use super::calls::client;
use super::corpus::{self, Exchange};
use super::cut::cut;
use super::errors::{self, Ask};
use super::gateway::{Front, Gateway};
use super::tally::{Checked, Way, say, summary, table};
use super::vendors::NAMED;
use super::{answers, exceptions, manifests};

/// Calls at once.
const LANES: usize = 8;

/// What a check needs.
pub(super) struct World {
    pub(super) gateway: Gateway,
    pub(super) client: reqwest::Client,
    sim: Sim,
}

impl World {
    /// The request that the provider got for a model.
    pub(super) fn arrived(&self, model: &str) -> Option<Value> {
        let requests = self.sim.requests();
        let request = requests
            .iter()
            .rfind(|request| request.model.as_deref() == Some(model))?;
        serde_json::from_slice(&request.body).ok()
    }
}

/// One check to make.
struct Case {
    way: Way,
    exchange: Exchange,
    model: String,
    ask: Option<Ask>,
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_traffic_goes_through_envoy() {
    go_through(Front::Envoy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_traffic_goes_through_without_envoy() {
    go_through(Front::Nothing).await;
}

async fn go_through(front: Front) {
    let Some(corpus) = corpus::load() else { return };
    let cases = cases(&corpus);
    check_choice(&cases);
    let sim = Sim::start(SimOptions::default()).expect("a simulator");
    for case in &cases {
        sim.replay(&case.model, replay(case)).expect("room for all");
    }
    let errors = cases.iter().filter(|case| case.ask.is_some());
    let errors: Vec<(String, &Exchange)> = errors.map(|case| (case.model.clone(), &case.exchange)).collect();
    let answers: Vec<Exchange> = cases
        .iter()
        .filter(|case| case.ask.is_none())
        .map(|case| case.exchange.clone())
        .collect();
    let manifests = manifests::all(&sim.base_url(), &answers, &errors);
    let gateway = Gateway::start(&manifests, front).await;
    let world = Arc::new(World {
        gateway,
        client: client(),
        sim,
    });
    let checked = check_all(&world, cases).await;
    println!("{front:?}\n{}", table(&checked));
    say(&format!(
        "{} ({front:?}), {} listed as exceptions",
        summary(&checked),
        exceptions::listed().len()
    ));
    let violations = exceptions::violations(&checked);
    assert!(
        violations.is_empty(),
        "{} checks went wrong:\n{}\nthe gateway's log:\n{}",
        violations.len(),
        violations.join("\n"),
        world.gateway.log()
    );
}

fn cases(corpus: &[Exchange]) -> Vec<Case> {
    let mut cases = Vec::new();
    for exchange in corpus {
        let case = |way: Way, model: String, ask: Option<Ask>| Case {
            way,
            exchange: exchange.clone(),
            model,
            ask,
        };
        if exchange.status.as_u16() >= 400 {
            let asks = Ask::all(exchange).into_iter();
            cases.extend(asks.map(|ask| case(Way::Error, ask.model.clone(), Some(ask))));
        } else if exchange.format().is_some() {
            for way in [Way::Own, Way::Translated] {
                cases.push(case(way, format!("{}-{}", exchange.id, way.name()), None));
            }
        }
    }
    cases
}

/// Nothing passes for lack of cases.
fn check_choice(cases: &[Case]) {
    let seen: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.exchange.status == StatusCode::OK)
        .map(|case| case.exchange.vendor.as_str())
        .collect();
    for (vendor, _) in NAMED {
        assert!(seen.contains(vendor), "no answer of {vendor} was recorded");
    }
    assert!(
        cases.iter().any(|case| case.ask.is_some()),
        "no error was recorded"
    );
}

fn replay(case: &Case) -> Replay {
    let mut headers: HeaderMap = case.exchange.headers.clone();
    let media = if case.exchange.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers
        .entry("content-type")
        .or_insert(http::HeaderValue::from_static(media));
    let chunks = cut(&case.exchange.body, &case.model);
    Replay {
        status: case.exchange.status,
        headers,
        chunks,
        pause: Duration::ZERO,
    }
}

async fn check_all(world: &Arc<World>, cases: Vec<Case>) -> Vec<Checked> {
    let checks = cases.into_iter().map(|case| {
        let world = Arc::clone(world);
        async move {
            let Case {
                way,
                exchange,
                model,
                ask,
            } = &case;
            let verdict = match (way, ask) {
                (Way::Error, Some(ask)) => errors::check(&world, exchange, ask).await,
                (Way::Translated, _) => answers::translated(&world, exchange, model).await,
                (Way::Own | Way::Error, _) => answers::own(&world, exchange, model).await,
            };
            Checked {
                way: *way,
                vendor: exchange.vendor.clone(),
                id: exchange.id.clone(),
                verdict,
            }
        }
    });
    stream::iter(checks).buffer_unordered(LANES).collect().await
}
