//! What a request asks for, as far as that can be told without asking anybody.

use jiff::Timestamp;
use serde::Serialize;

use crate::capability::Needs;
use crate::format::WireFormat;
use crate::intake::{Intake, TargetShape};
use crate::judge::prompt::Nonce;
use crate::money::Ticks;
use crate::plan::{Known, Output, expected_cost};
use crate::table::{ActiveAsked, ActiveClassifier, ActiveRule, ActiveTasks};
use crate::task::prompt::{self, cut};
use crate::task::{Classified, by_rules};
use crate::when::Subject;

/// The tokens of an answer that names a class.
const NAMES: u64 = 16;

/// The class of a request, or who is asked for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplainedTask {
    /// The class, by rules.
    Found(Classified),
    /// It would be asked for.
    Asks(ExplainedAsked),
}

/// Who is asked for a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedAsked {
    /// What is asked for: `embedding` or `model`.
    pub by: &'static str,
    /// `NAMESPACE/NAME` of the provider key and the model; or why nobody can be asked.
    pub target: Result<String, String>,
    /// How long a call waits for it.
    pub timeout: std::time::Duration,
    /// What it is expected to cost for this request; `None`: nobody has a price.
    pub expected: Option<Ticks>,
    /// The class where that fails.
    pub fallback: String,
}

impl ExplainedTask {
    pub(super) fn of(
        rule: &ActiveRule,
        subject: &Subject<'_>,
        intake: &Intake,
        at: Timestamp,
    ) -> Option<Self> {
        let tasks = rule.tasks.as_ref()?;
        if let Some(found) = by_rules(tasks, subject) {
            return Some(Self::Found(found));
        }
        let asked = tasks.asked()?;
        let target = asked.rule.as_ref().map_err(Clone::clone).map(|rule| {
            let target = rule.steps.first().and_then(|step| step.targets().first());
            target.map_or_else(String::new, |target| {
                format!(
                    "{}/{}",
                    target.provider,
                    target.model.as_deref().unwrap_or_default()
                )
            })
        });
        Some(Self::Asks(ExplainedAsked {
            by: match tasks.classifier {
                ActiveClassifier::Rules => "rules",
                ActiveClassifier::Embedding { .. } => "embedding",
                ActiveClassifier::Model { .. } => "model",
            },
            target,
            timeout: asked.timeout,
            expected: expected(tasks, asked, intake, at),
            fallback: tasks.fallback.to_string(),
        }))
    }
}

/// What it is expected to cost. The examples of classes are not in it: they are embedded once.
fn expected(tasks: &ActiveTasks, asked: &ActiveAsked, intake: &Intake, at: Timestamp) -> Option<Ticks> {
    let rule = asked.rule.as_ref().ok()?;
    let target = rule.steps.first()?.targets().first()?;
    let (endpoint, model) = (target.endpoint.as_ref().ok()?, target.model.as_deref()?);
    let text = intake.said().text;
    let text = cut(&text, prompt::MOST_TEXT);
    let (body, format, output) = match tasks.classifier {
        ActiveClassifier::Rules => return None,
        ActiveClassifier::Embedding { .. } => {
            let body = serde_json::json!({"model": model, "input": text});
            (body.to_string().into(), WireFormat::OpenAIEmbeddings, 0)
        }
        ActiveClassifier::Model { .. } => {
            let shape = TargetShape {
                format: WireFormat::OpenAIChat,
                model,
                quirks: endpoint.vendor.quirks,
            };
            let body = prompt::body(tasks, &text, Nonce(0), shape).ok()?;
            (body, WireFormat::OpenAIChat, NAMES)
        }
    };
    let asking = Intake::read(format, body).ok()?;
    let known = Known {
        output: Output::Measured(output),
        ..Known::default()
    };
    let offer = target.offer(endpoint, model);
    expected_cost(&Needs::of(&asking), &known, offer.rates.as_ref()?, at)
}
