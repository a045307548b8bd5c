//! What a model answered that was asked for a class. Anything but the name of one is no answer.

use std::sync::Arc;

use serde::Deserialize;

use crate::table::ActiveTasks;

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Named {
    class: String,
}

/// The class that an OpenAI chat completion names.
pub fn class(tasks: &ActiveTasks, body: &[u8]) -> Option<Arc<str>> {
    let completion: Completion<'_> = serde_json::from_slice(body).ok()?;
    let said = completion.choices.into_iter().next()?.message.content?;
    let text = said.trim();
    // Some put JSON into a fence although they are asked not to.
    let text = text.strip_prefix("```json").or_else(|| text.strip_prefix("```"));
    let text = text.and_then(|text| text.strip_suffix("```"));
    let named: Named = serde_json::from_str(text.unwrap_or(said.trim())).ok()?;
    let class = tasks.class(&named.class)?;
    Some(Arc::clone(&class.spec.name))
}
