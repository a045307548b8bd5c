//! What the judge said. Read leniently, but never guessed at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The best score that the judge gives.
const BEST: f64 = 10.0;
/// Opening braces that are tried in an answer.
const MOST_OBJECTS: usize = 64;

/// Why the judge's answer says nothing. For people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// No JSON object, or only a part of one.
    #[error("the judge's answer has no whole JSON object")]
    NoObject,
    /// The member that counts is missing.
    #[error("the judge's answer has no result")]
    NoResult,
    /// It stands there twice, and not the same.
    #[error("the judge's answer has several results")]
    Several,
    /// It is there, but no score in 0 to 10, or none of 1, 2 and tie.
    #[error("the judge's result is not one of those that were asked for")]
    NotAResult,
}

/// Which of two answers is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The one shown first.
    First,
    /// The one shown second.
    Second,
    /// Neither.
    Tie,
}

/// A score in 0..=1, from what answers [`grade`](super::prompt::grade).
pub fn score(text: &str) -> Result<f64, Unreadable> {
    let score = match result(text, |object| object.score)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            text.strip_suffix("/10").unwrap_or(text).trim().parse().ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    score
        .filter(|score| (0.0..=BEST).contains(score))
        .map(|score| score / BEST)
        .ok_or(Unreadable::NotAResult)
}

/// What answers [`compare`](super::prompt::compare).
pub fn choice(text: &str) -> Result<Choice, Unreadable> {
    let said = match result(text, |object| object.winner)? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    match said.strip_prefix("answer ").unwrap_or(&said).trim() {
        "1" => Ok(Choice::First),
        "2" => Ok(Choice::Second),
        "tie" => Ok(Choice::Tie),
        _ => Err(Unreadable::NotAResult),
    }
}

/// The members that count. One that stands twice is an error of reading.
#[derive(Deserialize)]
struct Object {
    score: Option<Value>,
    winner: Option<Value>,
}

/// The result in the objects of a text, be it in a code fence or between prose.
fn result(text: &str, member: impl Fn(Object) -> Option<Value>) -> Result<Value, Unreadable> {
    let mut found = None;
    let mut missing = Unreadable::NoObject;
    let mut rest = text;
    for _ in 0..MOST_OBJECTS {
        let Some(tail) = rest.find('{').and_then(|start| rest.get(start..)) else {
            break;
        };
        let mut objects = serde_json::Deserializer::from_str(tail).into_iter::<Object>();
        let read = objects.next();
        let after = match &read {
            Some(Ok(_)) => objects.byte_offset(),
            Some(Err(error)) if error.is_data() => return Err(Unreadable::Several),
            Some(Err(_)) | None => 1,
        };
        rest = tail.get(after..).unwrap_or_default();
        let Some(Ok(object)) = read else {
            continue;
        };
        missing = Unreadable::NoResult;
        let Some(value) = member(object) else {
            continue;
        };
        if found.as_ref().is_some_and(|known| *known != value) {
            return Err(Unreadable::Several);
        }
        found = Some(value);
    }
    found.ok_or(missing)
}

/// What both orders of a comparison say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// The control's answer.
    Control,
    /// The challenger's.
    Challenger,
    /// Neither, or each once.
    Tie,
}

impl Winner {
    /// From both orders. They agree, or it is a tie; where one is not known, nothing is.
    pub fn of(control_first: Choice, challenger_first: Choice) -> Self {
        match (control_first, challenger_first) {
            (Choice::First, Choice::Second) => Self::Control,
            (Choice::Second, Choice::First) => Self::Challenger,
            (Choice::Tie, _)
            | (_, Choice::Tie)
            | (Choice::First, Choice::First)
            | (Choice::Second, Choice::Second) => Self::Tie,
        }
    }

    /// What counts for the challenger.
    pub const fn win(self) -> f64 {
        match self {
            Self::Challenger => 1.0,
            Self::Tie => 0.5,
            Self::Control => 0.0,
        }
    }
}

#[cfg(test)]
mod tests;
