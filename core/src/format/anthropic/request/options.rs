//! Tools, their choice, the answer's form and reasoning, as Anthropic's clients ask for them.

use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, CacheControl, Dropped, JsonSchema, Tool, ToolChoice};
use crate::intake::{BadRequest, Object};

/// `tools`. Those with a type of their own (`web_search_20250305`) are Anthropic's alone.
pub(super) fn tools<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Tool<'a>>, BadRequest> {
    let list = members.member("tools");
    let mut tools = Vec::new();
    for (index, raw) in members.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let mut tool = Object::read(raw, &path)?;
        if let Some(kind) = tool.text("type")?.filter(|kind| kind != "custom") {
            dropped.note(format!("tools[].{kind}"));
            continue;
        }
        tools.push(Tool {
            name: tool
                .text("name")?
                .ok_or_else(|| tool.missing("name", "the tool's name"))?,
            description: tool.text("description")?,
            schema: tool.raw("input_schema"),
            strict: tool.flag("strict")?.unwrap_or(false),
            cache: cache_control(&mut tool)?,
        });
        for name in tool.leftover() {
            dropped.note(format!("tools[].{name}"));
        }
    }
    Ok(tools)
}

pub(super) fn cache_control<'a>(object: &mut Object<'a, '_>) -> Result<Option<CacheControl<'a>>, BadRequest> {
    let path = object.member("cache_control");
    let control = object.object("cache_control", &path)?;
    control
        .map(|mut control| {
            Ok(CacheControl {
                ttl: control.text("ttl")?,
            })
        })
        .transpose()
}

/// `tool_choice`, and whether calls may come in parallel.
pub(super) fn tool_choice<'a>(
    members: &mut Object<'a, '_>,
) -> Result<(Option<ToolChoice<'a>>, Option<bool>), BadRequest> {
    let path = members.member("tool_choice");
    let Some(mut choice) = members.object("tool_choice", &path)? else {
        return Ok((None, None));
    };
    let kind = choice.text("type")?;
    let wanted = match kind.as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("none") => ToolChoice::None,
        Some("any") => ToolChoice::Required,
        Some("tool") => {
            let name = choice.text("name")?;
            ToolChoice::Named(name.ok_or_else(|| choice.missing("name", "the tool's name"))?)
        }
        Some(_) | None => {
            return Err(path
                .member("type")
                .error("is unknown; send auto, any, tool or none"));
        }
    };
    // Allowed is the default in both formats.
    let parallel = choice
        .flag("disable_parallel_tool_use")?
        .filter(|disabled| *disabled)
        .map(|_| false);
    Ok((Some(wanted), parallel))
}

/// `thinking`, and `output_config` with the effort and the answer's schema (`output_format` of before).
pub(super) fn answer_and_reasoning<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<(Answer<'a>, Option<Reasoning>), BadRequest> {
    let path = members.member("output_config");
    let format_path = path.member("format");
    let older_path = members.member("output_format");
    let older = members.object("output_format", &older_path)?;
    let (mut format, mut effort) = (older, None);
    if let Some(mut config) = members.object("output_config", &path)? {
        format = config.object("format", &format_path)?.or(format);
        if let Some(word) = config.text("effort")? {
            effort = Effort::named(&word);
            if effort.is_none() {
                dropped.note("output_config.effort");
            }
        }
        for name in config.leftover() {
            dropped.note(format!("output_config.{name}"));
        }
    }
    let answer = format
        .map(|format| schema(format, dropped))
        .transpose()?
        .unwrap_or_default();
    Ok((answer, reasoning(members, effort, dropped)?))
}

fn schema<'a>(mut format: Object<'a, '_>, dropped: &mut Dropped) -> Result<Answer<'a>, BadRequest> {
    let kind = format.text("type")?;
    if let (Some("json_schema"), Some(schema)) = (kind.as_deref(), format.raw("schema")) {
        return Ok(Answer::JsonSchema(JsonSchema {
            name: None,
            description: None,
            schema,
            strict: true,
        }));
    }
    dropped.note("output_config.format");
    Ok(Answer::Text)
}

fn reasoning(
    members: &mut Object<'_, '_>,
    effort: Option<Effort>,
    dropped: &mut Dropped,
) -> Result<Option<Reasoning>, BadRequest> {
    let effort = effort.map(Reasoning::Effort);
    let path = members.member("thinking");
    let Some(mut thinking) = members.object("thinking", &path)? else {
        return Ok(effort);
    };
    Ok(match thinking.text("type")?.as_deref() {
        Some("disabled") => Some(Reasoning::Off),
        Some("enabled") => {
            let budget = thinking.count("budget_tokens")?.map(Reasoning::Budget);
            effort.or(budget).or(Some(Reasoning::On))
        }
        Some("adaptive") => effort.or(Some(Reasoning::On)),
        Some(_) | None => {
            dropped.note("thinking");
            effort
        }
    })
}
