//! How one of several targets is chosen.

use std::sync::Arc;

use wayleave_api::judge::JudgeMode;
use wayleave_api::step as api;
use wayleave_core::evidence::best::Optimise;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::experiment::Best;
use wayleave_core::snapshot::{Pick, StickyBy};

use super::super::cache::key::header;
use super::super::grant::Grants;
use super::super::verdict::Problems;
use super::super::{judge, share};
use crate::field::FieldPath;

/// One call in a hundred.
const EXPLORE: Ratio = Ratio::from_millionths(10_000);
/// One call in five: what nobody knows to be good enough is found out within some hundreds.
const EXPLORE_BEST: Ratio = Ratio::from_millionths(200_000);
/// Half of the calls, in percent.
const MOST_EXPLORE: u32 = 50;

const ONLY_WEIGHTED: &str = "has an effect with pick: Weighted only: remove it, or the other pick";
const ONLY_EXPLORING: &str = "has an effect with pick: Fastest or Best only: remove it";
const ONLY_BEST: &str = "has an effect with pick: Best only: remove it, or write pick: Best";

/// The pick of a step with targets.
pub(super) fn compile(
    spec: &api::Step,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Pick {
    let sticky_by = spec.sticky_by.as_ref();
    let sticky = sticky_by.and_then(|by| sticky(by, &field.key("stickyBy"), problems));
    let explore = spec.explore.as_ref().and_then(|text| {
        let field = field.key("explore");
        share::percent(text, MOST_EXPLORE, "0.5", &field, problems)
    });
    let pick = match spec.pick.unwrap_or(api::Pick::Weighted) {
        api::Pick::Weighted => sticky.map_or(Pick::Weighted, Pick::Sticky),
        api::Pick::Cheapest => Pick::Cheapest,
        api::Pick::Fastest => Pick::Fastest {
            explore: explore.unwrap_or(EXPLORE),
        },
        api::Pick::LeastBusy => Pick::LeastBusy,
        api::Pick::Best => {
            let explore = explore.unwrap_or(EXPLORE_BEST);
            Pick::Best(Box::new(best(spec, explore, namespace, field, grants, problems)))
        }
    };
    misplaced(spec, spec.pick.unwrap_or(api::Pick::Weighted), field, problems);
    pick
}

/// A race picks nothing.
pub(super) fn none(spec: &api::Step, field: &FieldPath, problems: &mut Problems) {
    if spec.sticky_by.is_some() {
        problems.invalid(&field.key("stickyBy"), ONLY_WEIGHTED);
    }
    if spec.explore.is_some() {
        problems.invalid(&field.key("explore"), ONLY_EXPLORING);
    }
    of_best(spec, field, problems);
}

/// What has no effect with this pick.
fn misplaced(spec: &api::Step, pick: api::Pick, field: &FieldPath, problems: &mut Problems) {
    if spec.sticky_by.is_some() && pick != api::Pick::Weighted {
        problems.invalid(&field.key("stickyBy"), ONLY_WEIGHTED);
    }
    if spec.explore.is_some() && !matches!(pick, api::Pick::Fastest | api::Pick::Best) {
        problems.invalid(&field.key("explore"), ONLY_EXPLORING);
    }
    if pick != api::Pick::Best {
        of_best(spec, field, problems);
    }
}

fn of_best(spec: &api::Step, field: &FieldPath, problems: &mut Problems) {
    let fields = [
        ("minScore", spec.min_score.is_some()),
        ("optimise", spec.optimise.is_some()),
        ("judge", spec.judge.is_some()),
    ];
    for (name, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
        problems.invalid(&field.key(name), ONLY_BEST);
    }
}

fn best(
    spec: &api::Step,
    explore: Ratio,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Best {
    if spec.min_score.is_none() {
        let message = "needs a minScore: write the score, from 0 to 1, that a model must have, such as 0.8";
        problems.invalid(&field.key("pick"), message);
    }
    let min_score = spec.min_score.as_ref();
    let min_score =
        min_score.and_then(|text| share::of_one(text, "a score", "0.8", &field.key("minScore"), problems));
    let judge = spec.judge.as_ref().map(|judge| {
        let field = field.key("judge");
        if judge.mode == Some(JudgeMode::Pairwise) {
            let message = "compares arms of an experiment: here each answer is judged by itself, remove it";
            problems.invalid(&field.key("mode"), message);
        }
        let targets = spec.targets.iter().flatten();
        let judged = targets.filter_map(|weighted| {
            let model = weighted.target.model.as_deref()?;
            let provider = &weighted.target.provider_key.name;
            Some((format!("a target at {provider}"), model))
        });
        judge::compile(judge, namespace, judged, &field, grants, problems)
    });
    Best {
        min_score: min_score.unwrap_or(Ratio::ONE),
        optimise: match spec.optimise {
            None | Some(api::Optimise::Cost) => Optimise::Cost,
            Some(api::Optimise::Latency) => Optimise::Latency,
        },
        explore,
        judge,
    }
}

/// What calls have in common.
pub(in super::super) fn sticky(
    by: &api::StickyBy,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<StickyBy> {
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
