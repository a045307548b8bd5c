//! Models that are compared on a rule's calls.

use wayleave_api::experiment as api;
use wayleave_core::experiment::{Arm, Terms};
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::Target;
use wayleave_core::snapshot::experiment::{Experiment, Mode, Promote};

use super::grant::Grants;
use super::step::sticky;
use super::verdict::Problems;
use super::{asked, judge, share};
use crate::field::FieldPath;

const MIN_CALLS: u32 = 50;

/// Compiles an experiment of a route in `namespace`.
pub(super) fn compile(
    spec: &api::Experiment,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Experiment {
    arms(&spec.arms, &field.key("arms"), problems);
    let targets = spec.arms.iter().enumerate().map(|(index, arm)| {
        let field = field.key("arms").index(index);
        let (provider, model) = asked::model(&arm.target, namespace, &field, grants, problems);
        Target {
            provider,
            model: Some(model),
            weight: weight(arm),
        }
    });
    let targets = targets.collect();
    let judged = || {
        spec.arms
            .iter()
            .map(|arm| (format!("arm `{}`", arm.name), arm.target.model.as_str()))
    };
    let mode = match spec.mode {
        None | Some(api::ExperimentMode::Split) => Mode::Split,
        Some(api::ExperimentMode::Shadow) => Mode::Shadow,
    };
    if mode == Mode::Shadow && spec.judge.is_none() {
        let message = "needs a `judge`: nobody else sees the answers that are made behind the client's back";
        problems.invalid(&field.key("mode"), message);
    }
    Experiment {
        terms: terms(spec, &field.key("stopWhen"), problems),
        targets,
        sticky_by: spec
            .sticky_by
            .as_ref()
            .and_then(|by| sticky(by, &field.key("stickyBy"), problems)),
        mode,
        judge: spec
            .judge
            .as_ref()
            .map(|spec| judge::compile(spec, namespace, judged(), &field.key("judge"), grants, problems)),
        promote: match spec.promote {
            None | Some(api::Promote::Manual) => Promote::Manual,
            Some(api::Promote::Auto) => Promote::Auto,
        },
    }
}

fn arms(arms: &[api::Arm], field: &FieldPath, problems: &mut Problems) {
    if arms.len() < 2 {
        problems.invalid(
            field,
            "has nothing to compare: write the control and at least one other arm",
        );
    } else if arms.iter().all(|arm| weight(arm) == 0) {
        problems.invalid(field, "has only weights of 0: give at least one arm a share");
    }
    for (index, arm) in arms.iter().enumerate() {
        let field = field.index(index).key("name");
        if !is_name(&arm.name) {
            let message = "is not a name: write lower-case letters, digits and `-`, such as new-model";
            problems.invalid(&field, message);
        } else if arms.iter().take(index).any(|before| before.name == arm.name) {
            let message = format!("`{}` is the name of an arm before it: write another", arm.name);
            problems.invalid(&field, message);
        }
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    name.len() <= 63
        && ends.iter().all(|end| end.is_some_and(plain))
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
}

fn weight(arm: &api::Arm) -> u32 {
    arm.weight.unwrap_or(1)
}

fn terms(spec: &api::Experiment, field: &FieldPath, problems: &mut Problems) -> Terms {
    let stop = spec.stop_when.clone().unwrap_or_default();
    let arms = spec.arms.iter().map(|arm| Arm {
        name: arm.name.as_str().into(),
        weight: weight(arm),
    });
    let unset = Terms::equal("", "");
    let confidence = stop.confidence.as_ref().and_then(|text| {
        let ratio = text.as_str().parse::<Ratio>().ok();
        let ratio = ratio.filter(|ratio| (500_000..=999_900).contains(&ratio.millionths()));
        if ratio.is_none() {
            let message = format!(
                "`{text}` is not a confidence: write a decimal number from 0.5 to 0.9999, such as 0.95"
            );
            problems.invalid(&field.key("confidence"), message);
        }
        ratio
    });
    let tolerance = stop.tolerance.as_ref().and_then(|text| {
        let field = field.key("tolerance");
        share::of_one(text, "a difference of scores", "0.05", &field, problems)
    });
    let margin = stop.error_margin.as_ref().and_then(|text| {
        let field = field.key("errorMargin");
        share::of_one(text, "a share of calls", "0.02", &field, problems)
    });
    Terms {
        arms: arms.collect(),
        confidence: confidence.map_or(unset.confidence, of_one),
        tolerance: tolerance.map_or(unset.tolerance, of_one),
        error_margin: margin.map_or(unset.error_margin, of_one),
        min_calls: stop.min_calls.unwrap_or(MIN_CALLS).into(),
        max_calls: stop.max_calls.map(u64::from),
    }
}

fn of_one(ratio: Ratio) -> f64 {
    f64::from(ratio.millionths()) / 1e6
}
