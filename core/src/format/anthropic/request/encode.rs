//! The neutral model into a provider's request.

use super::models::{SamplingRule, generation};
use super::wire;
use crate::chat::{Answer, Dropped, JsonSchema, Request, ServiceTier, Tool, ToolChoice};
use crate::intake::{BadRequest, Outbound, TargetShape};

pub(crate) mod thinking;
mod turns;

/// What `max_tokens`, which Anthropic demands, is for clients that name no bound. All of its models can write as
/// much. Tokens for thinking come on top.
pub(crate) const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Writes a request for a provider. What the format cannot say is noted in [`Outbound::dropped`].
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    let mut dropped = request.dropped.clone();
    let generation = generation(target.model);
    let (system, messages) = turns::write(&request.turns, target.origin(), &mut dropped)?;
    let thinking = thinking::plan(request, generation.thinking, &mut dropped);
    let schema = schema(&request.answer, generation.structured, &mut dropped);
    let mut body = wire::Body {
        model: target.model,
        max_tokens: thinking.max_tokens,
        system,
        messages,
        tools: request
            .tools
            .iter()
            .map(|one| tool(one, generation.structured, &mut dropped))
            .collect(),
        stop_sequences: stop_sequences(request, &mut dropped),
        metadata: user(request).map(|user_id| wire::Metadata { user_id }),
        service_tier: service_tier(request, &mut dropped),
        stream: request.stream.then_some(true),
        ..wire::Body::default()
    };
    if thinking.effort.is_some() || schema.is_some() {
        let format = schema.map(|schema| wire::OutputFormat::JsonSchema {
            schema: schema.schema,
        });
        body.output_config = Some(wire::OutputConfig {
            effort: thinking.effort,
            format,
        });
    }
    // A choice without tools is refused.
    if !body.tools.is_empty() {
        body.tool_choice = tool_choice(request, &mut dropped);
    }
    let thinks = !matches!(thinking.member, None | Some(wire::Thinking::Disabled));
    body.thinking = thinking.member;
    let Drawn {
        temperature,
        top_p,
        top_k,
    } = drawn(request, generation.sampling, thinks, &mut dropped);
    (body.temperature, body.top_p, body.top_k) = (temperature, top_p, top_k);
    not_at_anthropic(request, &mut dropped);
    let body = serde_json::to_vec(&body).map_err(|error| BadRequest {
        message: format!("the request cannot be written in the Anthropic format: {error}"),
        param: None,
    })?;
    Ok(Outbound {
        body: body.into(),
        dropped,
    })
}

/// What is left of the wishes for how tokens are drawn.
pub(crate) struct Drawn {
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u64>,
}

/// Temperatures end at 1 here. Thinking takes the default only, and a share of 0.95 or more.
pub(crate) fn drawn(request: &Request<'_>, rule: SamplingRule, thinks: bool, dropped: &mut Dropped) -> Drawn {
    let sampling = &request.sampling;
    let mut drawn = Drawn {
        temperature: None,
        top_p: None,
        top_k: None,
    };
    let fixed = thinks || rule == SamplingRule::Default;
    match sampling.temperature {
        Some(temperature) if fixed => {
            if (temperature - 1.0).abs() > f64::EPSILON {
                dropped.note("temperature");
            }
        }
        Some(temperature) if temperature > 1.0 => {
            dropped.note("temperature above 1");
            drawn.temperature = Some(1.0);
        }
        temperature => drawn.temperature = temperature,
    }
    match (sampling.top_p, rule) {
        (None, _) => {}
        (Some(top_p), SamplingRule::Both | SamplingRule::Either)
            if (!thinks || top_p >= 0.95) && (rule == SamplingRule::Both || drawn.temperature.is_none()) =>
        {
            drawn.top_p = Some(top_p);
        }
        (Some(top_p), _) => {
            if top_p < 1.0 {
                dropped.note("top_p");
            }
        }
    }
    if fixed && sampling.top_k.is_some() {
        dropped.note("top_k");
    } else {
        drawn.top_k = sampling.top_k;
    }
    drawn
}

/// Both are opaque ids of the end user, for the provider to find abuse.
fn user<'a>(request: &'a Request<'_>) -> Option<&'a str> {
    let safety = request.openai.safety_identifier.as_deref();
    request.user.as_deref().or(safety)
}

