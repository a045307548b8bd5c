//! The order in which the targets of a step are tried.

use std::cmp::Ordering;
use std::time::Duration;

use crate::evidence::best::{self, Candidate, Wish};
use crate::plan::{Known, Lane, Wanted, World, expected_usage, sticky};
use crate::price::Ratio;
use crate::snapshot::Pick;
use crate::snapshot::experiment::Best;

/// Tokens of a stream that its reader waits for: how fast the rest comes matters less than when it begins.
const AWAITED: u64 = 100;

/// One call in so many tries what might be cheaper, until that is known: some calls for each such target.
const TRY_ONE_IN: u32 = 20;

/// Orders the lanes of a step.
pub(super) fn order(
    pick: &Pick,
    lanes: Vec<Lane>,
    wanted: &Wanted<'_>,
    world: &impl World,
    rng: &mut fastrand::Rng,
) -> Vec<Lane> {
    if lanes.len() < 2 {
        return lanes;
    }
    match pick {
        Pick::Weighted => weighted(lanes, |lane| lane.target.weight, rng),
        Pick::Sticky(by) => match by.value(wanted.headers, wanted.metadata) {
            Some(value) => sticky::order(lanes, value),
            None => weighted(lanes, |lane| lane.target.weight, rng),
        },
        Pick::Cheapest => cheapest(lanes, rng),
        Pick::Fastest { explore } => fastest(lanes, *explore, wanted, world, rng),
        Pick::LeastBusy => least_busy(lanes, world, rng),
        Pick::Best(spec) => best(lanes, spec, wanted, world, rng),
    }
}

/// By expected cost. What has no price comes last; of equals the one that is written first. A share of the calls goes to
/// what might be cheaper and has not answered often enough for one to know.
fn cheapest(mut lanes: Vec<Lane>, rng: &mut fastrand::Rng) -> Vec<Lane> {
    lanes.sort_by_key(|lane| (lane.expected.is_none(), lane.expected));
    let best = lanes.first().and_then(|lane| lane.expected);
    let promising: Vec<usize> = (1..lanes.len())
        .filter(|index| {
            let least = lanes.get(*index).and_then(|lane| lane.least);
            least.zip(best).is_some_and(|(least, best)| least < best)
        })
        .collect();
    if let Some(tried) = rng.choice(promising)
        && rng.u32(0..TRY_ONE_IN) == 0
    {
        let tried = lanes.remove(tried);
        lanes.insert(0, tried);
    }
    lanes
}

/// The better of two that are drawn (power of two choices): the fastest gets most of the calls but never all at once, so
/// that it is not overrun by everyone's finding. The others follow by speed. What nothing is known of goes first, and a
/// share of the calls goes anywhere.
fn fastest(
    lanes: Vec<Lane>,
    explore: Ratio,
    wanted: &Wanted<'_>,
    world: &impl World,
    rng: &mut fastrand::Rng,
) -> Vec<Lane> {
    let mut timed: Vec<(Option<Duration>, Lane)> = lanes
        .into_iter()
        .map(|lane| {
            let known = world.known(&lane.target.provider, &lane.model);
            (awaited(wanted, &known), lane)
        })
        .collect();
    let exploring = rng.u32(0..1_000_000) < explore.millionths();
    let first = if exploring {
        rng.usize(0..timed.len())
    } else {
        better_of_two(&timed, rng)
    };
    let (_, first) = timed.remove(first);
    timed.sort_by_key(|(time, _)| *time);
    std::iter::once(first)
        .chain(timed.into_iter().map(|(_, lane)| lane))
        .collect()
}

/// The cheapest, or fastest, of those that are good enough: [`crate::evidence::best`].
fn best(
    lanes: Vec<Lane>,
    spec: &Best,
    wanted: &Wanted<'_>,
    world: &impl World,
    rng: &mut fastrand::Rng,
) -> Vec<Lane> {
    let candidates: Vec<Candidate> = lanes
        .iter()
        .map(|lane| {
            let known = world.known(&lane.target.provider, &lane.model);
            Candidate {
                cost: lane.expected,
                latency: awaited(wanted, &known),
                scores: known.scores,
            }
        })
        .collect();
    let wish = Wish {
        min_score: f64::from(wanted.min_score.unwrap_or(spec.min_score).millionths()) / 1e6,
        optimise: spec.optimise,
        explore: spec.explore,
    };
    let mut lanes: Vec<Option<Lane>> = lanes.into_iter().map(Some).collect();
    let places = best::order(&candidates, wish, rng).into_iter();
    places
        .filter_map(|place| {
            let lane = lanes.get_mut(place.candidate)?.take()?;
            Some(Lane {
                standing: Some(place.reason),
                ..lane
            })
        })
        .collect()
}

/// How long a call like this one takes there until its reader has what it waits for; `None`: nobody knows.
fn awaited(wanted: &Wanted<'_>, known: &Known) -> Option<Duration> {
    let first = known.first_content?;
    let Some(per_token) = known.per_token else {
        return Some(first);
    };
    let tokens = expected_usage(&wanted.needs, known).output.min(AWAITED);
    Some(first.saturating_add(per_token.saturating_mul(u32::try_from(tokens).unwrap_or(u32::MAX))))
}

fn better_of_two(timed: &[(Option<Duration>, Lane)], rng: &mut fastrand::Rng) -> usize {
    let one = rng.usize(0..timed.len());
    let other = (one + rng.usize(1..timed.len())) % timed.len();
    let time = |index: usize| timed.get(index).and_then(|(time, _)| *time);
    match time(one).cmp(&time(other)) {
        Ordering::Less | Ordering::Equal => one,
        Ordering::Greater => other,
    }
}

/// By attempts in flight; equals at random, so that a burst spreads.
fn least_busy(mut lanes: Vec<Lane>, world: &impl World, rng: &mut fastrand::Rng) -> Vec<Lane> {
    rng.shuffle(&mut lanes);
    lanes.sort_by_cached_key(|lane| world.known(&lane.target.provider, &lane.model).in_flight);
    lanes
}

/// A random order in which each place is drawn by weight; those of weight 0 come last, as they stand.
pub(super) fn weighted<T>(items: Vec<T>, weight: impl Fn(&T) -> u32, rng: &mut fastrand::Rng) -> Vec<T> {
    let (mut drawn_from, rest): (Vec<T>, Vec<T>) = items.into_iter().partition(|item| weight(item) > 0);
    let mut order = Vec::with_capacity(drawn_from.len() + rest.len());
    while drawn_from.len() > 1 {
        let total: u64 = drawn_from.iter().map(|item| u64::from(weight(item))).sum();
        let mut ball = rng.u64(0..total);
        let place = drawn_from.iter().position(|item| {
            let weight = u64::from(weight(item));
            let hit = ball < weight;
            ball = ball.saturating_sub(weight);
            hit
        });
        order.push(drawn_from.remove(place.unwrap_or_default()));
    }
    order.extend(drawn_from);
    order.extend(rest);
    order
}
