//! Tools, and what models have of their own.

use super::blocks::cache_control;
use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Dropped, Tool, ToolChoice};
use crate::intake::{BadRequest, Object};

/// `toolConfig`: the tools, and the choice among them.
pub(super) fn tools<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<(Vec<Tool<'a>>, Option<ToolChoice<'a>>), BadRequest> {
    let path = members.member("toolConfig");
    let Some(mut config) = members.object("toolConfig", &path)? else {
        return Ok((Vec::new(), None));
    };
    let list = config.member("tools");
    let mut tools: Vec<Tool<'a>> = Vec::new();
    for (index, raw) in config.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let mut tool = Object::read(raw, &path)?;
        let inner = path.member("toolSpec");
        if let Some(spec) = tool.object("toolSpec", &inner)? {
            tools.push(specified(spec, dropped)?);
            continue;
        }
        let inner = path.member("cachePoint");
        match (tool.object("cachePoint", &inner)?, tools.last_mut()) {
            (Some(mut point), Some(last)) => last.cache = Some(cache_control(&mut point)?),
            (Some(_), None) => dropped.note("cachePoint before any content"),
            // A tool that Bedrock runs itself.
            (None, _) => dropped.note("toolConfig.tools[]: other than toolSpec"),
        }
    }
    Ok((tools, choice(&mut config, dropped)?))
}

fn specified<'a>(mut spec: Object<'a, '_>, dropped: &mut Dropped) -> Result<Tool<'a>, BadRequest> {
    let path = spec.member("inputSchema");
    let schema = spec.object("inputSchema", &path)?;
    let tool = Tool {
        name: spec
            .text("name")?
            .ok_or_else(|| spec.missing("name", "the tool's name"))?,
        description: spec.text("description")?,
        schema: schema.and_then(|mut schema| schema.raw("json")),
        strict: spec.flag("strict")?.unwrap_or(false),
        cache: None,
    };
    for name in spec.leftover() {
        dropped.note(format!("toolSpec.{name}"));
    }
    Ok(tool)
}

fn choice<'a>(
    config: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Option<ToolChoice<'a>>, BadRequest> {
    let path = config.member("toolChoice");
    let Some(mut choice) = config.object("toolChoice", &path)? else {
        return Ok(None);
    };
    let inner = path.member("tool");
    if let Some(mut named) = choice.object("tool", &inner)? {
        let name = named.text("name")?;
        return Ok(Some(ToolChoice::Named(
            name.ok_or_else(|| named.missing("name", "the tool's name"))?,
        )));
    }
    if choice.raw("any").is_some() {
        return Ok(Some(ToolChoice::Required));
    }
    if choice.raw("auto").is_none() {
        dropped.note("toolConfig.toolChoice");
    }
    Ok(Some(ToolChoice::Auto))
}

/// `additionalModelRequestFields`: how much to think, and the number of tokens to draw from.
pub(super) fn model_fields(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<(Option<Reasoning>, Option<u64>), BadRequest> {
    const NAME: &str = "additionalModelRequestFields";
    let path = members.member(NAME);
    let Some(mut fields) = members.object(NAME, &path)? else {
        return Ok((None, None));
    };
    let mut reasoning = None;
    for name in ["reasoning_effort", "reasoning_config"] {
        let word: Option<serde_json::Value> = fields.typed(name, "anything")?;
        let effort = word
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .and_then(Effort::named);
        if word.is_some() && effort.is_none() {
            dropped.note(name);
        }
        reasoning = effort.map(Reasoning::Effort).or(reasoning);
    }
    let inner = path.member("output_config");
    if let Some(mut config) = fields.object("output_config", &inner)? {
        let effort = config.text("effort")?.as_deref().and_then(Effort::named);
        reasoning = effort.map(Reasoning::Effort).or(reasoning);
    }
    let inner = path.member("thinking");
    if let Some(mut thinking) = fields.object("thinking", &inner)? {
        reasoning = match (
            thinking.text("type")?.as_deref(),
            thinking.count("budget_tokens")?,
        ) {
            (Some("enabled"), Some(budget)) => reasoning.or(Some(Reasoning::Budget(budget))),
            (Some("enabled" | "adaptive"), _) => reasoning.or(Some(Reasoning::On)),
            (Some("disabled"), _) => Some(Reasoning::Off),
            (Some(_) | None, _) => {
                dropped.note("thinking");
                reasoning
            }
        };
    }
    let inner = path.member("inferenceConfig");
    let nova = fields.object("inferenceConfig", &inner)?;
    let nova = nova.map(|mut nova| nova.count("topK")).transpose()?.flatten();
    let top_k = fields.count("top_k")?.or(nova);
    for name in fields.leftover() {
        dropped.note(format!("{NAME}.{name}"));
    }
    Ok((reasoning, top_k))
}
