//! Reads answers by walking plain JSON: slow, simple, and independent of the code under test.

mod chat;
mod completions;
mod converse;
mod embeddings;
mod gemini;
mod messages;
mod responses;

use serde_json::Value;

use crate::recordings::api::{Api, Frames};
use crate::recordings::client::MADE_UP;
use crate::recordings::frames;
use crate::recordings::said::{Choice, Said, arguments};

/// The provider of what the gateway wrote.
pub(crate) const US: &str = "us";

/// Documents of one answer, with what one has to know to read them.
#[derive(Clone, Copy)]
struct Answer<'a> {
    documents: &'a [Value],
    frames: Frames,
    /// Names the conventions of the usage.
    provider: &'a str,
}

/// Reads an answer. `provider` names the conventions of its usage.
pub(crate) fn read(api: Api, frames: Frames, body: &[u8], provider: &str) -> Said {
    let documents = frames::documents(frames, body);
    let answer = Answer {
        documents: &documents,
        frames,
        provider,
    };
    let mut said = match api {
        Api::OpenAIChat => chat::read(answer),
        Api::OpenAIResponses => responses::read(answer),
        Api::OpenAICompletions => completions::read(answer),
        Api::OpenAIEmbeddings => embeddings::read(answer),
        Api::AnthropicMessages => messages::read(answer),
        Api::GeminiGenerate => gemini::read(answer),
        Api::BedrockConverse => converse::read(answer),
    };
    said.error |= documents.iter().any(|document| !document["error"].is_null());
    let finished = said.choices.values().all(|choice| choice.finish.is_some()) && !said.choices.is_empty();
    let done = frames::says_done(frames, body);
    said.ended |= done || finished && !said.error;
    for choice in said.choices.values_mut() {
        derive_finish(choice);
    }
    if provider == US {
        let sentinel = matches!(api, Api::OpenAIChat | Api::OpenAICompletions) && frames == Frames::Sse;
        let body = String::from_utf8_lossy(body);
        assert_eq!(done, sentinel, "the end is told once: {body}");
        said.choices.values_mut().for_each(level);
    }
    said
}

/// OpenAI says `stop` for calls that `tool_choice` asked for and for refusals, Gemini for all calls.
fn derive_finish(choice: &mut Choice) {
    if choice.finish.as_deref() == Some("stop") && !choice.calls.is_empty() {
        choice.finish = Some(String::from("tool_calls"));
    }
    if choice.finish.as_deref() == Some("stop") && !choice.refusal.is_empty() {
        choice.finish = Some(String::from("refusal"));
    }
}

/// Takes out what the gateway is free to write as it likes.
fn level(choice: &mut Choice) {
    choice.opaque = 0;
    for call in &mut choice.calls {
        assert!(!call.id.is_empty(), "every call has an id");
        call.index = None;
        call.arguments = arguments(&unparsed(&call.arguments));
        if let Some("call_") = call.id.get(..5).filter(|_| call.id.len() == 21) {
            call.id = MADE_UP.to_owned();
        }
    }
}

/// Arguments that were cut off are no JSON: where only an object fits, the gateway keeps their text in one.
fn unparsed(arguments: &str) -> String {
    let object: Value = serde_json::from_str(arguments).unwrap_or_default();
    object["_unparsed"].as_str().unwrap_or(arguments).to_owned()
}

/// A stream of chat completions without the frames that tell usage beside an empty list of choices.
pub(crate) fn without_usage_chunks(body: &[u8]) -> String {
    let body = std::str::from_utf8(body).expect("UTF-8");
    let tells_usage = |frame: &&str| {
        let data = frame
            .lines()
            .find_map(|line| line.strip_prefix("data:"))
            .unwrap_or_default();
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        data["usage"].is_object() && data["choices"].as_array().is_some_and(Vec::is_empty)
    };
    body.split_inclusive("\n\n")
        .filter(|frame| !tells_usage(frame))
        .collect()
}

/// The message of a provider's error, in any of the forms of the recorded ones.
pub(crate) fn error_message(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let places = [
        &body["error"]["message"],
        &body["error"],
        &body["detail"],
        &body["message"],
    ];
    places
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
