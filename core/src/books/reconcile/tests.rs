//! Invoices that are made from a ledger, with discrepancies put into them: each has to be found, with its amount.

mod world;

use super::*;
use crate::books::invoice;
use crate::usage::ServiceTier;
use world::{MODELS, Seeded, World, day};

const TOLERANCE: f64 = 0.01;
/// How often each is tried.
const SEEDS: u64 = 20;

type Seeding = fn(&mut World) -> Seeded;

/// Every kind, put into the first model.
const KINDS: [(Kind, Seeding); 12] = [
    (Kind::NotThroughGateway, |world| world.other_calls(0, 1)),
    (Kind::NotOnInvoice, |world| world.missing_calls(0, 2)),
    (Kind::Cancelled, |world| world.stopped_earlier(0, 0)),
    (Kind::Cancelled, |world| world.ran_on(0, 3)),
    (Kind::CachedSplit, |world| world.other_split(0, 1)),
    (Kind::Unpriced, |world| world.unpriced(0, 2)),
    (Kind::PricesDiffer, |world| world.dearer(0, 1, 5, 4)),
    (Kind::PricesDiffer, |world| world.dearer(0, 4, 9, 10)),
    (Kind::DayShift, |world| world.around_midnight(0, 2)),
    (Kind::ServiceTier, |world| world.flex(0, 1)),
    (Kind::Credits, |world| world.credits(0, 3)),
    (Kind::NoModel, |world| world.searches(2)),
];

/// That each was found with its amount, nothing else was, and causes add up to what differs.
fn check(found: &Reconciliation, seeded: &[Seeded], what: &str) {
    assert!(!found.agrees, "{what}");
    for seeded in seeded {
        for (key, amount) in &seeded.rows {
            let row = found
                .rows
                .iter()
                .find(|row| (&row.day, &row.model) == (&key.0, &key.1));
            let row = row.unwrap_or_else(|| panic!("{what}: no row {key:?}"));
            let cause = row.causes.iter().find(|cause| cause.kind == seeded.kind);
            let cause = cause.unwrap_or_else(|| panic!("{what}: {:?} not found in {row:#?}", seeded.kind));
            let (told, amount) = (cause.amount_ticks.get(), *amount);
            assert!(
                !cause::far(told - amount, told, amount, 0.02) || (told - amount).abs() < ROUNDING,
                "{what}: {told} for {amount} in {row:#?}"
            );
            assert!(!cause.evidence.is_empty());
        }
    }
    let zone = found.notes.iter().any(|note| note.contains("begin at"));
    for row in &found.rows {
        let expected = |kind| {
            let key = (row.day, row.model.clone());
            seeded
                .iter()
                .any(|seeded| seeded.kind == kind && seeded.rows.contains_key(&key))
        };
        for cause in &row.causes {
            // A little that moved is told beside what is more.
            let little =
                cause.kind == Kind::DayShift && zone && cause.amount_ticks.get().abs() < row_size(row) / 50;
            assert!(
                expected(cause.kind) || little,
                "{what}: {:?} where none was put: {row:#?}",
                cause.kind
            );
        }
        if row.agrees {
            assert!(row.causes.is_empty(), "{what}");
            continue;
        }
        let difference = row.difference_ticks.unwrap().get();
        let sum: i64 = row.causes.iter().map(|cause| cause.amount_ticks.get()).sum();
        let large = row_size(row);
        assert!(
            (difference - sum).abs() <= ROUNDING
                || !cause::far(difference - sum, large, difference, TOLERANCE),
            "{what}: causes come to {sum} of {difference}: {row:#?}"
        );
    }
}

fn row_size(row: &Row) -> i64 {
    let side = |side: Option<Side>| side.and_then(|side| side.cost_ticks).unwrap_or_default().get();
    side(row.invoice).max(side(row.ledger))
}

#[test]
fn the_same_on_both_sides_agrees() {
    for seed in 0..SEEDS {
        let found = World::new(seed).reconcile(TOLERANCE);
        assert!(found.agrees, "{seed}: {found:#?}");
        assert!(found.causes.is_empty() && found.notes.is_empty(), "{found:#?}");
        assert_eq!(found.rows.len(), MODELS.len() * 5);
        assert_eq!(found.invoice_ticks, found.ledger_ticks);
    }
}

