//! All recordings through one gateway.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use wayleave_sim::{RecordedRequest, Sim, SimOptions};
use wayleave_tests::{Answer, Client, Front, Gateway, on_every_front};

use super::cases::{self, Case};
use super::tally::{Checked, Way, say, summary, table};
use super::view::View;
use super::{answers, errors, exceptions, manifests};
use crate::recordings::exchange;

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
    pub(super) async fn ask(&self, view: View, model: &str, body: &Value) -> Result<Answer, String> {
        let path = view.path(model);
        let streaming = self
            .client
            .post(view.headers(), &path, &[], body.to_string())
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
    pub(super) fn arrived(&self, model: &str) -> Result<RecordedRequest, String> {
        let requests = self.sim.requests();
        let mut newest = requests.into_iter().rev();
        let found = newest.find(|request| request.model.as_deref() == Some(model));
        found.ok_or_else(|| String::from("the provider got no request"))
    }
}

on_every_front!(every_recording_goes_through);

async fn every_recording_goes_through(front: Front) {
    let Some(recordings) = exchange::load() else {
        return;
    };
    let cases = cases::all(&recordings);
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
    say(&cases::left_out(&recordings));
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
                source: format!("{} {}", exchange.provider, exchange.endpoint),
                id: exchange.id,
                verdict,
            }
        }
    });
    stream::iter(checks).buffer_unordered(LANES).collect().await
}
