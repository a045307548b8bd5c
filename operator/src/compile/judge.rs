//! Who scores answers.

use std::sync::Arc;

use wayleave_api::judge as api;
use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::experiment::{Judge, JudgeMode};

use super::grant::Grants;
use super::verdict::Problems;
use super::{asked, share};
use crate::field::FieldPath;

/// One call in ten.
const SAMPLE: Ratio = Ratio::from_millionths(100_000);

/// Compiles a judge. `judged` are the models whose answers it sees, with what names each of them.
pub(super) fn compile<'a>(
    spec: &api::Judge,
    namespace: &str,
    judged: impl IntoIterator<Item = (String, &'a str)>,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Judge {
    let (provider, model) = asked::model(&spec.asked, namespace, field, grants, problems);
    if let Some((whose, _)) = judged.into_iter().find(|(_, judged)| is_same(judged, &model)) {
        let message = format!(
            "is also the model of {whose}, and models prefer their own answers: name a model that is not judged"
        );
        problems.invalid(&field.key("model"), message);
    }
    if spec
        .rubric
        .as_deref()
        .is_some_and(|rubric| rubric.trim().is_empty())
    {
        let message = "is empty: write what makes an answer good, or remove it";
        problems.invalid(&field.key("rubric"), message);
    }
    let sample = spec.sample.as_ref();
    let most = spec.max_cost_per_day.as_str().parse::<Ticks>();
    let most = most.map_err(|error| format!("`{}` is {error}", spec.max_cost_per_day));
    Judge {
        provider,
        model,
        rubric: spec.rubric.as_deref().map(Arc::from),
        sample: sample
            .and_then(|text| share::percent(text, 100, "2.5", &field.key("sample"), problems))
            .unwrap_or(SAMPLE),
        max_cost_per_day: problems
            .valid(&field.key("maxCostPerDay"), most)
            .unwrap_or_default(),
        mode: match spec.mode {
            None | Some(api::JudgeMode::Pointwise) => JudgeMode::Pointwise,
            Some(api::JudgeMode::Pairwise) => JudgeMode::Pairwise,
        },
    }
}

/// Whether two names are of one model: providers that pass others' models on put the maker before it.
fn is_same(one: &str, other: &str) -> bool {
    let name = |model: &str| model.rsplit('/').next().unwrap_or(model).to_lowercase();
    name(one) == name(other)
}
