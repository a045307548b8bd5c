//! One step of a fallback chain.

mod pick;

pub(super) use self::pick::sticky;

use std::sync::Arc;
use std::time::Duration;

use wayleave_api::race as api;
use wayleave_api::reference::{TargetRef, WeightedTargetRef};
use wayleave_api::step::Step as Spec;
use wayleave_core::snapshot::{Accept, JsonAccept, Losers, Refusals, Step, Target};

use super::grant::Grants;
use super::timing::{self, Most};
use super::verdict::Problems;
use crate::field::FieldPath;

/// Where a step stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The namespace of its route.
    pub(super) namespace: &'a str,
    /// How long the whole call may take.
    pub(super) total: Duration,
}

/// Compiles one step; `None` if it is neither a pick nor a race.
pub(super) fn compile(
    spec: &Spec,
    place: Place<'_>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Option<Step> {
    match (&spec.race, spec.pick, &spec.targets) {
        (Some(race), None, None) => {
            pick::none(spec, field, problems);
            Some(self::race(race, place, &field.key("race"), grants, problems))
        }
        (None, _, Some(targets)) => Some(Step::Pick {
            pick: pick::compile(spec, place.namespace, field, grants, problems),
            targets: candidates(targets, place, &field.key("targets"), grants, problems),
        }),
        (Some(_), _, Some(_)) => {
            problems.invalid(
                field,
                "has both `race` and `targets`: make two steps of it, or keep one of them",
            );
            None
        }
        (Some(_), Some(_), None) => {
            problems.invalid(&field.key("pick"), "has no effect in a race: remove it");
            None
        }
        (None, _, None) => {
            problems.invalid(field, "has no model: write `targets`, or a `race`");
            None
        }
    }
}

fn candidates(
    targets: &[WeightedTargetRef],
    place: Place<'_>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Vec<Target> {
    if targets.is_empty() {
        problems.invalid(field, "is empty: write at least one target");
    } else if targets.iter().all(|target| target.weight == Some(0)) {
        problems.invalid(field, "has only weights of 0: give at least one target a share");
    }
    let targets = targets.iter().enumerate().map(|(index, spec)| Target {
        weight: spec.weight.unwrap_or(1),
        ..target(&spec.target, place, &field.index(index), grants, problems)
    });
    targets.collect()
}

fn race(
    spec: &api::Race,
    place: Place<'_>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Step {
    let stagger = spec.stagger.as_ref().and_then(|text| {
        timing::bounded(
            text,
            Duration::ZERO,
            Most::Total(place.total),
            &field.key("stagger"),
            problems,
        )
    });
    Step::Race {
        targets: lanes(&spec.targets, place, &field.key("targets"), grants, problems),
        stagger: stagger.unwrap_or_default(),
        accept: spec.accept.as_ref().map_or_else(Accept::default, |spec| {
            accept(spec, &field.key("accept"), problems)
        }),
        losers: match spec.losers {
            None | Some(api::Losers::Auto) => Losers::Auto,
            Some(api::Losers::Abort) => Losers::Abort,
            Some(api::Losers::Drain) => Losers::Drain,
        },
    }
}

fn lanes(
    targets: &[TargetRef],
    place: Place<'_>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Vec<Target> {
    if targets.len() < 2 {
        let message = format!(
            "has {} of at least 2 lanes: use `targets` of the step for a single one",
            targets.len()
        );
        problems.invalid(field, message);
    }
    let targets = targets
        .iter()
        .enumerate()
        .map(|(index, spec)| target(spec, place, &field.index(index), grants, problems));
    targets.collect()
}

fn target(
    spec: &TargetRef,
    place: Place<'_>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Target {
    Target {
        provider: grants.resolve(place.namespace, &spec.provider_key, field, problems),
        model: model(spec.model.as_deref(), field, problems),
        weight: 1,
    }
}

/// The model to ask for. A `*` is for the names that a route claims; no provider knows it.
fn model(model: Option<&str>, target: &FieldPath, problems: &mut Problems) -> Option<Arc<str>> {
    let model = model?;
    if model.trim().is_empty() {
        let message = "is empty: write the provider's model name, or remove it to pass the client's on";
        problems.invalid(&target.key("model"), message);
    } else if model.contains('*') {
        let message = format!("`{model}` is a pattern: remove it to pass the client's model name on");
        problems.invalid(&target.key("model"), message);
    }
    Some(Arc::from(model))
}

fn accept(spec: &api::Accept, field: &FieldPath, problems: &mut Problems) -> Accept {
    if spec.min_characters == Some(0) {
        let message = "is 0, but an answer without content never wins: write at least 1";
        problems.invalid(&field.key("minCharacters"), message);
    }
    Accept {
        min_characters: spec.min_characters.unwrap_or(1),
        json: match spec.json {
            None | Some(api::JsonAccept::Off) => JsonAccept::Off,
            Some(api::JsonAccept::Parse) => JsonAccept::Parse,
            Some(api::JsonAccept::Schema) => JsonAccept::Schema,
        },
        refusals: match spec.refusals {
            None | Some(api::Refusals::Allow) => Refusals::Allow,
            Some(api::Refusals::Reject) => Refusals::Reject,
        },
    }
}
