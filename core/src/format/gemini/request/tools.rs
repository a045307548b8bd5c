//! `tools` and `toolConfig`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::values::{object, one_or_more, word};
use crate::chat::{Dropped, Tool, ToolChoice};
use crate::intake::{BadRequest, Object, Path, text};

/// `tools`. Those that Google runs itself are its alone.
pub(super) fn declared<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Tool<'a>>, BadRequest> {
    let mut declared = Vec::new();
    let list = members.member("tools");
    let raw = members
        .raw("tools")
        .map(|raw| one_or_more(raw, &list))
        .transpose()?;
    for (index, raw) in raw.unwrap_or_default().into_iter().enumerate() {
        let path = list.item(index);
        let mut tool = object(raw, &path)?;
        let list = path.member("functionDeclarations");
        let functions = tool.raw("functionDeclarations");
        let functions = functions.map(|raw| one_or_more(raw, &list)).transpose()?;
        for (index, raw) in functions.unwrap_or_default().into_iter().enumerate() {
            declared.push(function(raw, &list.item(index), dropped)?);
        }
        for name in tool.leftover() {
            dropped.note(format!("tools[].{name}"));
        }
    }
    Ok(declared)
}

fn function<'a>(raw: &'a RawValue, path: &Path<'_>, dropped: &mut Dropped) -> Result<Tool<'a>, BadRequest> {
    let mut function = object(raw, path)?;
    let given = function.raw("parametersJsonSchema");
    let plain = function.raw("parameters");
    let tool = Tool {
        name: function
            .text("name")?
            .ok_or_else(|| function.missing("name", "the function's name"))?,
        description: function.text("description")?,
        schema: given.or(plain),
        strict: false,
        cache: None,
    };
    for name in function.leftover() {
        dropped.note(format!("tools[].functionDeclarations[].{name}"));
    }
    Ok(tool)
}

/// `toolConfig`. A choice among some functions leaves only those.
pub(super) fn choice<'a>(
    members: &mut Object<'a, '_>,
    tools: &mut Vec<Tool<'a>>,
    dropped: &mut Dropped,
) -> Result<Option<ToolChoice<'a>>, BadRequest> {
    let path = members.member("toolConfig");
    let Some(raw) = members.raw("toolConfig") else {
        return Ok(None);
    };
    let mut config = object(raw, &path)?;
    let inner = path.member("functionCallingConfig");
    let calling = config.raw("functionCallingConfig");
    for name in config.leftover() {
        dropped.note(format!("toolConfig.{name}"));
    }
    let Some(raw) = calling else { return Ok(None) };
    let mut calling = object(raw, &inner)?;
    let mut allowed = names(&mut calling, &inner)?;
    if !allowed.is_empty() {
        tools.retain(|tool| allowed.contains(&tool.name));
    }
    let mode = word(&mut calling, "mode")?;
    for name in calling.leftover() {
        dropped.note(format!("toolConfig.functionCallingConfig.{name}"));
    }
    Ok(match mode.as_deref() {
        None | Some("MODE_UNSPECIFIED" | "0" | "") => None,
        // Validated: as it likes, and held to the schemas.
        Some("AUTO" | "1" | "VALIDATED" | "4") => Some(ToolChoice::Auto),
        Some("NONE" | "3") => Some(ToolChoice::None),
        Some("ANY" | "2") => Some(match (allowed.pop(), allowed.is_empty()) {
            (Some(only), true) => ToolChoice::Named(only),
            (Some(_) | None, _) => ToolChoice::Required,
        }),
        Some(_) => {
            return Err(inner
                .member("mode")
                .error("is unknown; send AUTO, ANY, NONE or VALIDATED"));
        }
    })
}

fn names<'a>(calling: &mut Object<'a, '_>, path: &Path<'_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let list = path.member("allowedFunctionNames");
    let raw = calling.raw("allowedFunctionNames");
    let names = raw.map(|raw| one_or_more(raw, &list)).transpose()?;
    let name = |(index, raw): (usize, &'a RawValue)| text(raw, &list.item(index));
    names
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(name)
        .collect()
}
