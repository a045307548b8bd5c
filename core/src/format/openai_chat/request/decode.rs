//! A client's request into the neutral model.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{options, turns};
use crate::chat::{Dropped, OpenAiMembers, Request, Sampling, ServiceTier};
use crate::intake::{BadRequest, Kind, Object, Path, items, text};

/// Reads a request. What the neutral model has no place for is noted in [`Request::dropped`].
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    let mut dropped = Dropped::default();
    let turns = turns::read(&mut members, &mut dropped)?;
    let mut tools = options::tools(&mut members, &mut dropped)?;
    let tool_choice = options::tool_choice(&mut members, &mut tools, &mut dropped)?;
    let newer_bound = members.count("max_completion_tokens")?;
    let request = Request {
        turns,
        tools,
        tool_choice,
        parallel_tool_calls: members.flag("parallel_tool_calls")?,
        max_tokens: newer_bound.or(members.count("max_tokens")?),
        sampling: sampling(&mut members)?,
        stop: stop(&mut members)?,
        answer: options::answer(&mut members, &mut dropped)?,
        reasoning: options::reasoning(&mut members, &mut dropped)?,
        user: members.text("user")?,
        service_tier: service_tier(&mut members, &mut dropped)?,
        openai: OpenAiMembers {
            metadata: members.raw("metadata"),
            verbosity: members.text("verbosity")?,
            prompt_cache_key: members.text("prompt_cache_key")?,
            prompt_cache_retention: members.text("prompt_cache_retention")?,
            safety_identifier: members.text("safety_identifier")?,
            store: members.flag("store")?,
        },
        stream: members.flag("stream")?.unwrap_or(false),
        dropped: Dropped::default(),
    };
    // Both are the gateway's to set.
    members.raw("model");
    members.raw("stream_options");
    for name in members.leftover() {
        dropped.note(name.into_owned());
    }
    Ok(Request { dropped, ..request })
}

fn sampling(members: &mut Object<'_, '_>) -> Result<Sampling, BadRequest> {
    let seed = members.typed("seed", "a whole number")?;
    Ok(Sampling {
        temperature: members.decimal("temperature")?,
        top_p: members.decimal("top_p")?,
        top_k: members.count("top_k")?,
        // Mistral's name for it.
        seed: seed.or(members.typed("random_seed", "a whole number")?),
        n: members.count("n")?,
        frequency_penalty: members.decimal("frequency_penalty")?,
        presence_penalty: members.decimal("presence_penalty")?,
        logprobs: members.flag("logprobs")?,
        top_logprobs: members.count("top_logprobs")?,
    })
}

/// `stop`: a text or a list of them.
pub(crate) fn stop<'a>(members: &mut Object<'a, '_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let path = members.member("stop");
    let Some(raw) = members.raw("stop") else {
        return Ok(Vec::new());
    };
    if Kind::of(raw) == Kind::Text {
        return Ok(vec![text(raw, &path)?]);
    }
    let item = |(index, raw): (usize, &'a RawValue)| text(raw, &path.item(index));
    items(raw, &path)?.into_iter().enumerate().map(item).collect()
}

fn service_tier(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<ServiceTier>, BadRequest> {
    Ok(match members.text("service_tier")?.as_deref() {
        None => None,
        Some("auto") => Some(ServiceTier::Auto),
        Some("default") => Some(ServiceTier::Standard),
        Some("flex") => Some(ServiceTier::Flex),
        Some("priority") => Some(ServiceTier::Priority),
        Some(_) => {
            dropped.note("service_tier");
            None
        }
    })
}
