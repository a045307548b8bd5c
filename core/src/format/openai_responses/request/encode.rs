//! The neutral model into a provider's request.

use super::{LOGPROBS, PROOFS, wire};
use crate::chat::reasoning::Reasoning;
use crate::chat::{Answer, Dropped, Request, ServiceTier, Tool, ToolChoice};
use crate::format::openai_chat::request::{SCHEMA_NAME, can_be_strict, effort, take_effort};
use crate::intake::{BadRequest, Outbound, TargetShape};

mod items;

/// The least that OpenAI takes as a bound.
const LEAST_BOUND: u64 = 16;

/// Writes a request for a provider. What the format cannot say is noted in [`Outbound::dropped`].
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    let mut dropped = request.dropped.clone();
    let input = items::write(&request.turns, target, &mut dropped);
    let reasoning = reasoning(request, target.model, &mut dropped);
    if request.openai.store == Some(true) {
        dropped.note("store");
    }
    let proven = input
        .iter()
        .any(|item| matches!(item, wire::Item::Reasoning { .. }));
    let mut include = Vec::new();
    // Models that do not reason refuse to be asked for proofs.
    if reasoning.is_some() || proven {
        include.push(PROOFS);
    }
    if request.sampling.logprobs == Some(true) {
        include.push(LOGPROBS);
    }
    let mut body = wire::Body {
        model: target.model,
        input,
        tools: request.tools.iter().map(|one| tool(one, &mut dropped)).collect(),
        max_output_tokens: bound(request.max_tokens, &mut dropped),
        temperature: request.sampling.temperature,
        top_p: request.sampling.top_p,
        top_logprobs: request.sampling.top_logprobs,
        text: text(request, &mut dropped),
        reasoning,
        include,
        user: request.user.as_deref(),
        service_tier: request.service_tier.map(|tier| match tier {
            ServiceTier::Auto => "auto",
            ServiceTier::Standard => "default",
            ServiceTier::Flex => "flex",
            ServiceTier::Priority => "priority",
        }),
        metadata: request.openai.metadata,
        prompt_cache_key: request.openai.prompt_cache_key.as_deref(),
        prompt_cache_retention: request.openai.prompt_cache_retention.as_deref(),
        safety_identifier: request.openai.safety_identifier.as_deref(),
        store: false,
        stream: request.stream.then_some(true),
        ..wire::Body::default()
    };
    // A choice without tools is refused.
    if !body.tools.is_empty() {
        body.tool_choice = request
            .tool_choice
            .as_ref()
            .and_then(|choice| tool_choice(choice, request, &mut dropped));
        body.parallel_tool_calls = request.parallel_tool_calls;
    }
    not_here(request, &mut dropped);
    let body = serde_json::to_vec(&body).map_err(|error| BadRequest {
        message: format!("the request cannot be written in the Responses format: {error}"),
        param: None,
    })?;
    Ok(Outbound {
        body: body.into(),
        dropped,
    })
}

fn bound(max_tokens: Option<u64>, dropped: &mut Dropped) -> Option<u64> {
    if max_tokens.is_some_and(|bound| bound < LEAST_BOUND) {
        dropped.note("max_tokens below 16");
    }
    max_tokens.map(|bound| bound.max(LEAST_BOUND))
}

/// Who asks for thinking without a word for how much wants to see it; others may not be allowed to (OpenAI shows
/// summaries to organisations that it has verified).
fn reasoning(request: &Request<'_>, model: &str, dropped: &mut Dropped) -> Option<wire::Reasoning> {
    let (effort, summary) = match request.reasoning? {
        Reasoning::On if take_effort(model) => (None, Some("auto")),
        Reasoning::Budget(_) => (Some(effort(request, model, dropped)?), Some("auto")),
        Reasoning::On | Reasoning::Off | Reasoning::Effort(_) => {
            (Some(effort(request, model, dropped)?), None)
        }
    };
    Some(wire::Reasoning { effort, summary })
}

fn tool<'a>(tool: &'a Tool<'_>, dropped: &mut Dropped) -> wire::Tool<'a> {
    wire::Tool {
        r#type: wire::FunctionType::Function,
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters: tool.schema,
        strict: tool
            .schema
            .is_some_and(|schema| can_be_strict(tool.strict, schema, dropped)),
    }
}

/// A choice of a tool that did not get through translation cannot be sent.
fn tool_choice<'a>(
    choice: &'a ToolChoice<'_>,
    request: &Request<'_>,
    dropped: &mut Dropped,
) -> Option<wire::ToolChoice<'a>> {
    Some(match choice {
        ToolChoice::Auto => wire::ToolChoice::Mode("auto"),
        ToolChoice::None => wire::ToolChoice::Mode("none"),
        ToolChoice::Required => wire::ToolChoice::Mode("required"),
        ToolChoice::Named(name) => {
            if !request.tools.iter().any(|tool| tool.name == *name) {
                dropped.note("tool_choice");
                return None;
            }
            wire::ToolChoice::Named {
                r#type: wire::FunctionType::Function,
                name,
            }
        }
    })
}

fn text<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> Option<wire::Text<'a>> {
    let format = match &request.answer {
        Answer::Text => None,
        Answer::JsonObject => Some(wire::Format::JsonObject),
        Answer::JsonSchema(schema) => Some(wire::Format::JsonSchema {
            name: schema.name.as_deref().unwrap_or(SCHEMA_NAME),
            description: schema.description.as_deref(),
            schema: schema.schema,
            strict: can_be_strict(schema.strict, schema.schema, dropped),
        }),
    };
    let verbosity = request.openai.verbosity.as_deref();
    (format.is_some() || verbosity.is_some()).then_some(wire::Text { format, verbosity })
}

/// What the format has no member for, where it is not its default.
fn not_here(request: &Request<'_>, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    let penalty = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty.abs() > f64::EPSILON);
    for (given, name) in [
        (sampling.top_k.is_some(), "top_k"),
        (sampling.seed.is_some(), "seed"),
        (sampling.n.is_some_and(|n| n > 1), "n"),
        (penalty(sampling.frequency_penalty), "frequency_penalty"),
        (penalty(sampling.presence_penalty), "presence_penalty"),
        (!request.stop.is_empty(), "stop"),
        (
            request.tools.iter().any(|tool| tool.cache.is_some()),
            "cache_control",
        ),
    ] {
        if given {
            dropped.note(name);
        }
    }
}
