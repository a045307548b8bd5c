//! Whether a call did what its scene says.

use std::collections::BTreeSet;

use wayleave_core::money::Ticks;

use super::books::{AttemptRecord, Books};
use super::request::{Delivery, Seen};
use super::scene::{CostIs, Expected, Plays, Scene, Script};

/// What was wrong with a call; empty: nothing.
pub(crate) fn verify(
    scene: &Scene,
    first: bool,
    delivery: Delivery,
    seen: &Seen,
    books: &Books,
) -> Vec<String> {
    let mut faults = Vec::new();
    client(scene, first, seen, &mut faults);
    let expected = match scene.script {
        Script::Attempts(expected) => expected.to_vec(),
        Script::OneOf(either) => {
            let made = books.attempts.first().map(AttemptRecord::provider_name);
            either
                .iter()
                .copied()
                .filter(|one| made == Some(one.provider))
                .collect()
        }
    };
    attempts(&expected, first, &books.attempts, &mut faults);
    money(scene.cost, books, &mut faults);
    let at_end = delivery == Delivery::Whole && !is_race(&expected);
    if at_end && scene.cost == CostIs::Positive && seen.cost_header != books.call.cost_usd {
        let said = seen.cost_header.as_deref().unwrap_or("nothing");
        faults.push(format!(
            "x-wayleave-cost-usd said {said}, the ledger says otherwise"
        ));
    }
    faults
}

/// What was wrong with a scene as a whole.
pub(crate) fn verify_scene(scene: &Scene, served: &BTreeSet<String>) -> Vec<String> {
    let (Script::OneOf(either), Plays::Many(calls)) = (scene.script, scene.plays) else {
        return Vec::new();
    };
    let missing = either.iter().filter(|one| !served.contains(one.provider));
    missing
        .map(|one| format!("{} served none of {calls} calls", one.provider))
        .collect()
}

fn is_race(expected: &[Expected]) -> bool {
    use wayleave_core::walk::Role;
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
