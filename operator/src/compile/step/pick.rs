//! How one of several targets is chosen.

use std::sync::Arc;

use wayleave_api::llm_route as api;
use wayleave_api::number::Decimal;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::{Pick, StickyBy};

use super::super::cache::key::header;
use super::super::verdict::Problems;
use crate::field::FieldPath;

/// One call in a hundred.
const EXPLORE: Ratio = Ratio::from_millionths(10_000);
/// Half of the calls.
const MOST_EXPLORE: Ratio = Ratio::from_millionths(500_000);

/// The pick of a step with targets.
pub(super) fn compile(spec: &api::Step, field: &FieldPath, problems: &mut Problems) -> Pick {
    let sticky_by = spec.sticky_by.as_ref();
    let sticky = sticky_by.and_then(|by| sticky(by, &field.key("stickyBy"), problems));
    let explore = spec.explore.as_ref();
    let explored = explore.map(|text| percent(text, &field.key("explore"), problems));
    let pick = match (spec.pick, sticky) {
        (None | Some(api::Pick::Weighted), None) => Pick::Weighted,
        (None | Some(api::Pick::Weighted), Some(by)) => Pick::Sticky(by),
        (Some(api::Pick::Cheapest), _) => Pick::Cheapest,
        (Some(api::Pick::Fastest), _) => Pick::Fastest {
            explore: explored.unwrap_or(EXPLORE),
        },
        (Some(api::Pick::LeastBusy), _) => Pick::LeastBusy,
    };
    if sticky_by.is_some() && !matches!(spec.pick, None | Some(api::Pick::Weighted)) {
        let message = "has an effect with pick: Weighted only: remove it, or the other pick";
        problems.invalid(&field.key("stickyBy"), message);
    }
    if explore.is_some() && !matches!(pick, Pick::Fastest { .. }) {
        problems.invalid(
            &field.key("explore"),
            "has an effect with pick: Fastest only: remove it",
        );
    }
    pick
}

/// A race picks nothing.
pub(super) fn none(spec: &api::Step, field: &FieldPath, problems: &mut Problems) {
    if spec.sticky_by.is_some() {
        let message = "has an effect with pick: Weighted only: remove it, or the other pick";
        problems.invalid(&field.key("stickyBy"), message);
    }
    if spec.explore.is_some() {
        problems.invalid(
            &field.key("explore"),
            "has an effect with pick: Fastest only: remove it",
        );
    }
}

fn sticky(by: &api::StickyBy, field: &FieldPath, problems: &mut Problems) -> Option<StickyBy> {
    match (&by.header, &by.metadata) {
        (Some(name), None) => header(name, &field.key("header"), problems).map(StickyBy::Header),
        (None, Some(name)) if !name.is_empty() => Some(StickyBy::Metadata(Arc::from(name.as_str()))),
        (None, Some(_)) => {
            problems.invalid(
                &field.key("metadata"),
                "is empty: write the name of a member of the metadata",
            );
            None
        }
        (Some(_), Some(_)) | (None, None) => {
            problems.invalid(field, "needs exactly one of header and metadata");
            None
        }
    }
}

/// A share of the calls, given in percent.
fn percent(text: &Decimal, field: &FieldPath, problems: &mut Problems) -> Ratio {
    // Of 100, a ratio of up to 100 is a percentage.
    let percent = text.as_str().parse::<Ratio>().ok();
    let share = percent.map(|percent| Ratio::from_millionths(percent.millionths() / 100));
    share.filter(|share| *share <= MOST_EXPLORE).unwrap_or_else(|| {
        let message = format!(
            "`{text}` is not a percentage: write a decimal number from 0 to 50 with at most 6 decimals, such as 0.5"
        );
        problems.invalid(field, message);
        EXPLORE
    })
}
