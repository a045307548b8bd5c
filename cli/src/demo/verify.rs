//! Whether a call did what its scene says.

use wayleave_core::money::Ticks;
use wayleave_core::walk::Role;

use super::books::{AttemptRecord, Books};
use super::request::{Delivery, Seen, Way, Who};
use super::scene::{CostIs, Expected, FOR_FINDING_OUT, SETTLED, Scene, Script};

/// What was wrong with a call; empty: nothing.
pub(crate) fn verify(scene: &Scene, first: bool, way: Way, seen: &Seen, books: &Books) -> Vec<String> {
    let mut faults = Vec::new();
    let fresh = first || way.who == Who::Stranger;
    client(scene, first, seen, &mut faults);
    let expected = match scene.script {
        Script::Attempts(expected) => expected.to_vec(),
        Script::OneOf(either) | Script::Learned(either) => {
            let made = books.attempts.first().map(AttemptRecord::provider_name);
            either
                .iter()
                .copied()
                .filter(|one| made == Some(one.provider))
                .collect()
        }
        Script::Kept(expected) if fresh => vec![expected],
        Script::Kept(expected) => vec![Expected {
            roles: &[Role::CacheHit],
            ..expected
        }],
        Script::Shared(expected) => vec![Expected {
            roles: &[Role::Primary, Role::Coalesced, Role::CacheHit],
            ..expected
        }],
    };
    attempts(&expected, first, &books.attempts, &mut faults);
    let reused = books.attempts.iter().find(|attempt| attempt.is_reused());
    let cost = match reused {
        Some(_) => CostIs::Nothing,
        None => scene.cost,
    };
    money(cost, books, &mut faults);
    if let Some(reused) = reused {
        saved(reused, seen, &mut faults);
    }
    if let Script::Kept(_) = scene.script {
        let right = if fresh { "miss" } else { "hit" };
        let said = seen.cache_header.as_deref().unwrap_or("nothing");
        if said != right {
            faults.push(format!("x-wayleave-cache said {said}, not {right}"));
        }
    }
    let at_end = way.delivery == Delivery::Whole && !is_race(&expected);
    if at_end && cost == CostIs::Positive && seen.cost_header != books.call.cost_usd {
        let said = seen.cost_header.as_deref().unwrap_or("nothing");
        faults.push(format!(
            "x-wayleave-cost-usd said {said}, the ledger says otherwise"
        ));
    }
    faults
}

/// What was wrong with a scene as a whole.
pub(crate) fn verify_scene(scene: &Scene, served: &[&str]) -> Vec<String> {
    let calls = served.len();
    match scene.script {
        Script::OneOf(either) => {
            let missing = either.iter().filter(|one| !served.contains(&one.provider));
            missing
                .map(|one| format!("{} served none of {calls} calls", one.provider))
                .collect()
        }
        Script::Learned(either) => {
            let learned = either.last().map_or("", |one| one.provider);
            let last = served.iter().rev().take(SETTLED);
            let elsewhere = last.filter(|provider| **provider != learned).count();
            let right = elsewhere <= FOR_FINDING_OUT && calls >= SETTLED;
            let fault = format!("{elsewhere} of the last {SETTLED} calls did not go to {learned}");
            if right { Vec::new() } else { vec![fault] }
        }
        Script::Attempts(_) | Script::Kept(_) | Script::Shared(_) => Vec::new(),
    }
}

/// What a client got, and whether from a cache or from an equal call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) reused: bool,
    pub(crate) text: &'a str,
}

