//! The neutral model into a provider's request.

use super::models::Maker;
use super::wire;
use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, Content, Dropped, Request, ServiceTier};
use crate::format::anthropic::request as claude;
use crate::intake::{BadRequest, Outbound, TargetShape};

mod media;
mod tools;
mod turns;

pub(super) use media::{DOCUMENTS, IMAGES};

/// Where Claude tells which stop sequence hit. Bedrock leaves out what is not there.
const STOP_SEQUENCE: &[&str] = &["/stop_sequence"];

/// Writes a request for a provider. What the format cannot say is noted in [`Outbound::dropped`].
pub(crate) fn encode(request: &Request<'_>, target: TargetShape<'_>) -> Result<Outbound, BadRequest> {
    let mut dropped = request.dropped.clone();
    let maker = Maker::of(target.model);
    let (system, messages) = turns::write(&request.turns, maker, target.origin(), &mut dropped)?;
    let mut body = wire::Body {
        system,
        messages,
        tool_config: tools::config(request, maker, &mut dropped),
        output_config: output(&request.answer, maker.is_structured(target.model), &mut dropped),
        service_tier: service_tier(request.service_tier),
        ..wire::Body::default()
    };
    body.inference_config.stop_sequences = claude::stop_sequences(request, &mut dropped);
    if !body.inference_config.stop_sequences.is_empty() && maker.may_be_claude() {
        body.additional_model_response_field_paths = STOP_SEQUENCE;
    }
    if let Maker::Claude(generation) = maker {
        think(request, generation, &mut body, &mut dropped);
    } else {
        body.inference_config.max_tokens = request.max_tokens;
        let drawn = claude::drawn(request, claude::SamplingRule::Both, false, &mut dropped);
        draw(&drawn, maker, &mut body, &mut dropped);
        effort(
            request,
            maker,
            &mut body.additional_model_request_fields,
            &mut dropped,
        );
    }
    claude::not_at_anthropic(request, &mut dropped);
    not_at_bedrock(request, &mut dropped);
    let body = serde_json::to_vec(&body).map_err(|error| BadRequest {
        message: format!("the request cannot be written in the format of Converse: {error}"),
        param: None,
    })?;
    Ok(Outbound {
        body: body.into(),
        dropped,
    })
}

/// Claude thinks as at Anthropic. A bound that nobody set is only needed beside a number of tokens for thinking.
fn think(
    request: &Request<'_>,
    generation: claude::Generation,
    body: &mut wire::Body<'_>,
    dropped: &mut Dropped,
) {
    let plan = claude::thinking::plan(request, generation.thinking, dropped);
    let budget = matches!(plan.member, Some(claude::Thinking::Enabled { .. }));
    body.inference_config.max_tokens = (budget || request.max_tokens.is_some()).then_some(plan.max_tokens);
    let thinks = !matches!(plan.member, None | Some(claude::Thinking::Disabled));
    let fields = &mut body.additional_model_request_fields;
    fields.thinking = plan.member;
    fields.output_config = plan.effort.map(|effort| wire::Effort { effort });
    let drawn = claude::drawn(request, generation.sampling, thinks, dropped);
    draw(&drawn, Maker::Claude(generation), body, dropped);
}

fn draw(drawn: &claude::Drawn, maker: Maker, body: &mut wire::Body<'_>, dropped: &mut Dropped) {
    body.inference_config.temperature = drawn.temperature;
    body.inference_config.top_p = drawn.top_p;
    let fields = &mut body.additional_model_request_fields;
    match (drawn.top_k, maker) {
        (None, _) => {}
        (Some(top_k), Maker::Claude(_)) => fields.top_k = Some(top_k),
        (Some(top_k), Maker::Nova) => fields.inference_config = Some(wire::NovaConfig { top_k }),
        (Some(_), Maker::GptOss | Maker::Qwen | Maker::Other | Maker::Unknown) => dropped.note("top_k"),
    }
}

/// How much other models are to think, where they have a word for it.
fn effort(request: &Request<'_>, maker: Maker, fields: &mut wire::ModelFields, dropped: &mut Dropped) {
    let wish = match request.reasoning {
        None => return,
        Some(Reasoning::Effort(effort)) => Some(effort),
        Some(Reasoning::Budget(tokens)) => Some(Effort::affordable(tokens)),
        Some(Reasoning::On | Reasoning::Off) => None,
    };
    let wish = wish.map(|effort| effort.max(Effort::Low).openai());
    match maker {
        Maker::GptOss if wish.is_some() => fields.reasoning_effort = wish,
        Maker::Qwen if wish.is_some() => fields.reasoning_config = wish,
        Maker::GptOss | Maker::Qwen | Maker::Claude(_) | Maker::Nova | Maker::Other | Maker::Unknown => {
            dropped.note("reasoning_effort");
        }
    }
}

fn output<'a>(
    answer: &'a Answer<'_>,
    structured: bool,
    dropped: &mut Dropped,
) -> Option<wire::OutputConfig<'a>> {
    match answer {
        Answer::Text => None,
        Answer::JsonSchema(schema) if structured => Some(wire::OutputConfig {
            text_format: wire::TextFormat {
                kind: "json_schema",
                structure: wire::Structure::JsonSchema {
                    schema: schema.schema.get(),
                    name: schema.name.as_deref(),
                    description: schema.description.as_deref(),
                },
            },
        }),
        Answer::JsonObject | Answer::JsonSchema(_) => {
            dropped.note("response_format");
            None
        }
    }
}

/// Standard is what one gets unasked.
fn service_tier(tier: Option<ServiceTier>) -> Option<wire::ServiceTier> {
    let kind = match tier? {
        ServiceTier::Auto | ServiceTier::Standard => return None,
        ServiceTier::Flex => "flex",
        ServiceTier::Priority => "priority",
    };
    Some(wire::ServiceTier { kind })
}

/// What Anthropic's own format has and this one has not.
fn not_at_bedrock(request: &Request<'_>, dropped: &mut Dropped) {
    for (set, name) in [
        (request.user.is_some(), "user"),
        (request.openai.metadata.is_some(), "metadata"),
        (request.openai.safety_identifier.is_some(), "safety_identifier"),
        (
            request.parallel_tool_calls == Some(false) && !request.tools.is_empty(),
            "parallel_tool_calls",
        ),
    ] {
        if set {
            dropped.note(name);
        }
    }
}

/// Whether tools were called in earlier turns.
fn has_calls(request: &Request<'_>) -> bool {
    let mut parts = request.turns.iter().flat_map(|turn| &turn.parts);
    parts.any(|part| matches!(part.content, Content::ToolCall(_) | Content::ToolResult(_)))
}