#[test]
fn each_discrepancy_alone_is_found_with_its_amount() {
    for (kind, seeding) in KINDS {
        for seed in 0..SEEDS {
            let mut world = World::new(seed);
            let seeded = seeding(&mut world);
            assert_eq!(seeded.kind, kind);
            check(
                &world.reconcile(TOLERANCE),
                &[seeded],
                &format!("{kind:?}, seed {seed}"),
            );
        }
    }
}

#[test]
fn several_at_once_are_told_apart() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let seeded = [
            world.other_calls(0, 0),
            world.missing_calls(0, 1),
            world.stopped_earlier(0, 2),
            world.unpriced(1, 0),
            world.other_split(1, 1),
            world.around_midnight(1, 3),
            world.dearer(2, 0, 5, 4),
            world.flex(2, 2),
            world.credits(2, 3),
            world.ran_on(2, 4),
            world.searches(1),
        ];
        check(&world.reconcile(TOLERANCE), &seeded, &format!("all, seed {seed}"));
    }
}

#[test]
fn several_in_one_row_are_told_apart() {
    type Pair = (&'static str, fn(&mut World) -> Vec<Seeded>);
    let pairs: [Pair; 5] = [
        ("credits and other calls", |world| {
            vec![world.other_calls(0, 1), world.credits(0, 1)]
        }),
        ("unpriced and other calls", |world| {
            vec![world.other_calls(0, 1), world.unpriced(0, 1)]
        }),
        ("unpriced and another split", |world| {
            vec![world.other_split(0, 1), world.unpriced(0, 1)]
        }),
        ("other prices and other calls", |world| {
            let calls = world.other_calls(0, 1);
            vec![calls, world.dearer(0, 1, 5, 4)]
        }),
        ("losers and credits", |world| {
            vec![world.stopped_earlier(0, 1), world.credits(0, 1)]
        }),
    ];
    for (what, seeding) in pairs {
        for seed in 0..SEEDS {
            let mut world = World::new(seed);
            let seeded = seeding(&mut world);
            check(
                &world.reconcile(TOLERANCE),
                &seeded,
                &format!("{what}, seed {seed}"),
            );
        }
    }
}

#[test]
fn days_of_another_zone_are_found_with_other_discrepancies_beside() {
    for seed in 0..SEEDS {
        for hours in [7, 8, -9] {
            let mut world = World::new(seed);
            let seeded = world.other_zone(hours);
            let found = world.reconcile(TOLERANCE);
            check(&found, &[seeded], &format!("zone {hours}, seed {seed}"));
            let begin = format!("{:02}:00 UTC", hours.rem_euclid(24));
            assert!(
                found.notes.iter().any(|note| note.contains(&begin)),
                "{:?}",
                found.notes
            );
        }
        let mut world = World::new(seed);
        let seeded = [world.other_zone(7), world.credits(1, 2)];
        check(
            &world.reconcile(TOLERANCE),
            &seeded,
            &format!("zone and credits, seed {seed}"),
        );
    }
}

#[test]
fn costs_without_tokens_tell_what_they_can() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        let dearer: Vec<Seeded> = (0..5).map(|day| world.dearer(0, day, 5, 4)).collect();
        world.without_tokens();
        check(
            &world.reconcile(TOLERANCE),
            &dearer,
            &format!("dearer, seed {seed}"),
        );

        let mut world = World::new(seed);
        let seeded = world.forget(1, 2);
        world.without_tokens();
        check(
            &world.reconcile(TOLERANCE),
            &[seeded],
            &format!("no request, seed {seed}"),
        );

        let mut world = World::new(seed);
        world.other_calls(0, 1);
        world.without_tokens();
        let found = world.reconcile(TOLERANCE);
        let kinds: Vec<Kind> = found.causes.iter().map(|total| total.kind).collect();
        assert_eq!(kinds, [Kind::Unexplained], "money alone does not say why");
    }
}

#[test]
fn an_invoice_of_all_models_together_is_compared_by_day() {
    let mut world = World::new(3);
    world.without_tokens();
    world.without_models();
    let found = world.reconcile(TOLERANCE);
    assert!(found.agrees, "{found:#?}");
    assert_eq!(found.rows.len(), 5);
    assert!(found.rows.iter().all(|row| row.model.is_none()));
}

#[test]
fn usage_of_all_models_together_is_left_out_beside_costs_by_model() {
    let mut world = World::new(3);
    world.without_tokens();
    world.usage_without_models();
    let found = world.reconcile(TOLERANCE);
    assert!(found.agrees, "{found:#?}");
    assert!(found.notes[0].contains("grouped by model"), "{:?}", found.notes);
}

