//! The targets of a step as a table.

use std::fmt::Write as _;

use wayleave_core::explain::{ExplainedAccess, ExplainedExperiment, ExplainedStep, ExplainedTarget};
use wayleave_core::money::Ticks;
use wayleave_core::snapshot::experiment::Mode;
use wayleave_core::snapshot::{Limits, Pick};

use crate::table::Table;

/// What stands of each target, whatever stands first.
const HEADINGS: [&str; 6] = [
    "PROVIDER KEY",
    "MODEL",
    "ASKED AT",
    "BODY",
    "KEYS",
    "USD PER MILLION IN / OUT",
];

/// The targets of a step.
pub(super) fn format_targets(step: &ExplainedStep) -> String {
    let (first, targets) = match step {
        ExplainedStep::Pick { pick, targets } => (Lead::of(pick), targets),
        ExplainedStep::Race { targets, .. } => (Lead::Lane, targets),
    };
    let rows = targets
        .iter()
        .enumerate()
        .map(|(place, target)| (vec![first.of_target(place, target)], target));
    format_rows(&[first.heading()], rows)
}

/// The arms of an experiment, and how many of the calls each serves.
pub(super) fn format_arms(experiment: &ExplainedExperiment) -> String {
    let rows = experiment.arms.iter().enumerate().map(|(place, (name, target))| {
        let serves = match (experiment.mode, place) {
            (Mode::Split, _) => chance(target),
            (Mode::Shadow, 0) => "100 %".to_owned(),
            (Mode::Shadow, _) => "behind".to_owned(),
        };
        (vec![name.clone(), serves], target)
    });
    format_rows(&["ARM", "SERVES"], rows)
}

fn format_rows<'a>(
    first: &[&'static str],
    rows: impl Iterator<Item = (Vec<String>, &'a ExplainedTarget)>,
) -> String {
    let headings: Vec<_> = first.iter().copied().chain(HEADINGS).collect();
    let mut table = Table::new(&headings).right(&[first.len() - 1]);
    let mut notes = String::new();
    for (lead, target) in rows {
        let start = lead
            .into_iter()
            .chain([target.provider.clone(), target.model.clone()]);
        match &target.access {
            Ok(access) => table.row(start.chain(reached(access))),
            Err(reason) => {
                table.row(start.chain(["cannot be used".to_owned()]));
                let _ = writeln!(notes, "     cannot be used: {reason}");
            }
        }
        if let Some(reason) = &target.passed_over {
            let _ = writeln!(
                notes,
                "     passed over: {} {}: {reason}",
                target.provider, target.model
            );
        }
    }
    table.render("     ") + &notes
}

/// What stands first in a target's row.
#[derive(Clone, Copy)]
enum Lead {
    /// Its place in a race.
    Lane,
    /// The chance of being asked first.
    Chance,
    /// What this call is expected to cost there.
    Cost,
    /// Its place in the list: only the running gateway knows the order.
    Place,
}

impl Lead {
    const fn of(pick: &Pick) -> Self {
        match pick {
            Pick::Weighted | Pick::Sticky(_) => Self::Chance,
            Pick::Cheapest => Self::Cost,
            Pick::Fastest { .. } | Pick::LeastBusy | Pick::Best(_) => Self::Place,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Lane => "LANE",
            Self::Chance => "CHANCE",
            Self::Cost => "USD FOR THIS CALL",
            Self::Place => "PLACE",
        }
    }

    fn of_target(self, place: usize, target: &ExplainedTarget) -> String {
        match self {
            Self::Lane | Self::Place => place.to_string(),
            Self::Chance => chance(target),
            Self::Cost => target.expected.map_or_else(|| "unpriced".to_owned(), Ticks::usd),
        }
    }
}

fn chance(target: &ExplainedTarget) -> String {
    let (whole, tenth) = (target.chance_permille / 10, target.chance_permille % 10);
    if tenth == 0 {
        format!("{whole} %")
    } else {
        format!("{whole}.{tenth} %")
    }
}

fn reached(access: &ExplainedAccess) -> [String; 4] {
    let body = if access.translated {
        format!("translated to {:?}", access.format)
    } else {
        "as it is".to_owned()
    };
    let weights_differ = access
        .keys
        .iter()
        .any(|(_, weight)| access.keys.first().is_some_and(|key| key.1 != *weight));
    let keys = access.keys.iter().map(|(name, weight)| {
        if weights_differ {
            format!("{name} (weight {weight})")
        } else {
            name.clone()
        }
    });
    let keys = keys.collect::<Vec<_>>().join(", ");
    let keys = if keys.is_empty() {
        "none needed".to_owned()
    } else {
        keys
    };
    let price = access.price.as_ref().map_or_else(
        || "unpriced".to_owned(),
        |price| {
            format!(
                "{} / {} ({})",
                price.input_per_million.usd(),
                price.output_per_million.usd(),
                price.source
            )
        },
    );
    [access.url.clone(), body, keys + &limits(access.limits), price]
}

fn limits(limits: Limits) -> String {
    let bounds = [
        (limits.requests_per_minute, "requests per minute"),
        (limits.tokens_per_minute, "tokens per minute"),
        (limits.concurrency, "at once"),
    ];
    let bounds = bounds
        .into_iter()
        .filter_map(|(bound, what)| Some(format!("{} {what}", bound?)));
    let bounds = bounds.collect::<Vec<_>>().join(", ");
    if bounds.is_empty() {
        bounds
    } else {
        format!("; at most {bounds}")
    }
}
