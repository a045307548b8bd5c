//! Tools, their choice, the answer's form and reasoning, as clients of the Responses format ask for them.

use std::borrow::Cow;

use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, Dropped, JsonSchema, ServiceTier, Tool, ToolChoice};
use crate::intake::{BadRequest, Kind, Object, Path, text};

/// `tools`. Only functions are the client's own; the others are run by the provider, or have no JSON schema.
pub(super) fn tools<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Tool<'a>>, BadRequest> {
    let list = members.member("tools");
    let mut tools = Vec::new();
    for (index, raw) in members.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let mut tool = Object::read(raw, &path)?;
        let kind = tool.text("type")?;
        if let Some(kind) = kind.filter(|kind| kind != "function") {
            dropped.note(format!("tools[].{kind}"));
            continue;
        }
        tools.push(Tool {
            name: tool
                .text("name")?
                .ok_or_else(|| tool.missing("name", "the function's name"))?,
            description: tool.text("description")?,
            schema: tool.raw("parameters"),
            strict: tool.flag("strict")?.unwrap_or(false),
            cache: None,
        });
        for name in tool.leftover() {
            dropped.note(format!("tools[].{name}"));
        }
    }
    Ok(tools)
}

/// `tool_choice`. A choice among some tools leaves only those.
pub(super) fn tool_choice<'a>(
    members: &mut Object<'a, '_>,
    tools: &mut Vec<Tool<'a>>,
    dropped: &mut Dropped,
) -> Result<Option<ToolChoice<'a>>, BadRequest> {
    let path = members.member("tool_choice");
    let Some(raw) = members.raw("tool_choice") else {
        return Ok(None);
    };
    if Kind::of(raw) == Kind::Text {
        return mode(&text(raw, &path)?, &path).map(Some);
    }
    let mut choice = Object::read(raw, &path)?;
    match choice.text("type")?.as_deref() {
        Some("function") => {
            let name = choice.text("name")?;
            let name = name.ok_or_else(|| choice.missing("name", "the function's name"))?;
            Ok(Some(ToolChoice::Named(name)))
        }
        Some("allowed_tools") => {
            let names = allowed_names(&mut choice)?;
            tools.retain(|tool| names.contains(&tool.name));
            let wanted = choice.text("mode")?;
            wanted
                .map(|wanted| mode(&wanted, &path.member("mode")))
                .transpose()
        }
        Some(_) | None => {
            dropped.note("tool_choice");
            Ok(None)
        }
    }
}

fn mode<'a>(word: &str, path: &Path<'_>) -> Result<ToolChoice<'a>, BadRequest> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => Err(path.error("is unknown; send auto, none or required, or name a function")),
    }
}

fn allowed_names<'a>(choice: &mut Object<'a, '_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let list = choice.member("tools");
    let mut names = Vec::new();
    for (index, raw) in choice.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        names.extend(Object::read(raw, &list.item(index))?.text("name")?);
    }
    Ok(names)
}

/// `text`: the answer's form, and how much to say.
pub(super) fn answer<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<(Answer<'a>, Option<Cow<'a, str>>), BadRequest> {
    let path = members.member("text");
    let Some(mut options) = members.object("text", &path)? else {
        return Ok((Answer::Text, None));
    };
    let verbosity = options.text("verbosity")?;
    let inner = path.member("format");
    let Some(mut format) = options.object("format", &inner)? else {
        return Ok((Answer::Text, verbosity));
    };
    let answer = match format.text("type")?.as_deref() {
        Some("text") => Answer::Text,
        Some("json_object") => Answer::JsonObject,
        Some("json_schema") => match format.raw("schema") {
            Some(schema) => Answer::JsonSchema(JsonSchema {
                name: format.text("name")?,
                description: format.text("description")?,
                schema,
                strict: format.flag("strict")?.unwrap_or(false),
            }),
            None => return Err(format.missing("schema", "a JSON schema")),
        },
        Some(_) | None => {
            dropped.note("text.format");
            Answer::Text
        }
    };
    Ok((answer, verbosity))
}

/// `reasoning`. Who wants a summary wants reasoning.
pub(super) fn reasoning(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<Reasoning>, BadRequest> {
    let path = members.member("reasoning");
    let Some(mut reasoning) = members.object("reasoning", &path)? else {
        return Ok(None);
    };
    let summary = reasoning.text("summary")?;
    let summary = summary.or(reasoning.text("generate_summary")?);
    let wish = match reasoning.text("effort")?.as_deref() {
        Some("none") => Some(Reasoning::Off),
        Some(word) => {
            let effort = Effort::named(word);
            if effort.is_none() {
                dropped.note("reasoning.effort");
            }
            effort.map(Reasoning::Effort)
        }
        None => summary.map(|_| Reasoning::On),
    };
    for name in reasoning.leftover() {
        dropped.note(format!("reasoning.{name}"));
    }
    Ok(wish)
}

/// `service_tier`.
pub(super) fn service_tier(
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