/// What was wrong with the answers of a scene that has a cache.
pub(crate) fn verify_answers(scene: &Scene, answers: &[Answer<'_>]) -> Vec<String> {
    let right = match scene.script {
        Script::Attempts(_) | Script::OneOf(_) | Script::Learned(_) => return Vec::new(),
        // The first, and another client's.
        Script::Kept(_) => 2,
        Script::Shared(_) => 1,
    };
    let mut faults = Vec::new();
    let made: Vec<&Answer<'_>> = answers.iter().filter(|answer| !answer.reused).collect();
    if made.len() != right {
        faults.push(format!(
            "{} calls took {} requests, not {right}",
            answers.len(),
            made.len()
        ));
    }
    let reused = answers.iter().filter(|answer| answer.reused);
    let other = reused.filter(|answer| made.first().is_some_and(|made| made.text != answer.text));
    let other = other.count();
    if other > 0 {
        faults.push(format!("{other} answers from the cache say something else"));
    }
    faults
}

/// An answer from a cache says what it saved.
fn saved(reused: &AttemptRecord, seen: &Seen, faults: &mut Vec<String>) {
    if reused.saved_ticks.is_none_or(|saved| saved <= Ticks::ZERO) {
        faults.push("the ledger does not say what it saved".to_owned());
    }
    // The head of an answer that others share may go out before anybody knows.
    if reused.role == Role::CacheHit && seen.saved_header != reused.saved_usd {
        let said = seen.saved_header.as_deref().unwrap_or("nothing");
        faults.push(format!(
            "x-wayleave-saved-usd said {said}, the ledger says otherwise"
        ));
    }
}

fn is_race(expected: &[Expected]) -> bool {
    expected.iter().any(|one| one.roles.contains(&Role::RaceLoser))
}

fn client(scene: &Scene, first: bool, seen: &Seen, faults: &mut Vec<String>) {
    let right: Vec<String> = scene
        .status
        .iter()
        .take(if first { 1 } else { scene.status.len() })
        .map(u16::to_string)
        .collect();
    if !right.contains(&seen.status.to_string()) {
        faults.push(format!(
            "status {} instead of {}: {}",
            seen.status,
            right.join(" or "),
            seen.text
        ));
    } else if seen.text.is_empty() {
        faults.push("the client got no text".to_owned());
    } else if seen.status == 200 && !seen.ended {
        faults.push("the answer did not end as its format demands".to_owned());
    }
}

fn attempts(expected: &[Expected], first: bool, made: &[AttemptRecord], faults: &mut Vec<String>) {
    let mut made = made.iter().peekable();
    for one in expected {
        let fits = |attempt: &&AttemptRecord| attempt.provider_name() == one.provider;
        let Some(attempt) = made.next_if(|attempt| fits(attempt)) else {
            if first || !one.may_rest {
                faults.push(format!("{} was not tried in its turn", one.provider));
            }
            continue;
        };
        if attempt.class != one.class || !one.roles.contains(&attempt.role) {
            let (class, role) = (attempt.class.as_str(), attempt.role.as_str());
            faults.push(format!(
                "{} was {class} as {role}, not {}",
                one.provider,
                one.class.as_str()
            ));
        }
    }
    for attempt in made {
        faults.push(format!("{} was tried beyond the plan", attempt.provider_name()));
    }
}

fn money(cost: CostIs, books: &Books, faults: &mut Vec<String>) {
    let total = books.call.cost_ticks;
    let right = match cost {
        CostIs::Positive => total.is_some_and(|total| total > Ticks::ZERO),
        CostIs::Nothing => total == Some(Ticks::ZERO),
        CostIs::Unknown => total.is_none(),
    };
    if !right {
        faults.push(format!("it cost {}, not {}", show(total), wanted(cost)));
    }
    let sum: Option<Ticks> = books.attempts.iter().map(|attempt| attempt.cost_ticks).sum();
    if sum != total {
        faults.push(format!(
            "its attempts cost {} together, the call {}",
            show(sum),
            show(total)
        ));
    }
}

fn show(cost: Option<Ticks>) -> String {
    cost.map_or_else(|| "an unknown amount".to_owned(), |ticks| ticks.to_string())
}

const fn wanted(cost: CostIs) -> &'static str {
    match cost {
        CostIs::Positive => "something",
        CostIs::Nothing => "$0",
        CostIs::Unknown => "an unknown amount",
    }
}

#[cfg(test)]
mod tests;
