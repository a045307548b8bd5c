//! What a call asks for: its class, where its rule has classes. Found before the plan is made, which goes by it; by
//! conditions when the call comes in, by others who cost time and money only where no cache has its answer.

mod examples;

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::TargetShape;
use wayleave_core::judge::prompt::Nonce;
use wayleave_core::price::Ratio;
use wayleave_core::table::{ActiveAsked, ActiveClassifier, ActiveRule, ActiveTasks};
use wayleave_core::task::nearest::{by_nearest, nearest};
use wayleave_core::task::prompt::{self, cut};
use wayleave_core::task::{By, Classified, answer};
use wayleave_core::walk::Role;

pub(crate) use self::examples::Examples;
use self::examples::Wanted;
use crate::client::Client;
use crate::context::CallContext;
use crate::embedding::embed;
use crate::part::Part;

/// Finds the class of a call that has none yet. `Err`: the client left meanwhile.
pub(crate) async fn classify(call: &Arc<CallContext>, client: &mut Client) -> Result<(), ()> {
    let Some(tasks) = &call.routed.rule.tasks else {
        return Ok(());
    };
    if call.task().is_some() {
        return Ok(());
    }
    let found = tokio::select! {
        found = find(call, tasks) => found,
        () = client.left() => return Err(()),
    };
    call.set_task(found.unwrap_or_else(|| Classified::fallback(tasks)));
    Ok(())
}

/// Asks for the class. `None`: nobody could say in time.
async fn find(call: &Arc<CallContext>, tasks: &ActiveTasks) -> Option<Classified> {
    // Tokens are counted alike whatever they say.
    if call.intake.format == WireFormat::AnthropicTokens {
        return None;
    }
    let asked = tasks.asked()?;
    let rule = asked.rule.as_ref().ok()?;
    let said = call.intake.said();
    if said.text.trim().is_empty() {
        return None;
    }
    let text = cut(&said.text, prompt::MOST_TEXT);
    match &tasks.classifier {
        ActiveClassifier::Rules => None,
        ActiveClassifier::Embedding {
            min_margin, examples, ..
        } => {
            let wanted = Wanted {
                name: *examples,
                rule,
                tasks,
            };
            by_embedding(call, asked, wanted, &text, *min_margin).await
        }
        ActiveClassifier::Model { .. } => by_model(call, asked, rule, tasks, &text).await,
    }
}

async fn by_embedding(
    call: &Arc<CallContext>,
    asked: &ActiveAsked,
    wanted: Wanted<'_>,
    text: &str,
    min_margin: Ratio,
) -> Option<Classified> {
    let until = Instant::now() + asked.timeout.min(call.left());
    let (rule, tasks) = (wanted.rule, wanted.tasks);
    let examples = call.core.examples.of(call, wanted, until).await?;
    let within = until.saturating_duration_since(Instant::now());
    let vector = embed(call, rule, text, (Role::Classifier, within)).await?;
    let similarities = examples
        .iter()
        .map(|(class, example)| (*class, vector.similarity(example)));
    nearest(similarities).map(|nearest| by_nearest(tasks, nearest, min_margin))
}

async fn by_model(
    call: &Arc<CallContext>,
    asked: &ActiveAsked,
    rule: &Arc<ActiveRule>,
    tasks: &ActiveTasks,
    text: &str,
) -> Option<Classified> {
    let part = Part {
        rule,
        endpoint: Endpoint::ChatCompletions,
        format: WireFormat::OpenAIChat,
        body: question(rule, tasks, text)?,
        role: Role::Classifier,
        within: asked.timeout.min(call.left()),
    };
    let body = part.ask(call).await?;
    answer::class(tasks, &body).map(|class| Classified {
        class,
        margin: None,
        by: By::Model,
    })
}

/// What the model is asked, as its provider spells it.
fn question(rule: &ActiveRule, tasks: &ActiveTasks, text: &str) -> Option<Bytes> {
    let target = rule.steps.first()?.targets().first()?;
    let shape = TargetShape {
        format: WireFormat::OpenAIChat,
        model: target.model.as_deref()?,
        quirks: target.endpoint.as_ref().ok()?.vendor.quirks,
    };
    prompt::body(tasks, text, Nonce(fastrand::u128(..)), shape).ok()
}
