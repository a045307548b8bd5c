//! A client's request into the neutral model.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{blocks, options};
use crate::chat::{Dropped, OpenAiMembers, Request, Role, Sampling, ServiceTier, Turn};
use crate::intake::{BadRequest, Object, Path, text};

/// Reads a request. What the neutral model has no place for is noted in [`Request::dropped`].
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    let mut dropped = Dropped::default();
    let (tool_choice, parallel_tool_calls) = options::tool_choice(&mut members)?;
    let (answer, reasoning) = options::answer_and_reasoning(&mut members, &mut dropped)?;
    let request = Request {
        turns: turns(&mut members, &mut dropped)?,
        tools: options::tools(&mut members, &mut dropped)?,
        tool_choice,
        parallel_tool_calls,
        max_tokens: members.count("max_tokens")?,
        sampling: Sampling {
            temperature: members.decimal("temperature")?,
            top_p: members.decimal("top_p")?,
            top_k: members.count("top_k")?,
            ..Sampling::default()
        },
        stop: stop_sequences(&mut members)?,
        answer,
        reasoning,
        user: user(&mut members, &mut dropped)?,
        service_tier: service_tier(&mut members, &mut dropped)?,
        openai: OpenAiMembers::default(),
        stream: members.flag("stream")?.unwrap_or(false),
        dropped: Dropped::default(),
    };
    members.raw("model");
    for name in members.leftover() {
        dropped.note(name.into_owned());
    }
    Ok(Request { dropped, ..request })
}

/// `system` and `messages`.
fn turns<'a>(members: &mut Object<'a, '_>, dropped: &mut Dropped) -> Result<Vec<Turn<'a>>, BadRequest> {
    let mut turns = Vec::new();
    if let Some(raw) = members.raw("system") {
        let parts = blocks::read(raw, &members.member("system"), dropped)?;
        turns.push(Turn {
            role: Role::System,
            parts,
        });
    }
    let list = members.member("messages");
    let messages = members.list("messages")?;
    let messages = messages.ok_or_else(|| members.missing("messages", "a list of messages"))?;
    for (index, raw) in messages.into_iter().enumerate() {
        turns.push(turn(raw, &list.item(index), dropped)?);
    }
    Ok(turns)
}

fn turn<'a>(raw: &'a RawValue, path: &Path<'_>, dropped: &mut Dropped) -> Result<Turn<'a>, BadRequest> {
    let mut message = Object::read(raw, path)?;
    let role = message
        .text("role")?
        .ok_or_else(|| message.missing("role", "user or assistant"))?;
    let role = match &*role {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(path.member("role").error("is unknown; send user or assistant")),
    };
    let content_path = path.member("content");
    let content = message
        .raw("content")
        .map(|raw| blocks::read(raw, &content_path, dropped));
    for name in message.leftover() {
        dropped.note(format!("messages[].{name}"));
    }
    Ok(Turn {
        role,
        parts: content.transpose()?.unwrap_or_default(),
    })
}

fn stop_sequences<'a>(members: &mut Object<'a, '_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let path = members.member("stop_sequences");
    let list = members.list("stop_sequences")?.unwrap_or_default();
    list.into_iter()
        .enumerate()
        .map(|(index, raw)| text(raw, &path.item(index)))
        .collect()
}

fn user<'a>(members: &mut Object<'a, '_>, dropped: &mut Dropped) -> Result<Option<Cow<'a, str>>, BadRequest> {
    let path = members.member("metadata");
    let Some(mut metadata) = members.object("metadata", &path)? else {
        return Ok(None);
    };
    let user = metadata.text("user_id")?;
    for name in metadata.leftover() {
        dropped.note(format!("metadata.{name}"));
    }
    Ok(user)
}

fn service_tier(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<ServiceTier>, BadRequest> {
    Ok(match members.text("service_tier")?.as_deref() {
        // The default everywhere.
        None | Some("auto") => None,
        Some("standard_only") => Some(ServiceTier::Standard),
        Some(_) => {
            dropped.note("service_tier");
            None
        }
    })
}
