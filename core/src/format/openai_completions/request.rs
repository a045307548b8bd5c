//! A client's request into the neutral model: the prompt is what the user says.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::{Content, Dropped, Part, Request, Role, Sampling, Turn};
use crate::format::openai_chat::request::stop;
use crate::intake::{BadRequest, Kind, Object, Path, items, text};

/// What `max_tokens` is in this API where a client names none.
const DEFAULT_MAX_TOKENS: u64 = 16;

/// Reads a request. What a chat has no place for is noted in [`Request::dropped`].
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    let mut dropped = Dropped::default();
    only_for_completions(&mut members, &mut dropped)?;
    let request = Request {
        turns: vec![Turn {
            role: Role::User,
            parts: vec![Part::plain(Content::Text(prompt(&mut members)?))],
        }],
        max_tokens: Some(members.count("max_tokens")?.unwrap_or(DEFAULT_MAX_TOKENS)),
        sampling: Sampling {
            temperature: members.decimal("temperature")?,
            top_p: members.decimal("top_p")?,
            top_k: members.count("top_k")?,
            seed: members.typed("seed", "a whole number")?,
            n: members.count("n")?,
            frequency_penalty: members.decimal("frequency_penalty")?,
            presence_penalty: members.decimal("presence_penalty")?,
            ..Sampling::default()
        },
        stop: stop(&mut members)?,
        user: members.text("user")?,
        stream: members.flag("stream")?.unwrap_or(false),
        ..Request::default()
    };
    // Both are the gateway's to set.
    members.raw("model");
    members.raw("stream_options");
    for name in members.leftover() {
        dropped.note(name.into_owned());
    }
    Ok(Request { dropped, ..request })
}

/// One text, which may stand alone in a list.
fn prompt<'a>(members: &mut Object<'a, '_>) -> Result<Cow<'a, str>, BadRequest> {
    let path = members.member("prompt");
    let raw = members
        .raw("prompt")
        .ok_or_else(|| members.missing("prompt", "the text to complete"))?;
    match Kind::of(raw) {
        Kind::Text => text(raw, &path),
        Kind::List => alone(&items(raw, &path)?, &path),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => Err(path.mismatch(raw, "text")),
    }
}

fn alone<'a>(prompts: &[&'a RawValue], path: &Path<'_>) -> Result<Cow<'a, str>, BadRequest> {
    let are_tokens = |raw: &&RawValue| matches!(Kind::of(raw), Kind::Number | Kind::List);
    if prompts.iter().any(are_tokens) {
        return Err(path.error("holds tokens, which only one model can read; send text to this model"));
    }
    match prompts {
        [prompt] => text(prompt, &path.item(0)),
        _ => Err(path.error(format_args!(
            "has {} prompts; send this model one in a request",
            prompts.len()
        ))),
    }
}

/// What says nothing to a chat. Defaults are no loss.
fn only_for_completions(members: &mut Object<'_, '_>, dropped: &mut Dropped) -> Result<(), BadRequest> {
    for (set, name) in [
        (
            members.count("best_of")?.is_some_and(|number| number > 1),
            "best_of",
        ),
        (members.flag("echo")? == Some(true), "echo"),
        (
            members.text("suffix")?.is_some_and(|suffix| !suffix.is_empty()),
            "suffix",
        ),
        (members.raw("logprobs").is_some(), "logprobs"),
    ] {
        if set {
            dropped.note(name);
        }
    }
    Ok(())
}
