//! Plays the scenes.

use anyhow::Context as _;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::books::{self, AttemptRecord, Books};
use super::request::{self, Seen, Way};
use super::scene::{Plays, SCENES, Scene};
use super::stage::Stage;
use super::verify::{Answer, verify, verify_answers, verify_scene};
use crate::output::progress;

/// Calls that are made before the judge's word on them is waited for.
const TOGETHER: usize = 10;

/// One call of a scene, and whether it did what the scene says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Played {
    pub(crate) scene: &'static str,
    #[serde(flatten)]
    pub(crate) way: Way,
    pub(crate) status: u16,
    pub(crate) first_content_ms: Option<f64>,
    pub(crate) total_ms: f64,
    #[serde(flatten)]
    pub(crate) books: Books,
    /// What the client got.
    #[serde(skip)]
    pub(crate) text: String,
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

/// Plays all scenes, one after the other.
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
        let calls = match scene.plays {
            Plays::AtOnce(_) => at_once(stage, scene, ways).await?,
            Plays::EachWay | Plays::EachWayThenStranger | Plays::Many(_) | Plays::Judged(_) => {
                in_turn(stage, scene, ways).await?
            }
        };
        let served: Vec<&str> = calls
            .iter()
            .filter_map(|played| played.books.attempts.first())
            .map(AttemptRecord::provider_name)
            .collect();
        let answers: Vec<Answer<'_>> = calls.iter().map(Played::answer).collect();
        let mut faults = verify_scene(scene, &served);
        faults.extend(verify_answers(scene, &answers));
        all.push(Scened { calls, faults });
    }
    Ok(all)
}

impl Played {
    fn answer(&self) -> Answer<'_> {
        Answer {
            reused: self.books.attempts.iter().any(AttemptRecord::is_reused),
            text: &self.text,
        }
    }
}

async fn in_turn(stage: &Stage, scene: &Scene, ways: Vec<Way>) -> anyhow::Result<Vec<Played>> {
    let mut calls = Vec::new();
    for (place, way) in ways.into_iter().enumerate() {
        if place > 0 {
            sleep(scene.pause).await;
        }
        if matches!(scene.plays, Plays::Judged(_)) && place % TOGETHER == 0 {
            books::judged(&stage.admin()).await?;
        }
        let seen = request::call(&stage.calls(), scene, way).await?;
        calls.push(booked(stage, scene, place == 0, way, seen).await?);
    }
    Ok(calls)
}

async fn at_once(stage: &Stage, scene: &Scene, ways: Vec<Way>) -> anyhow::Result<Vec<Played>> {
    let mut calling = JoinSet::new();
    for way in ways {
        let (gateway, scene) = (stage.calls(), *scene);
        calling.spawn(async move { (way, request::call(&gateway, &scene, way).await) });
    }
    let mut calls = Vec::new();
    while let Some(called) = calling.join_next().await {
        let (way, seen) = called.context("a call was broken off")?;
        calls.push(booked(stage, scene, false, way, seen?).await?);
    }
    Ok(calls)
}

/// Looks a call up in the books, and at what it did.
async fn booked(stage: &Stage, scene: &Scene, first: bool, way: Way, seen: Seen) -> anyhow::Result<Played> {
    let books = books::of_call(&stage.admin(), &seen.id).await?;
    let faults = verify(scene, first, way, &seen, &books);
    let Seen {
        status,
        text,
        first_content,
        total,
        ..
    } = seen;
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Played {
        scene: scene.model,
        way,
        status,
        first_content_ms: first_content.map(ms),
        total_ms: ms(total),
        books,
        text,
        faults,
    })
}
