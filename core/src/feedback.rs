//! What a client says of an answer that it got.

use serde_json::{Map, Value};

use crate::intake::BadRequest;

/// The name of what says none.
pub const DEFAULT_NAME: &str = "score";
/// The most letters of a name.
const LONGEST_NAME: usize = 64;
/// The most letters of a comment.
const LONGEST_COMMENT: usize = 2_000;
/// The most bytes of a call's id: ours have 36.
const LONGEST_CALL: usize = 64;
const MEMBERS: [&str; 5] = ["call_id", "name", "value", "bool", "comment"];

/// Feedback: `{"call_id": …, "name": …, "value": 0.8, "comment": …}`, or `"bool"` instead of `"value"`.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// The call's id, as the answer's `x-wayleave-call-id` had it.
    pub call: String,
    /// What the score is of.
    pub name: String,
    /// In 0..=1. Of a thumb, 1 or 0.
    pub score: f64,
    /// For people.
    pub comment: Option<String>,
}

impl Feedback {
    /// Reads a request's body.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, BadRequest> {
        let members: Map<String, Value> = serde_json::from_slice(body).map_err(|error| BadRequest {
            message: format!("The body is not a JSON object: {error}."),
            param: None,
        })?;
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let unknown: String = unknown.chars().take(LONGEST_NAME).collect();
            let message = format!(
                "There is no member {unknown:?}. Feedback has call_id, value or bool, and where you like name and comment."
            );
            return Err(BadRequest {
                message,
                param: Some(unknown),
            });
        }
        Ok(Self {
            call: call(&members)?,
            name: name(&members)?,
            score: score(&members)?,
            comment: comment(&members)?,
        })
    }
}

fn call(members: &Map<String, Value>) -> Result<String, BadRequest> {
    let text = text(members, "call_id")?.filter(|text| (1..=LONGEST_CALL).contains(&text.len()));
    text.map(str::to_owned).ok_or_else(|| {
        bad(
            "call_id",
            "It has to be what the answer's header x-wayleave-call-id said",
        )
    })
}

fn name(members: &Map<String, Value>) -> Result<String, BadRequest> {
    let Some(name) = text(members, "name")? else {
        return Ok(DEFAULT_NAME.to_owned());
    };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
    if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain) {
        return Ok(name.to_owned());
    }
    Err(bad(
        "name",
        "It has to have 1 to 64 letters, digits and signs of - _ .",
    ))
}

fn score(members: &Map<String, Value>) -> Result<f64, BadRequest> {
    match (given(members, "value"), given(members, "bool")) {
        (Some(value), None) => value
            .as_f64()
            .filter(|value| (0.0..=1.0).contains(value))
            .ok_or_else(|| {
                bad(
                    "value",
                    "It has to be a number from 0 to 1; for a thumb up or down send bool",
                )
            }),
        (None, Some(truth)) => truth
            .as_bool()
            .map(|truth| f64::from(u8::from(truth)))
            .ok_or_else(|| bad("bool", "It has to be true or false")),
        (None, None) => Err(bad("value", "Send value, a number from 0 to 1, or bool")),
        (Some(_), Some(_)) => Err(bad("bool", "Send value or bool, not both")),
    }
}

fn comment(members: &Map<String, Value>) -> Result<Option<String>, BadRequest> {
    let comment = text(members, "comment")?;
    if comment.is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
        return Err(bad("comment", "It may have 2,000 letters"));
    }
    Ok(comment.map(str::to_owned))
}

/// `null` is as good as nothing.
fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, BadRequest> {
    let value = given(members, name);
    value
        .map(|value| value.as_str().ok_or_else(|| bad(name, "It has to be a string")))
        .transpose()
}

fn bad(member: &str, what: &str) -> BadRequest {
    BadRequest {
        message: format!("The member {member} cannot be used. {what}."),
        param: Some(member.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Feedback, Option<String>> {
        Feedback::read(value.to_string().as_bytes()).map_err(|bad| bad.param)
    }

    #[test]
    fn reads_a_score_or_a_thumb() {
        let whole = json!({"call_id": "c", "name": "tone_2.a-b", "value": 0.25, "comment": "too long"});
        let wanted = Feedback {
            call: "c".to_owned(),
            name: "tone_2.a-b".to_owned(),
            score: 0.25,
            comment: Some("too long".to_owned()),
        };
        assert_eq!(read(&whole), Ok(wanted));
        for (member, value, score) in [
            ("bool", json!(true), 1.0),
            ("bool", json!(false), 0.0),
            ("value", json!(0), 0.0),
            ("value", json!(1), 1.0),
        ] {
            let feedback = read(&json!({"call_id": "c", member: value, "name": null})).unwrap();
            assert!((feedback.score - score).abs() < 1e-12);
            assert_eq!((&*feedback.name, feedback.comment), (DEFAULT_NAME, None));
        }
    }

    #[test]
    fn says_which_member_is_wrong() {
        let long = |letters: usize| "é".repeat(letters);
        for (value, member) in [
            (json!({"value": 1}), "call_id"),
            (json!({"call_id": "", "value": 1}), "call_id"),
            (json!({"call_id": 7, "value": 1}), "call_id"),
            (json!({"call_id": "x".repeat(65), "value": 1}), "call_id"),
            (json!({"call_id": "c"}), "value"),
            (json!({"call_id": "c", "value": 1.01}), "value"),
            (json!({"call_id": "c", "value": -1}), "value"),
            (json!({"call_id": "c", "value": "1"}), "value"),
            (json!({"call_id": "c", "bool": 1}), "bool"),
            (json!({"call_id": "c", "bool": true, "value": 1}), "bool"),
            (json!({"call_id": "c", "bool": true, "name": "a b"}), "name"),
            (json!({"call_id": "c", "bool": true, "name": ""}), "name"),
            (
                json!({"call_id": "c", "bool": true, "name": "x".repeat(65)}),
                "name",
            ),
            (
                json!({"call_id": "c", "bool": true, "comment": long(2_001)}),
                "comment",
            ),
            (json!({"call_id": "c", "bool": true, "comment": ["a"]}), "comment"),
            (json!({"call_id": "c", "bool": true, "score": 1}), "score"),
        ] {
            assert_eq!(read(&value), Err(Some(member.to_owned())), "{value}");
        }
        assert!(read(&json!({"call_id": "c", "bool": true, "comment": long(2_000)})).is_ok());
        for body in ["", "[]", "1", "{"] {
            assert_eq!(Feedback::read(body.as_bytes()).unwrap_err().param, None, "{body}");
        }
    }
}
