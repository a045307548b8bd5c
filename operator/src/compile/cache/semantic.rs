//! When similar requests count as equal.

use std::time::Duration;

use wayleave_api::cache_policy as api;
use wayleave_api::number::Decimal;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::cache::{Semantic, Verify};

use super::super::asked;
use super::super::grant::Grants;
use super::super::timing::{self, Most};
use super::super::verdict::Problems;
use super::up_to;
use crate::field::FieldPath;

const MIN_TIMEOUT: Duration = Duration::from_millis(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(300);
const DEFAULT_TURNS: u32 = 3;
const MAX_TURNS: u32 = 20;

pub(super) fn compile(
    name: &ObjectName,
    spec: &api::Semantic,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Semantic {
    let field = FieldPath::spec().key("semantic");
    let threshold = spec.threshold.as_ref();
    let threshold = threshold.and_then(|text| threshold_of(text, &field.key("threshold"), problems));
    let embedding = field.key("embedding");
    let (provider, model) = asked::embedder(&spec.embedding, &name.namespace, &embedding, grants, problems);
    let timeout = spec.timeout.as_ref().and_then(|text| {
        timing::bounded(
            text,
            MIN_TIMEOUT,
            Most::Fixed(MAX_TIMEOUT),
            &field.key("timeout"),
            problems,
        )
    });
    let max_turns = spec.max_turns.unwrap_or(DEFAULT_TURNS);
    if !(1..=MAX_TURNS).contains(&max_turns) {
        let message = format!("is {max_turns}: write a number from 1 to {MAX_TURNS}");
        problems.invalid(&field.key("maxTurns"), message);
    }
    Semantic {
        threshold: threshold.unwrap_or(Semantic::DEFAULT_THRESHOLD),
        provider,
        model,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        max_turns,
        verify: match spec.verify {
            None | Some(api::Verify::Words) => Verify::Words,
            Some(api::Verify::None) => Verify::Off,
        },
    }
}

fn threshold_of(text: &Decimal, field: &FieldPath, problems: &mut Problems) -> Option<Ratio> {
    let ratio = up_to(text, Ratio::ONE);
    if ratio.is_none() {
        let message =
            format!("`{text}` is not a similarity: write a decimal number from 0 to 1, such as 0.95");
        problems.invalid(field, message);
    }
    ratio
}
