//! The neutral model into a provider's request.

use serde_json::value::RawValue;

use super::{models, strict, wire};
use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, Dropped, Request, Role, ServiceTier, Tool, ToolChoice};
use crate::intake::{BadRequest, Outbound, TargetShape};
use crate::vendor::{DeveloperRole, MaxTokensMember, StreamUsage};

pub(super) mod turns;

/// OpenAI wants a name for a schema; Anthropic's have none.
pub(crate) const SCHEMA_NAME: &str = "answer";

/// Writes a request for a provider. What the format cannot say is noted in [`Outbound::dropped`].
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    let mut dropped = request.dropped.clone();
    let mut body = wire::Body {
        model: target.model,
        messages: turns::write(&request.turns, target.quirks, &mut dropped),
        tools: request.tools.iter().map(|one| tool(one, &mut dropped)).collect(),
        stop: &request.stop,
        user: request.user.as_deref(),
        reasoning_effort: effort(request, target.model, &mut dropped),
        response_format: answer(&request.answer, &mut dropped),
        service_tier: request.service_tier.map(|tier| match tier {
            ServiceTier::Auto => "auto",
            ServiceTier::Standard => "default",
            ServiceTier::Flex => "flex",
            ServiceTier::Priority => "priority",
        }),
        metadata: request.openai.metadata,
        verbosity: request.openai.verbosity.as_deref(),
        prompt_cache_key: request.openai.prompt_cache_key.as_deref(),
        prompt_cache_retention: request.openai.prompt_cache_retention.as_deref(),
        safety_identifier: request.openai.safety_identifier.as_deref(),
        store: request.openai.store,
        ..wire::Body::default()
    };
    match target.quirks.max_tokens {
        MaxTokensMember::MaxTokens => body.max_tokens = request.max_tokens,
        MaxTokensMember::MaxCompletionTokens => body.max_completion_tokens = request.max_tokens,
    }
    sampling(request, &mut body, &mut dropped);
    // A choice without tools is refused.
    if !body.tools.is_empty() {
        body.tool_choice = request
            .tool_choice
            .as_ref()
            .and_then(|choice| tool_choice(choice, request, &mut dropped));
        body.parallel_tool_calls = request.parallel_tool_calls;
    }
    if request.stream {
        body.stream = Some(true);
        body.stream_options = match target.quirks.stream_usage {
            StreamUsage::OnRequest => Some(wire::StreamOptions { include_usage: true }),
            StreamUsage::Always => None,
        };
    }
    if request.tools.iter().any(|tool| tool.cache.is_some()) {
        dropped.note("cache_control");
    }
    let body = serde_json::to_vec(&body).map_err(|error| BadRequest {
        message: format!("the request cannot be written in the OpenAI format: {error}"),
        param: None,
    })?;
    Ok(Outbound {
        body: body.into(),
        dropped,
    })
}

fn sampling(request: &Request<'_>, body: &mut wire::Body<'_>, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    body.temperature = sampling.temperature;
    body.top_p = sampling.top_p;
    body.seed = sampling.seed;
    body.n = sampling.n;
    body.frequency_penalty = sampling.frequency_penalty;
    body.presence_penalty = sampling.presence_penalty;
    body.logprobs = sampling.logprobs;
    body.top_logprobs = sampling.top_logprobs;
    if sampling.top_k.is_some() {
        dropped.note("top_k");
    }
}

fn tool<'a>(tool: &'a Tool<'_>, dropped: &mut Dropped) -> wire::Tool<'a> {
    wire::Tool {
        r#type: wire::FunctionType::Function,
        function: wire::Function {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters: tool.schema,
            strict: tool
                .schema
                .is_some_and(|schema| can_be_strict(tool.strict, schema, dropped)),
        },
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
                function: wire::Named { name },
            }
        }
    })
}

fn answer<'a>(answer: &'a Answer<'_>, dropped: &mut Dropped) -> Option<wire::ResponseFormat<'a>> {
    match answer {
        Answer::Text => None,
        Answer::JsonObject => Some(wire::ResponseFormat::JsonObject),
        Answer::JsonSchema(schema) => Some(wire::ResponseFormat::JsonSchema {
            json_schema: wire::NamedSchema {
                name: schema.name.as_deref().unwrap_or(SCHEMA_NAME),
                description: schema.description.as_deref(),
                schema: schema.schema,
                strict: can_be_strict(schema.strict, schema.schema, dropped),
            },
        }),
    }
}

/// Whether to ask for strictness: OpenAI refuses it for some schemas.
pub(crate) fn can_be_strict(wanted: bool, schema: &RawValue, dropped: &mut Dropped) -> bool {
    let strict = wanted && strict::takes(schema);
    if wanted && !strict {
        dropped.note("strict");
    }
    strict
}

/// The word for how much to think. `None`: it is not to be sent.
pub(crate) fn effort(request: &Request<'_>, model: &str, dropped: &mut Dropped) -> Option<&'static str> {
    let effort = match request.reasoning? {
        // No thinking is Anthropic's default, which its clients spell out; few others have a word for it.
        Reasoning::Off | Reasoning::On => {
            dropped.note("thinking");
            return None;
        }
        Reasoning::Effort(effort) => effort,
        Reasoning::Budget(tokens) => Effort::affordable(tokens),
    };
    if !models::take_effort(model) {
        dropped.note("thinking");
        return None;
    }
    if effort > Effort::High {
        dropped.note("output_config.effort above high");
    }
    Some(effort.openai())
}

/// The role of instructions.
pub(crate) const fn is_developer(role: Role, known: DeveloperRole) -> bool {
    matches!((role, known), (Role::Developer, DeveloperRole::Known))
}
