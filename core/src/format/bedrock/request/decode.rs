//! A request into the neutral model. The answer's schema stays behind: it is JSON in text, which the model of a request
//! cannot borrow.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{blocks, options};
use crate::chat::{Dropped, Request, Role, Sampling, ServiceTier, Turn};
use crate::intake::{BadRequest, Object, Path, text};

/// Reads a request. What the neutral model has no place for is noted in [`Request::dropped`].
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    let mut dropped = Dropped::default();
    let turns = turns(&mut members, &mut dropped)?;
    let (tools, tool_choice) = options::tools(&mut members, &mut dropped)?;
    let (reasoning, top_k) = options::model_fields(&mut members, &mut dropped)?;
    let mut request = Request {
        turns,
        tools,
        tool_choice,
        reasoning,
        sampling: Sampling {
            top_k,
            ..Sampling::default()
        },
        service_tier: service_tier(&mut members, &mut dropped)?,
        ..Request::default()
    };
    inference(&mut members, &mut request, &mut dropped)?;
    // The stop sequence that hit, which every client is told that can be.
    members.raw("additionalModelResponseFieldPaths");
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
        _ => return Err(path.member("role").error("is unknown; send user or assistant")),
    };
    let content = message
        .raw("content")
        .ok_or_else(|| message.missing("content", "a list of blocks"))?;
    Ok(Turn {
        role,
        parts: blocks::read(content, &path.member("content"), dropped)?,
    })
}

/// `inferenceConfig`.
fn inference<'a>(
    members: &mut Object<'a, '_>,
    request: &mut Request<'a>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let path = members.member("inferenceConfig");
    let Some(mut config) = members.object("inferenceConfig", &path)? else {
        return Ok(());
    };
    request.max_tokens = config.count("maxTokens")?;
    request.sampling.temperature = config.decimal("temperature")?;
    request.sampling.top_p = config.decimal("topP")?;
    request.stop = stop_sequences(&mut config)?;
    for name in config.leftover() {
        dropped.note(format!("inferenceConfig.{name}"));
    }
    Ok(())
}

fn stop_sequences<'a>(config: &mut Object<'a, '_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let path = config.member("stopSequences");
    let list = config.list("stopSequences")?.unwrap_or_default();
    list.into_iter()
        .enumerate()
        .map(|(index, raw)| text(raw, &path.item(index)))
        .collect()
}

fn service_tier(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<ServiceTier>, BadRequest> {
    let path = members.member("serviceTier");
    let Some(mut tier) = members.object("serviceTier", &path)? else {
        return Ok(None);
    };
    Ok(match tier.text("type")?.as_deref() {
        Some("default") => Some(ServiceTier::Standard),
        Some("flex") => Some(ServiceTier::Flex),
        Some("priority") => Some(ServiceTier::Priority),
        Some(_) | None => {
            dropped.note("serviceTier");
            None
        }
    })
}
