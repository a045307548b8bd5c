//! All recordings through one gateway.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Answer, Client, Format, Front, Gateway, on_both_fronts};

use super::cases::{self, Case};
use super::tally::{Checked, Way, say, summary, table};
use super::{answers, corpus, errors, exceptions, manifests};

/// Calls at once.
const LANES: usize = 8;

/// What a check needs.
pub(super) struct World {
    pub(super) gateway: Gateway,
    client: Client,
    sim: Sim,
}

impl World {
    /// Asks and reads the answer to its end.
    pub(super) async fn ask(&self, format: Format, body: &Value) -> Result<Answer, String> {
        let streaming = self
            .client
            .post(format, format.path(), &[], body.to_string())
            .await;
        let streaming = streaming.map_err(|error| format!("no answer: {error:#}"))?;
        let answer = self.client.read(streaming).await;
        if answer.complete {
            Ok(answer)
        } else {
            Err(format!("the answer broke off: {}", answer.text()))
        }
    }

    /// The request that the provider got for a model.
    pub(super) fn arrived(&self, model: &str) -> Option<Value> {
        let requests = self.sim.requests();
        let request = requests
            .iter()
            .rfind(|request| request.model.as_deref() == Some(model))?;
        serde_json::from_slice(&request.body).ok()
    }
}

on_both_fronts!(every_recording_goes_through);

async fn every_recording_goes_through(front: Front) {
    let Some(corpus) = corpus::load() else { return };
    let cases = cases::all(&corpus);
    cases::check_choice(&cases);
    let sim = Sim::start(SimOptions::default()).expect("a simulator");
    for case in &cases {
        sim.replay(&case.model, case.replay()).expect("room for all");
    }
    let gateway = Gateway::start(front, &manifests::all(&sim.base_url(), &cases)).await;
    let world = Arc::new(World {
        client: gateway.client(),
        gateway,
        sim,
    });
    let checked = check_all(&world, cases).await;
    println!("{front:?}\n{}", table(&checked));
    let listed = exceptions::listed().len();
    say(&format!(
        "{} ({front:?}), {listed} listed as exceptions",
        summary(&checked)
    ));
    let violations = exceptions::violations(&checked);
    assert!(
        violations.is_empty(),
        "{} checks went wrong:\n{}",
        violations.len(),
        violations.join("\n")
    );
    let world = Arc::into_inner(world).expect("all checks are over");
    world.gateway.log.assert_calm();
    world.gateway.finish().await;
}

async fn check_all(world: &Arc<World>, cases: Vec<Case>) -> Vec<Checked> {
    let checks = cases.into_iter().map(|case| {
        let world = Arc::clone(world);
        async move {
            let verdict = match case.way {
                Way::Own => answers::own(&world, &case).await,
                Way::Translated | Way::Reframed => answers::translated(&world, &case).await,
                Way::Error => errors::check(&world, &case).await,
            };
            let Case { way, exchange, .. } = case;
            Checked {
                way,
                vendor: exchange.vendor,
                id: exchange.id,
                verdict,
            }
        }
    });
    stream::iter(checks).buffer_unordered(LANES).collect().await
}
