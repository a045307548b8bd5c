//! Tools, their choice, the answer's form and reasoning, as OpenAI-format clients ask for them.

use std::borrow::Cow;

use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, CacheControl, Dropped, JsonSchema, Tool, ToolChoice};
use crate::intake::{BadRequest, Kind, Object, Path, text};

/// `tools`, and `functions` of before.
pub(super) fn tools<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Tool<'a>>, BadRequest> {
    let mut tools = Vec::new();
    let list = members.member("tools");
    for (index, raw) in members.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let mut tool = Object::read(raw, &path)?;
        let inner = path.member("function");
        if let Some(definition) = tool.object("function", &inner)? {
            let cache = cache_control(&mut tool)?;
            tools.push(function(definition, cache)?);
        } else {
            // A tool that the provider runs itself, or one without a JSON schema.
            let kind = tool.text("type")?;
            dropped.note(format!("tools[].{}", kind.as_deref().unwrap_or("function")));
        }
    }
    let list = members.member("functions");
    for (index, raw) in members
        .list("functions")?
        .unwrap_or_default()
        .into_iter()
        .enumerate()
    {
        let path = list.item(index);
        tools.push(function(Object::read(raw, &path)?, None)?);
    }
    Ok(tools)
}

fn function<'a>(
    mut definition: Object<'a, '_>,
    cache: Option<CacheControl<'a>>,
) -> Result<Tool<'a>, BadRequest> {
    Ok(Tool {
        name: definition
            .text("name")?
            .ok_or_else(|| definition.missing("name", "the function's name"))?,
        description: definition.text("description")?,
        schema: definition.raw("parameters"),
        strict: definition.flag("strict")?.unwrap_or(false),
        cache,
    })
}

/// `cache_control` of a part, a message or a tool, as OpenRouter takes it.
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

/// `tool_choice`, and `function_call` of before. A choice among some tools leaves only those.
pub(super) fn tool_choice<'a>(
    members: &mut Object<'a, '_>,
    tools: &mut Vec<Tool<'a>>,
    dropped: &mut Dropped,
) -> Result<Option<ToolChoice<'a>>, BadRequest> {
    let (name, raw) = match members.raw("tool_choice") {
        Some(raw) => ("tool_choice", raw),
        None => match members.raw("function_call") {
            Some(raw) => ("function_call", raw),
            None => return Ok(None),
        },
    };
    let path = members.member(name);
    if Kind::of(raw) == Kind::Text {
        return mode(&text(raw, &path)?, &path).map(Some);
    }
    let mut choice = Object::read(raw, &path)?;
    let inner = path.member("function");
    if let Some(mut function) = choice.object("function", &inner)? {
        let name = function
            .text("name")?
            .ok_or_else(|| function.missing("name", "the function's name"))?;
        return Ok(Some(ToolChoice::Named(name)));
    }
    if let Some(name) = choice.text("name")? {
        return Ok(Some(ToolChoice::Named(name)));
    }
    let inner = path.member("allowed_tools");
    if let Some(mut allowed) = choice.object("allowed_tools", &inner)? {
        let names = allowed_names(&mut allowed)?;
        tools.retain(|tool| names.contains(&tool.name));
        let wanted = allowed.text("mode")?;
        return wanted
            .map(|wanted| mode(&wanted, &inner.member("mode")))
            .transpose();
    }
    dropped.note("tool_choice");
    Ok(None)
}

fn mode<'a>(word: &str, path: &Path<'_>) -> Result<ToolChoice<'a>, BadRequest> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // `any`: Mistral's word.
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(path.error("is unknown; send auto, none or required, or name a function")),
    }
}

fn allowed_names<'a>(allowed: &mut Object<'a, '_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let list = allowed.member("tools");
    let mut names = Vec::new();
    for (index, raw) in allowed.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let inner = path.member("function");
        let function = Object::read(raw, &path)?.object("function", &inner)?;
        names.extend(
            function
                .map(|mut function| function.text("name"))
                .transpose()?
                .flatten(),
        );
    }
    Ok(names)
}

/// `response_format`.
pub(super) fn answer<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Answer<'a>, BadRequest> {
    let path = members.member("response_format");
    let Some(mut format) = members.object("response_format", &path)? else {
        return Ok(Answer::Text);
    };
    match format.text("type")?.as_deref() {
        Some("text") => Ok(Answer::Text),
        Some("json_object") => Ok(Answer::JsonObject),
        Some("json_schema") => {
            let path = path.member("json_schema");
            let wrapper = format.object("json_schema", &path)?;
            let mut wrapper =
                wrapper.ok_or_else(|| path.error("is missing; send an object with name and schema"))?;
            let Some(schema) = wrapper.raw("schema") else {
                return Ok(Answer::JsonObject);
            };
            Ok(Answer::JsonSchema(JsonSchema {
                name: wrapper.text("name")?,
                description: wrapper.text("description")?,
                schema,
                strict: wrapper.flag("strict")?.unwrap_or(false),
            }))
        }
        Some(_) | None => {
            dropped.note("response_format");
            Ok(Answer::Text)
        }
    }
}

/// `reasoning_effort` (OpenAI), `reasoning` (OpenRouter) or `thinking` (z.ai and others).
pub(super) fn reasoning(
    members: &mut Object<'_, '_>,
    dropped: &mut Dropped,
) -> Result<Option<Reasoning>, BadRequest> {
    let mut wish = None;
    let path = members.member("thinking");
    if let Some(mut thinking) = members.object("thinking", &path)? {
        wish = match thinking.text("type")?.as_deref() {
            Some("disabled") => Some(Reasoning::Off),
            Some(_) => Some(Reasoning::On),
            None => None,
        };
    }
    let path = members.member("reasoning");
    if let Some(mut reasoning) = members.object("reasoning", &path)? {
        let enabled = reasoning.flag("enabled")?;
        wish = enabled
            .map(|on| if on { Reasoning::On } else { Reasoning::Off })
            .or(wish);
        wish = reasoning.count("max_tokens")?.map(Reasoning::Budget).or(wish);
        if let Some(word) = reasoning.text("effort")? {
            wish = effort(&word, "reasoning.effort", dropped).or(wish);
        }
    }
    if let Some(word) = members.text("reasoning_effort")? {
        wish = effort(&word, "reasoning_effort", dropped).or(wish);
    }
    Ok(wish)
}

fn effort(word: &str, name: &'static str, dropped: &mut Dropped) -> Option<Reasoning> {
    if word == "none" {
        return Some(Reasoning::Off);
    }
    let effort = Effort::named(word);
    if effort.is_none() {
        dropped.note(name);
    }
    effort.map(Reasoning::Effort)
}
