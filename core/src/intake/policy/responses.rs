//! Of OpenAI responses. What needs a stored response is refused here, so that it is refused where bodies pass as well:
//! the gateway keeps none, and those of one provider mean nothing to another.

use serde_json::value::RawValue;

use super::{Policy, bound, schema_of, tools};
use crate::intake::tokens::Estimate;
use crate::intake::{BadRequest, Kind, Object, Path, items};

/// Members that refer to what a provider keeps, with what to send instead.
const REFERENCES: [(&str, &str); 3] = [
    (
        "previous_response_id",
        "refers to a stored response; leave it out and send the earlier items in `input`",
    ),
    (
        "conversation",
        "refers to a stored conversation; leave it out and send its items in `input`",
    ),
    (
        "prompt",
        "refers to a stored prompt; leave it out and send its text in `instructions` and `input`",
    ),
];

pub(super) fn read(policy: &mut Policy, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    stateless(members)?;
    let mut estimate = Estimate::default();
    let path = members.member("input");
    let input = members
        .raw("input")
        .ok_or_else(|| members.missing("input", "a text or a list of items"))?;
    match Kind::of(input) {
        Kind::Text => {}
        Kind::List => without_references(input, &path)?,
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => {
            return Err(path.mismatch(input, "a text or a list of items"));
        }
    }
    estimate.content(input);
    if let Some(instructions) = members.raw("instructions") {
        estimate.content(instructions);
    }
    policy.tools = tools(members, &mut estimate)?;
    policy.counted(&estimate);
    policy.include_usage = policy.streamed(members)?;
    policy.max_output = bound(members, "max_output_tokens")?;
    let path = members.member("text");
    let inner = path.member("format");
    let options = members.object("text", &path)?;
    let format = options
        .map(|mut options| options.object("format", &inner))
        .transpose()?
        .flatten();
    if let Some(mut format) = format {
        policy.json_schema = match format.text("type")?.as_deref() {
            Some("json_object") => Some(serde_json::Value::Bool(true)),
            Some("json_schema") => schema_of(&mut format)?,
            Some(_) | None => None,
        };
    }
    Ok(())
}

/// The gateway serves responses that nobody stores.
fn stateless(members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    if members.flag("store")? == Some(true) {
        return Err(members.member("store").error(
            "cannot be true, as no response is stored; send false or leave it out, and send all items in `input`",
        ));
    }
    if members.flag("background")? == Some(true) {
        return Err(members.member("background").error(
            "cannot be true, as no response is stored to be fetched later; leave it out, and stream a long answer",
        ));
    }
    for (name, problem) in REFERENCES {
        if members.raw(name).is_some() {
            return Err(members.member(name).error(problem));
        }
    }
    Ok(())
}

/// An item may say that it is a reference, or have nothing but an id.
fn without_references(input: &RawValue, path: &Path<'_>) -> Result<(), BadRequest> {
    for (index, raw) in items(input, path)?.into_iter().enumerate() {
        let path = path.item(index);
        let mut item = Object::read(raw, &path)?;
        let kind = item.text("type")?;
        let is_reference = match kind.as_deref() {
            Some(kind) => kind == "item_reference",
            None => item.raw("role").is_none() && item.raw("id").is_some(),
        };
        if is_reference {
            return Err(path.error("refers to a stored item; send the item itself"));
        }
    }
    Ok(())
}
