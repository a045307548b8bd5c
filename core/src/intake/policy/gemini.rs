//! Of Gemini `generateContent`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Policy, text};
use crate::format::gemini::request::{object, one_or_more, plain_schema, whole};
use crate::intake::object::Text;
use crate::intake::tokens::Estimate;
use crate::intake::{BadRequest, Kind, Object, Path};

pub(super) fn read(policy: &mut Policy, body: &str) -> Result<(), BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?.in_camel_case();
    let mut estimate = Estimate::default();
    let contents = members
        .raw("contents")
        .ok_or_else(|| members.missing("contents", "a list of contents"))?;
    estimate.content(contents);
    if let Some(system) = members.raw("systemInstruction") {
        estimate.content(system);
    }
    let list = members.member("tools");
    if let Some(raw) = members.raw("tools") {
        estimate.verbatim(raw);
        for (index, raw) in one_or_more(raw, &list)?.into_iter().enumerate() {
            tool(raw, &list.item(index), &mut policy.tools)?;
        }
    }
    policy.counted(&estimate);
    policy.include_usage = policy.framing.is_stream();
    let path = members.member("generationConfig");
    if let Some(raw) = members.raw("generationConfig") {
        generation(policy, object(raw, &path)?)?;
    }
    // What Vertex has for metadata.
    let labels: Option<BTreeMap<Text<'_>, &RawValue>> = members.typed("labels", "an object")?;
    for (Text(name), raw) in labels.unwrap_or_default() {
        if Kind::of(raw) == Kind::Text {
            let value = text(raw, &members.member("labels"))?;
            policy.metadata.insert(name.into_owned(), value.into_owned());
        }
    }
    Ok(())
}

/// The names of functions; a tool of Google's own goes by its member.
fn tool(raw: &RawValue, path: &Path<'_>, names: &mut Vec<String>) -> Result<(), BadRequest> {
    let mut tool = object(raw, path)?;
    let list = path.member("functionDeclarations");
    let functions = tool.raw("functionDeclarations");
    let functions = functions.map(|raw| one_or_more(raw, &list)).transpose()?;
    for (index, raw) in functions.unwrap_or_default().into_iter().enumerate() {
        let name = object(raw, &list.item(index))?.text("name")?;
        names.extend(name.map(std::borrow::Cow::into_owned));
    }
    names.extend(tool.leftover().map(std::borrow::Cow::into_owned));
    Ok(())
}

fn generation(policy: &mut Policy, mut config: Object<'_, '_>) -> Result<(), BadRequest> {
    let bound = whole(&mut config, "maxOutputTokens")?;
    policy.max_output = bound.and_then(|bound| u64::try_from(bound).ok());
    let given = config.raw("responseJsonSchema").map(|raw| raw.get().to_owned());
    let schema = given.or(config.raw("responseSchema").map(plain_schema));
    let json = config.text("responseMimeType")?.as_deref() == Some("application/json");
    policy.json_schema = match schema {
        Some(schema) => super::kept_schema(&schema),
        None => json.then_some(serde_json::Value::Bool(true)),
    };
    Ok(())
}