/// What has no counterpart, where it is not its default.
pub(crate) fn not_at_anthropic(request: &Request<'_>, dropped: &mut Dropped) {
    let (sampling, openai) = (&request.sampling, &request.openai);
    let penalty = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty.abs() > f64::EPSILON);
    for (set, name) in [
        (sampling.seed.is_some(), "seed"),
        (sampling.n.is_some_and(|n| n > 1), "n"),
        (penalty(sampling.frequency_penalty), "frequency_penalty"),
        (penalty(sampling.presence_penalty), "presence_penalty"),
        (sampling.logprobs == Some(true), "logprobs"),
        (
            sampling.top_logprobs.is_some_and(|others| others > 0),
            "top_logprobs",
        ),
        (openai.metadata.is_some(), "metadata"),
        (
            openai.verbosity.as_deref().is_some_and(|much| much != "medium"),
            "verbosity",
        ),
        (openai.prompt_cache_key.is_some(), "prompt_cache_key"),
        (openai.prompt_cache_retention.is_some(), "prompt_cache_retention"),
        (
            openai.safety_identifier.is_some() && openai.safety_identifier.as_deref() != user(request),
            "safety_identifier",
        ),
        (openai.store == Some(true), "store"),
    ] {
        if set {
            dropped.note(name);
        }
    }
}

fn service_tier(request: &Request<'_>, dropped: &mut Dropped) -> Option<&'static str> {
    match request.service_tier? {
        // It has priority where the account has.
        ServiceTier::Auto | ServiceTier::Priority => Some("auto"),
        ServiceTier::Standard => Some("standard_only"),
        ServiceTier::Flex => {
            dropped.note("service_tier");
            None
        }
    }
}

/// Blank ones are refused.
pub(crate) fn stop_sequences<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> Vec<&'a str> {
    let (sent, blank): (Vec<_>, Vec<_>) = request
        .stop
        .iter()
        .map(AsRef::as_ref)
        .partition(|stop: &&str| !stop.trim().is_empty());
    if !blank.is_empty() {
        dropped.note("stop: blank");
    }
    sent
}

fn tool<'a>(tool: &'a Tool<'_>, structured: bool, dropped: &mut Dropped) -> wire::Tool<'a> {
    if tool.strict && !structured {
        dropped.note("strict");
    }
    wire::Tool {
        name: &tool.name,
        description: tool
            .description
            .as_deref()
            .filter(|description| !description.is_empty()),
        input_schema: match tool.schema {
            Some(schema) if schema.get() != "{}" => wire::Schema::Given(schema),
            Some(_) | None => wire::Schema::Empty { r#type: "object" },
        },
        strict: tool.strict && structured,
        cache_control: tool.cache.as_ref().map(turns::cache_control),
    }
}

fn tool_choice<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> Option<wire::ToolChoice<'a>> {
    let disable_parallel_tool_use = request.parallel_tool_calls == Some(false);
    match &request.tool_choice {
        None if !disable_parallel_tool_use => None,
        None | Some(ToolChoice::Auto) => Some(wire::ToolChoice::Auto {
            disable_parallel_tool_use,
        }),
        Some(ToolChoice::None) => Some(wire::ToolChoice::None),
        Some(ToolChoice::Required) => Some(wire::ToolChoice::Any {
            disable_parallel_tool_use,
        }),
        Some(ToolChoice::Named(name)) if request.tools.iter().any(|tool| tool.name == *name) => {
            Some(wire::ToolChoice::Tool {
                name,
                disable_parallel_tool_use,
            })
        }
        Some(ToolChoice::Named(_)) => {
            dropped.note("tool_choice");
            None
        }
    }
}

fn schema<'a, 'b>(
    answer: &'a Answer<'b>,
    structured: bool,
    dropped: &mut Dropped,
) -> Option<&'a JsonSchema<'b>> {
    match answer {
        Answer::Text => None,
        Answer::JsonSchema(schema) if structured => Some(schema),
        Answer::JsonObject | Answer::JsonSchema(_) => {
            dropped.note("response_format");
            None
        }
    }
}
