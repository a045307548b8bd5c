//! Plays the scenes.

use std::collections::BTreeSet;

use serde::Serialize;
use tokio::time::sleep;

use super::books::{self, Books};
use super::request::{self, Client, Delivery, Seen};
use super::scene::{SCENES, Scene};
use super::stage::Stage;
use super::verify::{verify, verify_scene};
use crate::output::progress;

/// One call of a scene, and whether it did what the scene says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Played {
    pub(crate) scene: &'static str,
    pub(crate) client: Client,
    pub(crate) delivery: Delivery,
    pub(crate) status: u16,
    pub(crate) first_content_ms: Option<f64>,
    pub(crate) total_ms: f64,
    #[serde(flatten)]
    pub(crate) books: Books,
    /// What was wrong.
    pub(crate) faults: Vec<String>,
}

/// What came of a scene.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scened {
    pub(crate) calls: Vec<Played>,
    /// What was wrong with all of them together.
    pub(crate) faults: Vec<String>,
}

/// Plays all scenes, one call after the other.
///
/// # Errors
/// When a call or its records do not come back at all.
pub(crate) async fn all(stage: &Stage) -> anyhow::Result<Vec<Scened>> {
    let mut all = Vec::new();
    for scene in &SCENES {
        let ways = scene.plays.ways();
        progress(&format!(
            "  {:<15} {:>2} calls   {}",
            scene.model,
            ways.len(),
            scene.about
        ));
        let mut calls = Vec::new();
        for (place, (client, delivery)) in ways.into_iter().enumerate() {
            if place > 0 {
                sleep(scene.pause).await;
            }
            calls.push(one(stage, scene, place == 0, client, delivery).await?);
        }
        let served: BTreeSet<String> = calls
            .iter()
            .filter_map(|played| played.books.attempts.first())
            .map(|attempt| attempt.provider_name().to_owned())
            .collect();
        all.push(Scened {
            calls,
            faults: verify_scene(scene, &served),
        });
    }
    Ok(all)
}

async fn one(
    stage: &Stage,
    scene: &Scene,
    first: bool,
    client: Client,
    delivery: Delivery,
) -> anyhow::Result<Played> {
    let seen = request::call(&stage.calls(), scene.model, client, delivery).await?;
    let books = books::of_call(&stage.admin(), &seen.id).await?;
    let faults = verify(scene, first, delivery, &seen, &books);
    let Seen {
        status,
        first_content,
        total,
        ..
    } = seen;
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Played {
        scene: scene.model,
        client,
        delivery,
        status,
        first_content_ms: first_content.map(ms),
        total_ms: ms(total),
        books,
        faults,
    })
}
