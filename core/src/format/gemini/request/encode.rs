//! The neutral model into a provider's request.

use super::models::{Generation, generation};
use super::wire;
use crate::chat::{Answer, Dropped, Request, ServiceTier, Tool, ToolChoice};
use crate::intake::{BadRequest, Outbound, TargetShape};

mod thinking;
mod turns;

/// The most `stopSequences` that Google takes.
const MOST_STOPS: usize = 5;

/// Writes a request for a provider. What the format cannot say is noted in [`Outbound::dropped`].
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    let mut dropped = request.dropped.clone();
    let generation = generation(target.model);
    let (system, contents) = turns::write(&request.turns, target.origin(), generation, &mut dropped)?;
    let functions: Vec<_> = request
        .tools
        .iter()
        .map(|one| function(one, &mut dropped))
        .collect();
    let mut config = sampling(request, &mut dropped);
    answer(request, generation, &mut config, &mut dropped);
    config.thinking_config = thinking::plan(request.reasoning, generation.thinking, &mut dropped);
    let mut body = wire::Body {
        system_instruction: system,
        contents,
        generation_config: config,
        ..wire::Body::default()
    };
    // A choice without functions is refused.
    if !functions.is_empty() {
        body.tool_config = tool_config(request, &mut dropped);
        body.tools = vec![wire::Tools {
            function_declarations: functions,
        }];
    }
    not_at_google(request, &mut dropped);
    let body = serde_json::to_vec(&body).map_err(|error| BadRequest {
        message: format!("the request cannot be written in the Gemini format: {error}"),
        param: None,
    })?;
    Ok(Outbound {
        body: body.into(),
        dropped,
    })
}

fn function<'a>(tool: &'a Tool<'_>, dropped: &mut Dropped) -> wire::Function<'a> {
    if tool.strict {
        dropped.note("strict");
    }
    if tool.cache.is_some() {
        dropped.note("cache_control");
    }
    wire::Function {
        name: &tool.name,
        description: tool
            .description
            .as_deref()
            .filter(|description| !description.is_empty()),
        parameters_json_schema: tool.schema.filter(|schema| schema.get() != "{}"),
    }
}

fn tool_config<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> Option<wire::ToolConfig<'a>> {
    let (mode, only) = match request.tool_choice.as_ref()? {
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Named(name) if request.tools.iter().any(|tool| tool.name == *name) => {
            ("ANY", Some([name.as_ref()]))
        }
        ToolChoice::Named(_) => {
            dropped.note("tool_choice");
            return None;
        }
    };
    Some(wire::ToolConfig {
        function_calling_config: wire::FunctionCallingConfig {
            mode,
            allowed_function_names: only,
        },
    })
}

fn sampling<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> wire::GenerationConfig<'a> {
    let sampling = &request.sampling;
    let seed = sampling.seed.map(i32::try_from);
    if matches!(seed, Some(Err(_))) {
        dropped.note("seed beyond 32 bits");
    }
    let stops = || request.stop.iter().filter(|stop| !stop.is_empty());
    if stops().count() > MOST_STOPS {
        dropped.note("stop: more than 5");
    }
    let told = sampling.logprobs == Some(true);
    wire::GenerationConfig {
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_k: sampling.top_k,
        candidate_count: sampling.n.filter(|n| *n > 1),
        max_output_tokens: request.max_tokens,
        stop_sequences: stops().take(MOST_STOPS).map(AsRef::as_ref).collect(),
        seed: seed.and_then(Result::ok),
        presence_penalty: sampling.presence_penalty,
        frequency_penalty: sampling.frequency_penalty,
        response_logprobs: told.then_some(true),
        logprobs: sampling.top_logprobs.filter(|others| told && *others > 0),
        ..wire::GenerationConfig::default()
    }
}

/// Before Gemini 3 an answer in JSON and functions exclude each other; the functions are what the client's code goes
/// on with.
fn answer<'a>(
    request: &'a Request<'_>,
    generation: Generation,
    config: &mut wire::GenerationConfig<'a>,
    dropped: &mut Dropped,
) {
    match &request.answer {
        Answer::Text => {}
        Answer::JsonObject | Answer::JsonSchema(_) if !request.tools.is_empty() && !generation.third => {
            dropped.note("response_format beside tools");
        }
        Answer::JsonObject => config.response_mime_type = Some("application/json"),
        Answer::JsonSchema(schema) => {
            config.response_mime_type = Some("application/json");
            config.response_json_schema = Some(schema.schema);
        }
    }
}

/// What has no counterpart, where it is not its default.
fn not_at_google(request: &Request<'_>, dropped: &mut Dropped) {
    let openai = &request.openai;
    let tier = request.service_tier;
    for (set, name) in [
        (request.parallel_tool_calls == Some(false), "parallel_tool_calls"),
        (request.user.is_some(), "user"),
        (tier.is_some_and(|tier| tier != ServiceTier::Auto), "service_tier"),
        (openai.metadata.is_some(), "metadata"),
        (openai.verbosity.is_some(), "verbosity"),
        (openai.prompt_cache_key.is_some(), "prompt_cache_key"),
        (openai.prompt_cache_retention.is_some(), "prompt_cache_retention"),
        (openai.safety_identifier.is_some(), "safety_identifier"),
        (openai.store == Some(true), "store"),
    ] {
        if set {
            dropped.note(name);
        }
    }
}
