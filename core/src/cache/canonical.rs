//! What a request asks for, in one spelling: the same question of two clients is the same bytes, whatever the order of
//! members, and where the neutral model holds all of it also whatever the format.
//!
//! The neutral model is read, and written again in the client's own format. What does not come back is a remainder, which
//! joins the key as it stands: a member newer than this gateway tells answers apart, and never makes two requests equal.

mod number;
mod unique;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::unique::Unique;
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

/// A request in one spelling.
#[derive(Clone, Debug, PartialEq)]
pub struct Canonical {
    /// What it asks for.
    value: Value,
    /// The last words of the user, where all else can be told apart from them.
    pub question: Option<Question>,
}

/// The last words of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The words.
    pub text: String,
    /// Turns of the conversation, instructions not counted.
    pub turns: usize,
    /// All but the words, in one spelling.
    pub around: Vec<u8>,
}

/// The body holds a member twice: readers disagree on which one counts.
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
        let asked = asked(intake.format, Value::Object(members));
        let question = asked
            .chat
            .as_ref()
            .and_then(|chat| question(chat, asked.remainder.as_ref()));
        let mut value = asked.into_value();
        if !included.is_empty()
            && let Value::Object(value) = &mut value
        {
            value.insert("included".to_owned(), Value::Object(included));
        }
        Ok(Self { value, question })
    }

    /// The temperature that it states.
    pub fn temperature(&self) -> Option<f64> {
        let members = ["/chat/sampling", ""].into_iter();
        let mut stated = members.filter_map(|at| self.value.pointer(at)?.get("temperature"));
        stated.find_map(Value::as_f64).or_else(|| {
            let rest = self.value.as_object()?.values();
            rest.filter_map(|rest| rest.get("temperature"))
                .find_map(Value::as_f64)
        })
    }

    /// The spelling.
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.value)
    }
}

/// What a request asks for.
struct Asked {
    /// In the neutral model, where it can be read.
    chat: Option<Value>,
    /// What the neutral model does not hold, with the format that it is in.
    remainder: Option<(WireFormat, Value)>,
}

impl Asked {
    fn into_value(self) -> Value {
        let mut value = Map::new();
        value.extend(self.chat.map(|chat| ("chat".to_owned(), chat)));
        value.extend(self.remainder.map(remainder));
        Value::Object(value)
    }
}

fn remainder((format, rest): (WireFormat, Value)) -> (String, Value) {
    (format!("rest of {format:?}"), rest)
}

fn asked(format: WireFormat, members: Value) -> Asked {
    let in_neutral = || -> Option<(Value, Option<Value>)> {
        let body = named(format, &members).to_string();
        let body = plain(format, &body).ok()?;
        let request = decode(format, &body).ok()?;
        let again = encode(&request, own_shape(format)?).ok()?.body;
        let rest = lost(&members, &serde_json::from_slice(&again).ok()?);
        Some((serde_json::to_value(&request).ok()?, rest))
    };
    match in_neutral() {
        Some((chat, rest)) => Asked {
            chat: Some(without_nulls(chat)),
            remainder: rest.map(|rest| (format, rest)),
        },
        None => Asked {
            chat: None,
            remainder: Some((format, members)),
        },
    }
}

/// A decoder may ask for a model, which makes no difference here.
fn named(format: WireFormat, members: &Value) -> Cow<'_, Value> {
    match (format, members) {
        (WireFormat::GeminiGenerate | WireFormat::BedrockConverse, _) => Cow::Borrowed(members),
        (_, Value::Object(object)) => {
            let mut object = object.clone();
            object.insert("model".to_owned(), Value::from("m"));
            Cow::Owned(Value::Object(object))
        }
        (_, other) => Cow::Borrowed(other),
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
        (Value::Object(value), Value::Object(again)) => {
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

/// The newer name of a member with the same meaning.
fn renamed(name: &str) -> Option<&'static str> {
    (name == "max_tokens").then_some("max_completion_tokens")
}

/// The text of a message that is nothing else, as a text or as a list of one part; or of one message of the user, as
/// responses may ask.
fn sole_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(parts) => match parts.as_slice() {
            [Value::Object(message)] if message.get("role").is_some() => {
                let plain = message.iter().all(|(name, value)| match name.as_str() {
                    "type" => value == "message",
                    "role" => value == "user",
                    name => name == "content",
                });
                sole_text(message.get("content").filter(|_| plain)?)
            }
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

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// The last turn's words, if it is the user's and says nothing but words.
fn question(chat: &Value, rest: Option<&(WireFormat, Value)>) -> Option<Question> {
    let mut chat = chat.clone();
    let turns = chat.get_mut("turns")?.as_array_mut()?;
    let spoken = turns
        .iter()
        .filter(|turn| {
            matches!(
                turn.get("role").and_then(Value::as_str),
                Some("User" | "Assistant")
            )
        })
        .count();
    let last = turns.last_mut()?;
    if last.get("role")?.as_str()? != "User" {
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
    let around = Asked {
        chat: Some(chat),
        remainder: rest.cloned(),
    };
    Some(Question {
        text,
        turns: spoken,
        around: bytes(&around.into_value()),
    })
}

/// JSON with sorted members, and numbers in one spelling.
fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, value) in members {
                out.extend_from_slice(Value::from(name.as_str()).to_string().as_bytes());
                out.push(b':');
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(values) => {
            out.push(b'[');
            for value in values {
                write(value, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Number(number) => out.extend_from_slice(number::spelled(number).as_bytes()),
        plain @ (Value::Null | Value::Bool(_) | Value::String(_)) => {
            out.extend_from_slice(plain.to_string().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