#[test]
fn an_invoice_of_a_month_is_compared_by_month() {
    let mut world = World::new(4);
    world.in_one_span();
    let found = world.reconcile(TOLERANCE);
    assert!(found.agrees, "{found:#?}");
    assert_eq!(found.rows.len(), MODELS.len());
}

#[test]
fn usage_without_money_is_compared_by_tokens() {
    for (seeding, agrees) in [
        (None, true),
        (
            Some(World::other_calls as fn(&mut World, usize, usize) -> Seeded),
            false,
        ),
    ] {
        let mut world = World::new(5);
        if let Some(seeding) = seeding {
            seeding(&mut world, 0, 1);
        }
        world.without_money();
        let found = world.reconcile(TOLERANCE);
        assert_eq!(found.agrees, agrees, "{found:#?}");
        let kinds: Vec<Kind> = found.causes.iter().map(|total| total.kind).collect();
        assert_eq!(
            kinds,
            if agrees {
                vec![]
            } else {
                vec![Kind::NotThroughGateway]
            }
        );
    }
}

#[test]
fn small_differences_are_within_tolerance_and_rounding_is_none() {
    let mut world = World::new(6);
    world.dearer(0, 1, 201, 200);
    assert!(world.reconcile(TOLERANCE).agrees);
    assert!(!world.reconcile(0.004).agrees);
    let mut world = World::new(6);
    world.add_ticks(0, 1, ROUNDING);
    assert!(world.reconcile(0.0).agrees);
    world.add_ticks(0, 1, 1);
    assert!(!world.reconcile(0.0).agrees);
}

#[test]
fn exports_of_every_provider_agree_with_the_ledger_that_they_are_made_from() {
    for seed in 0..10 {
        for (provider, exports) in World::new(seed).exports() {
            let mut whole = invoice::Invoice::default();
            for export in &exports {
                let read = invoice::read(provider, export.as_bytes());
                whole
                    .lines
                    .extend(read.unwrap_or_else(|error| panic!("{provider:?}: {error}")).lines);
            }
            let found = World::new(seed).reconcile_with(provider, &whole, TOLERANCE);
            assert!(found.agrees, "{provider:?}, seed {seed}: {found:#?}");
            assert!(
                found
                    .rows
                    .iter()
                    .all(|row| row.invoice.unwrap().input == row.ledger.unwrap().input)
            );
        }
    }
}

#[test]
fn broken_exports_end_in_an_error_or_a_comparison() {
    let mut random = fastrand::Rng::with_seed(9);
    let world = World::new(9);
    let mut read = 0;
    for (provider, exports) in world.exports() {
        for export in exports {
            for _ in 0..60 {
                let mut bytes = export.clone().into_bytes();
                for _ in 0..random.usize(1..4) {
                    let at = random.usize(0..bytes.len());
                    match random.u8(0..4) {
                        0 => bytes[at] = random.u8(..),
                        1 => bytes.truncate(at + 1),
                        2 => bytes.splice(at..at, *b"99999999999999999999").for_each(drop),
                        _ => bytes.splice(at..at, *b"-").for_each(drop),
                    }
                }
                if let Ok(invoice) = invoice::read(provider, &bytes) {
                    world.reconcile_with(provider, &invoice, TOLERANCE);
                    read += 1;
                }
            }
        }
    }
    assert!(read > 20, "{read} are still exports");
}

#[test]
fn keys_that_are_named_count_whatever_they_served() {
    let mut world = World::new(7);
    let gone = world.drop_model(1);
    assert!(
        world.reconcile(TOLERANCE).agrees,
        "a model that is not on the invoice is not asked about"
    );
    let found = world.reconcile_keys(&["team/provider"], TOLERANCE);
    check(&found, &[gone], "keys");
    assert_eq!(found.keys.keys().collect::<Vec<_>>(), ["team/provider"]);
    assert!(world.reconcile_keys(&["team/other"], TOLERANCE).keys.is_empty());
}

#[test]
fn tiers_of_the_ledger_alone_say_nothing() {
    let mut world = World::new(8);
    world.add_ticks(0, 0, 90 * ROUNDING);
    world.in_ledger(0, 0, |attempt| attempt.tier = Some(ServiceTier::Flex));
    let found = world.reconcile(TOLERANCE);
    assert!(
        found.causes.iter().all(|total| total.kind != Kind::ServiceTier),
        "{found:#?}"
    );
    assert_eq!(day(0).to_string(), "2026-11-02");
}
