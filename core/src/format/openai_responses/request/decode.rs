//! A client's request into the neutral model. What would need a stored response was refused before.

use super::{LOGPROBS, PROOFS, input, options};
use crate::chat::{Dropped, OpenAiMembers, Request, Sampling};
use crate::intake::{BadRequest, Object, Path, text};

/// Reads a request. What the neutral model has no place for is noted in [`Request::dropped`].
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    let mut dropped = Dropped::default();
    let turns = input::read(&mut members, &mut dropped)?;
    let mut tools = options::tools(&mut members, &mut dropped)?;
    let tool_choice = options::tool_choice(&mut members, &mut tools, &mut dropped)?;
    let (answer, verbosity) = options::answer(&mut members, &mut dropped)?;
    let request = Request {
        turns,
        tools,
        tool_choice,
        parallel_tool_calls: members.flag("parallel_tool_calls")?,
        max_tokens: members.count("max_output_tokens")?,
        sampling: sampling(&mut members, &mut dropped)?,
        stop: Vec::new(),
        answer,
        reasoning: options::reasoning(&mut members, &mut dropped)?,
        user: members.text("user")?,
        service_tier: options::service_tier(&mut members, &mut dropped)?,
        openai: OpenAiMembers {
            metadata: members.raw("metadata"),
            verbosity,
            prompt_cache_key: members.text("prompt_cache_key")?,
            prompt_cache_retention: members.text("prompt_cache_retention")?,
            safety_identifier: members.text("safety_identifier")?,
            store: members.flag("store")?,
        },
        stream: members.flag("stream")?.unwrap_or(false),
        dropped: Dropped::default(),
    };
    // The gateway's to set, and what says that nothing is wanted.
    members.raw("model");
    members.raw("stream_options");
    members.flag("background")?;
    if members.text("truncation")?.is_some_and(|word| word != "disabled") {
        dropped.note("truncation");
    }
    for name in members.leftover() {
        dropped.note(name.into_owned());
    }
    Ok(Request { dropped, ..request })
}

/// The probabilities are asked for in `include`, which also asks for what is always told.
fn sampling(members: &mut Object<'_, '_>, dropped: &mut Dropped) -> Result<Sampling, BadRequest> {
    let list = members.member("include");
    let mut logprobs = None;
    for (index, raw) in members
        .list("include")?
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        match &*text(raw, &list.item(index))? {
            LOGPROBS => logprobs = Some(true),
            PROOFS => {}
            other => dropped.note(format!("include: {other}")),
        }
    }
    Ok(Sampling {
        temperature: members.decimal("temperature")?,
        top_p: members.decimal("top_p")?,
        logprobs,
        top_logprobs: members.count("top_logprobs")?.filter(|_| logprobs.is_some()),
        ..Sampling::default()
    })
}
