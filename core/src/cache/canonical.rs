//! What a request asks for, in one spelling: the same question of two clients is the same bytes, whatever the order of
//! members, and where the neutral model holds all of it also whatever the format.
//!
//! The neutral model is read, and written again in the client's own format. What does not come back is a remainder, which
//! joins the key as it stands: a member newer than this gateway tells answers apart, and never makes two requests equal.

mod number;
mod unique;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::unique::Unique;
use crate::digest::Digest;
use crate::format::{WireFormat, decode, encode, plain};
use crate::intake::{Intake, TargetShape};
use crate::snapshot::cache::{KeyPart, KeyParts};
use crate::vendor::Vendor;

/// Members that make no difference to an answer: whose it is, how it is sent, and what the provider keeps of it.
const INDIFFERENT: [&str; 13] = [
    "model",
    "user",
    "metadata",
    "stream",
    "stream_options",
    "store",
    "service_tier",
    "serviceTier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "labels",
    "trace",
];

/// What a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Canonical {
    /// In the neutral model, where it can be read.
    chat: Option<Value>,
    /// Members that the policy adds.
    included: Map<String, Value>,
    /// What the neutral model does not hold, with the format that it is in.
    remainder: Option<(WireFormat, Value)>,
}

/// The last words of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// The words.
    pub words: Arc<str>,
    /// Turns of the conversation, instructions not counted.
    pub turns: usize,
    /// Of all but the words.
    pub around: Digest,
}

/// Readers disagree on what the body says: a member stands twice, or a number is larger than many of them can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

impl Canonical {
    /// Of a request.
    ///
    /// # Errors
    /// When the request can be read in two ways.
    pub fn of(intake: &Intake, parts: &KeyParts) -> Result<Self, Ambiguous> {
        let Unique(Value::Object(mut members)) =
            serde_json::from_slice(intake.body()).map_err(|_| Ambiguous)?
        else {
            return Err(Ambiguous);
        };
        let included: Map<String, Value> = parts
            .include
            .iter()
            .filter_map(|part| match part {
                KeyPart::Member(name) => Some((name.to_string(), members.get(&**name)?.clone())),
                KeyPart::Header(_) => None,
            })
            .collect();
        members.retain(|name, value| {
            let out =
                INDIFFERENT.contains(&name.as_str()) || parts.exclude.iter().any(|each| **each == **name);
            !out && !value.is_null()
        });
        spell_out(intake.format, &mut members);
        let (chat, remainder) = match in_neutral(intake.format, &mut members) {
            Some((chat, lost)) => (Some(chat), lost),
            None => (None, Some(Value::Object(members))),
        };
        Ok(Self {
            chat,
            included,
            remainder: remainder.map(|rest| (intake.format, rest)),
        })
    }

    /// The temperature that it states.
    pub fn temperature(&self) -> Option<f64> {
        let in_neutral = || self.chat.as_ref()?.pointer("/sampling/temperature")?.as_f64();
        let added = || self.included.get("temperature")?.as_f64();
        let left_over = || self.remainder.as_ref()?.1.get("temperature")?.as_f64();
        in_neutral().or_else(added).or_else(left_over)
    }

    /// The spelling.
    pub fn bytes(&self) -> Vec<u8> {
        self.spelled(self.chat.as_ref())
    }

    /// The last words of the user, if the last turn is the user's and says nothing but words.
    pub fn last_words(&self) -> Option<LastWords> {
        let mut chat = self.chat.clone()?;
        let turns = chat.get_mut("turns")?.as_array_mut()?;
        let role = |turn: &Value| match turn.get("role")?.as_str()? {
            "User" => Some(Speaker::User),
            "Assistant" => Some(Speaker::Assistant),
            _ => None,
        };
        let spoken = turns.iter().filter_map(role).count();
        let last = turns.last_mut()?;
        if role(last)? != Speaker::User {
            return None;
        }
        let parts = last.get_mut("parts")?.as_array_mut()?;
        let mut words = Vec::new();
        for part in parts.iter() {
            words.push(part.get("content")?.get("Text")?.as_str()?);
        }
        let text = words.join("\n");
        if text.trim().is_empty() {
            return None;
        }
        parts.clear();
        Some(LastWords {
            words: text.into(),
            turns: spoken,
            around: Digest::of([self.spelled(Some(&chat)).as_slice()]),
        })
    }

    /// All of it, in one spelling, with this in the place of what the neutral model holds.
    fn spelled(&self, chat: Option<&Value>) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        out.push(b'{');
        if let Some(chat) = chat {
            member("chat", chat, &mut out);
        }
        if !self.included.is_empty() {
            name("included", &mut out);
            object(&self.included, &mut out);
            out.push(b',');
        }
        if let Some((format, rest)) = &self.remainder {
            member(&format!("rest of {format:?}"), rest, &mut out);
        }
        out.push(b'}');
        out
    }
}

/// A turn's role.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    User,
    Assistant,
}

