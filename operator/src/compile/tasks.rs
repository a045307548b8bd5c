//! Classes of tasks of a rule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use wayleave_api::condition::Reason;
use wayleave_api::number::Decimal;
use wayleave_api::tasks as api;
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::tasks::{Asked, Classifier, TaskClass, Tasks};
use wayleave_core::when::When;

use super::asked;
use super::grant::Grants;
use super::timing::{self, Most};
use super::verdict::Problems;
use crate::field::FieldPath;
use crate::spelling;

const MIN_TIMEOUT: Duration = Duration::from_millis(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(300);
const LONGEST_NAME: usize = 63;

/// Compiles the classes of a rule; `None` if they are not usable.
pub(super) fn compile(
    spec: &api::Tasks,
    namespace: &str,
    field: &FieldPath,
    grants: &mut Grants<'_>,
    problems: &mut Problems,
) -> Option<Tasks> {
    let by = spec.classifier.unwrap_or(api::Classifier::Rules);
    let classes = classes(spec, by, &field.key("classes"), problems);
    let fallback = fallback(spec, &field.key("fallback"), problems);
    without_effect(spec, by, field, problems);
    let timeout = spec.timeout.as_ref().and_then(|text| {
        timing::bounded(
            text,
            MIN_TIMEOUT,
            Most::Fixed(MAX_TIMEOUT),
            &field.key("timeout"),
            problems,
        )
    });
    let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
    let classifier = match by {
        api::Classifier::Rules => Classifier::Rules,
        api::Classifier::Embedding => {
            let min_margin = spec.min_margin.as_ref();
            let min_margin = min_margin.and_then(|text| {
                let example = ("margin", "0.05");
                share(text, example, &field.key("minMargin"), problems)
            });
            let Some(embedding) = &spec.embedding else {
                let message =
                    "classifier: Embedding needs embedding: write the model that makes the embeddings";
                problems.invalid(field, message);
                return None;
            };
            let (provider, model) =
                asked::embedder(embedding, namespace, &field.key("embedding"), grants, problems);
            Classifier::Embedding {
                asked: Asked {
                    provider,
                    model,
                    timeout,
                },
                min_margin: min_margin.unwrap_or(Ratio::from_millionths(0)),
            }
        }
        api::Classifier::Model => {
            let Some(model) = &spec.model else {
                let message = "classifier: Model needs model: write the model that is asked for the class";
                problems.invalid(field, message);
                return None;
            };
            let (provider, model) = asked::model(model, namespace, &field.key("model"), grants, problems);
            Classifier::Model {
                asked: Asked {
                    provider,
                    model,
                    timeout,
                },
            }
        }
    };
    Some(Tasks {
        classes,
        fallback: fallback?,
        classifier,
    })
}

fn classes(
    spec: &api::Tasks,
    by: api::Classifier,
    field: &FieldPath,
    problems: &mut Problems,
) -> Vec<TaskClass> {
    if spec.classes.is_empty() {
        problems.invalid(field, "is empty: write at least one class");
    }
    let always = spec.classes.iter().position(|class| class.when.is_none());
    if let Some(always) =
        always.filter(|always| by == api::Classifier::Rules && always + 1 < spec.classes.len())
    {
        let message =
            format!("can never match: classes[{always}] has no `when` and takes every call before it");
        problems.warn(Reason::Accepted, &field.index(always + 1), message);
    }
    let mut names = BTreeSet::new();
    let classes = spec.classes.iter().enumerate().map(|(index, class)| {
        let field = field.index(index);
        if !is_name(&class.name) {
            let message = format!(
                "`{}` is not the name of a class: write at most {LONGEST_NAME} lower-case letters, digits and `-`, with no \
                 `-` at its ends, such as code",
                class.name
            );
            problems.invalid(&field.key("name"), message);
        } else if !names.insert(class.name.as_str()) {
            let message = format!("`{}` is listed twice: remove one", class.name);
            problems.invalid(&field.key("name"), message);
        }
        self::class(class, by, &field, problems)
    });
    classes.collect()
}

fn class(
    spec: &api::TaskClass,
    by: api::Classifier,
    field: &FieldPath,
    problems: &mut Problems,
) -> TaskClass {
    let when = spec.when.as_ref().and_then(|source| {
        problems
            .valid(&field.key("when"), When::parse(source))
            .map(|when| Arc::clone(when.source()))
    });
    if spec.when.is_some() && by != api::Classifier::Rules {
        problems.invalid(
            &field.key("when"),
            "has an effect with classifier: Rules only: remove it",
        );
    }
    if spec.description.as_deref() == Some("") {
        let message = "is empty: write what belongs to the class, or remove it";
        problems.invalid(&field.key("description"), message);
    }
    let examples = spec.examples.as_deref().unwrap_or_default();
    match (by, &spec.examples) {
        (api::Classifier::Embedding, _) if examples.is_empty() => {
            let message = "is empty: classifier: Embedding compares calls with the examples of a class";
            problems.invalid(&field.key("examples"), message);
        }
        (api::Classifier::Rules | api::Classifier::Model, Some(_)) => {
            let message = "has an effect with classifier: Embedding only: remove it";
            problems.invalid(&field.key("examples"), message);
        }
        _ => {}
    }
    for (index, example) in examples.iter().enumerate() {
        if example.is_empty() {
            problems.invalid(
                &field.key("examples").index(index),
                "is empty: write what a user asks",
            );
        }
    }
    TaskClass {
        name: Arc::from(spec.name.as_str()),
        when,
        description: spec.description.as_deref().map(Arc::from),
        examples: examples
            .iter()
            .map(|example| Arc::from(example.as_str()))
            .collect(),
        min_score: spec.min_score.as_ref().and_then(|text| {
            let example = ("score", "0.8");
            share(text, example, &field.key("minScore"), problems)
        }),
    }
}

/// The last class, where none is named.
fn fallback(spec: &api::Tasks, field: &FieldPath, problems: &mut Problems) -> Option<Arc<str>> {
    let names = || spec.classes.iter().map(|class| class.name.as_str());
    let Some(named) = spec.fallback.as_deref() else {
        return names().next_back().map(Arc::from);
    };
    if !names().any(|name| name == named) {
        let meant = spelling::nearest(named, names())
            .map_or_else(String::new, |meant| format!(", did you mean `{meant}`?"));
        let message = format!("`{named}` is none of the classes{meant}");
        problems.invalid(field, message);
    }
    Some(Arc::from(named))
}

/// Members that belong to another classifier.
fn without_effect(spec: &api::Tasks, by: api::Classifier, field: &FieldPath, problems: &mut Problems) {
    let mut only = |name: &'static str, set: bool, classifier: api::Classifier| {
        if set && by != classifier {
            let message = format!(
                "has an effect with classifier: {classifier:?} only: remove it, or write that classifier"
            );
            problems.invalid(&field.key(name), message);
        }
    };
    only("embedding", spec.embedding.is_some(), api::Classifier::Embedding);
    only("minMargin", spec.min_margin.is_some(), api::Classifier::Embedding);
    only("model", spec.model.is_some(), api::Classifier::Model);
    if spec.timeout.is_some() && by == api::Classifier::Rules {
        problems.invalid(
            &field.key("timeout"),
            "has no effect with classifier: Rules, which asks nobody: remove it",
        );
    }
}

fn is_name(name: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = !name.starts_with('-') && !name.ends_with('-');
    (1..=LONGEST_NAME).contains(&name.len()) && ends && name.bytes().all(within)
}

fn share(
    text: &Decimal,
    (what, example): (&str, &str),
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Ratio> {
    let ratio = text.as_str().parse::<Ratio>().ok();
    let ratio = ratio.filter(|ratio| *ratio <= Ratio::ONE);
    if ratio.is_none() {
        let message =
            format!("`{text}` is not a {what}: write a decimal number from 0 to 1, such as {example}");
        problems.invalid(field, message);
    }
    ratio
}