/// The request in the neutral model, and what that does not hold. `None`: it cannot be read.
fn in_neutral(format: WireFormat, members: &mut Map<String, Value>) -> Option<(Value, Option<Value>)> {
    let body = named(format, members)?;
    let body = plain(format, &body).ok()?;
    let request = decode(format, &body).ok()?;
    let again = encode(&request, own_shape(format)?).ok()?.body;
    let lost = lost_of(members, &serde_json::from_slice(&again).ok()?);
    let mut chat = serde_json::to_value(&request).ok()?;
    drop_nulls(&mut chat);
    Some((chat, lost))
}

/// The members as a body. A decoder may ask for a model, which makes no difference here.
fn named(format: WireFormat, members: &mut Map<String, Value>) -> Option<String> {
    if matches!(format, WireFormat::GeminiGenerate | WireFormat::BedrockConverse) {
        return serde_json::to_string(members).ok();
    }
    members.insert("model".to_owned(), Value::from("m"));
    let body = serde_json::to_string(members).ok();
    members.remove("model");
    body
}

/// Responses may be asked with two texts, `instructions` and `input`: the messages that those stand for.
fn spell_out(format: WireFormat, members: &mut Map<String, Value>) {
    if format != WireFormat::OpenAIResponses {
        return;
    }
    let message = |role: &str, text: Value| json!({"role": role, "content": text});
    if let Some(input) = members.get_mut("input").filter(|input| input.is_string()) {
        *input = Value::from(vec![message("user", input.take())]);
    }
    if let Some(items) = members.get("input").and_then(Value::as_array)
        && let Some(Value::String(text)) = members.get("instructions")
    {
        let mut all = vec![message("system", text.as_str().into())];
        all.extend_from_slice(items);
        members.remove("instructions");
        members.insert("input".to_owned(), all.into());
    }
}

/// As whoever made a format speaks it. `None`: nobody is asked in it.
fn own_shape(format: WireFormat) -> Option<TargetShape<'static>> {
    // The maker of the responses speaks another format first.
    let first = if format == WireFormat::OpenAIResponses {
        WireFormat::OpenAIChat
    } else {
        format
    };
    Some(TargetShape {
        format,
        model: "m",
        quirks: Vendor::of(first)?.quirks,
    })
}

/// What of a value does not come back in `again`. `None`: nothing.
fn lost(value: &Value, again: &Value) -> Option<Value> {
    if let (Some(one), Some(other)) = (sole_text(value), sole_text(again)) {
        return (one != other).then(|| value.clone());
    }
    match (value, again) {
        (Value::Object(value), Value::Object(again)) => lost_of(value, again),
        (Value::Array(values), Value::Array(again)) if values.len() == again.len() => {
            let lost: Vec<Value> = values
                .iter()
                .zip(again)
                .map(|(value, again)| lost(value, again).unwrap_or_default())
                .collect();
            lost.iter()
                .any(|each| !each.is_null())
                .then_some(Value::Array(lost))
        }
        (Value::Number(one), Value::Number(other)) if number::equal(one, other) => None,
        _ if value == again => None,
        _ => Some(value.clone()),
    }
}

/// The same of the members of an object.
fn lost_of(value: &Map<String, Value>, again: &Map<String, Value>) -> Option<Value> {
    let lost: Map<String, Value> = value
        .iter()
        .filter(|(name, value)| !value.is_null() && *name != "cache_control")
        .filter_map(|(name, value)| match (again.get(name), renamed(name)) {
            (Some(again), _) => Some((name.clone(), lost(value, again)?)),
            (None, Some(new)) if again.get(new) == Some(value) => None,
            (None, _) => Some((name.clone(), value.clone())),
        })
        .collect();
    (!lost.is_empty()).then_some(Value::Object(lost))
}

/// The newer name of a member with the same meaning.
fn renamed(name: &str) -> Option<&'static str> {
    (name == "max_tokens").then_some("max_completion_tokens")
}

/// The text of a message that is nothing else, as a text or as a list of one part.
fn sole_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(parts) => match parts.as_slice() {
            [Value::Object(part)] => {
                let plain = part.iter().all(|(name, value)| match name.as_str() {
                    "type" => matches!(value.as_str(), Some("text" | "input_text" | "output_text")),
                    name => matches!(name, "text" | "cache_control"),
                });
                part.get("text").filter(|_| plain)?.as_str()
            }
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// JSON with sorted members, and numbers in one spelling.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => object(members, out),
        Value::Array(values) => {
            out.push(b'[');
            for value in values {
                write(value, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Number(number) => out.extend_from_slice(number::spelled(number).as_bytes()),
        Value::String(text) => string(text, out),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Null => out.extend_from_slice(b"null"),
    }
}

fn object(members: &Map<String, Value>, out: &mut Vec<u8>) {
    out.push(b'{');
    if members.keys().is_sorted() {
        for (name, value) in members {
            member(name, value, out);
        }
    } else {
        let mut members: Vec<_> = members.iter().collect();
        members.sort_by_key(|(name, _)| *name);
        for (name, value) in members {
            member(name, value, out);
        }
    }
    out.push(b'}');
}

fn member(of: &str, value: &Value, out: &mut Vec<u8>) {
    name(of, out);
    write(value, out);
    out.push(b',');
}

fn name(of: &str, out: &mut Vec<u8>) {
    string(of, out);
    out.push(b':');
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests;
