//! Whether calls, their results and their signatures fit together.

use serde_json::Value;

use super::{member, wants_signatures};
use crate::ask::{list_of, text_of};
use crate::problem::Malformed;

/// Stand in the place of a signature that the client never had (Google's guide to thought signatures).
const STAND_INS: [&str; 2] = [
    "skip_thought_signature_validator",
    "context_engineering_is_the_way_to_go",
];

fn is_call(part: &Value) -> bool {
    member(part, "functionCall").is_some()
}

pub(super) fn is_response(part: &Value) -> bool {
    member(part, "functionResponse").is_some()
}

/// One or more contents. Google's client sends a streamed turn of the model as the contents that it came in.
struct Turn<'a> {
    role: &'a str,
    parts: Vec<&'a Value>,
}

impl Turn<'_> {
    fn count(&self, kind: fn(&Value) -> bool) -> usize {
        self.parts.iter().filter(|part| kind(part)).count()
    }
}

fn turns(contents: &[Value]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for content in contents {
        let role = text_of(content, "role");
        let parts = list_of(content, "parts").iter();
        match turns.last_mut() {
            Some(turn) if role == "model" && turn.role == role => turn.parts.extend(parts),
            _ => turns.push(Turn {
                role,
                parts: parts.collect(),
            }),
        }
    }
    turns
}

/// Checks roles, order and signatures.
pub(super) fn check(contents: &[Value], model: &str) -> Result<(), Malformed> {
    let turns = turns(contents);
    for (index, turn) in turns.iter().enumerate() {
        if !["", "user", "model", "function"].contains(&turn.role) {
            return Err(Malformed::new("Please use a valid role: user, model."));
        }
        let before = index.checked_sub(1).and_then(|index| turns.get(index));
        if turn.count(is_call) > 0 && before.is_none() {
            return Err(Malformed::new(
                "Please ensure that function call turn comes immediately after a user turn or after a function \
                 response turn.",
            ));
        }
        let calls = before.map_or(0, |before| before.count(is_call));
        if calls != turn.count(is_response) {
            return Err(Malformed::new(
                "Please ensure that the number of function response parts is equal to the number of function call \
                 parts of the function call turn.",
            ));
        }
    }
    if wants_signatures(model) {
        check_signatures(&turns)?;
    }
    Ok(())
}

/// In the current turn, which begins with the last text of the user, the first call of every step must be signed.
fn check_signatures(turns: &[Turn<'_>]) -> Result<(), Malformed> {
    let asks = |turn: &Turn<'_>| turn.role != "model" && turn.count(is_response) == 0;
    let start = turns.iter().rposition(asks).unwrap_or_default();
    for (index, turn) in turns.iter().enumerate().skip(start) {
        let Some(part) = turn.parts.iter().find(|part| is_call(part)) else {
            continue;
        };
        let signature = member(part, "thoughtSignature")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = member(part, "functionCall").map_or("", |call| text_of(call, "name"));
        if signature.is_empty() {
            return Err(Malformed::new(format!(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to \
                 work correctly. Additional data, function call `default_api:{name}` , position {}.",
                index + 1
            )));
        }
        let letter = |b: u8| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b);
        if !STAND_INS.contains(&signature) && !signature.bytes().all(letter) {
            return Err(Malformed::new("Corrupted thought signature."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MODEL: &str = "gemini-3-pro-preview";

    fn user() -> Value {
        json!({"role": "user", "parts": [{"text": "x"}]})
    }

    fn call(signatures: &[Option<&str>]) -> Value {
        let part = |signature: Option<&str>| match signature {
            Some(signature) => {
                json!({"functionCall": {"name": "f", "args": {}}, "thoughtSignature": signature})
            }
            None => json!({"functionCall": {"name": "f", "args": {}}}),
        };
        json!({"role": "model", "parts": signatures.iter().copied().map(part).collect::<Vec<_>>()})
    }

    fn results(count: usize) -> Value {
        let part = json!({"functionResponse": {"name": "f", "response": {"a": 1}}});
        json!({"role": "user", "parts": vec![part; count]})
    }

    #[test]
    fn the_first_call_of_each_step_must_be_signed() {
        let steps = |first: Option<&str>, second: Option<&str>| {
            check(
                &[
                    user(),
                    call(&[first, None]),
                    results(2),
                    call(&[second]),
                    results(1),
                ],
                MODEL,
            )
        };
        assert_eq!(steps(Some("EuAb+/=="), Some("EuAb-_")), Ok(()));
        assert!(steps(Some("EuAb"), None).is_err());
        assert!(steps(None, Some("EuAb")).is_err());
        assert!(steps(Some("EuAb"), Some("no base64")).is_err());
        for stand_in in STAND_INS {
            assert_eq!(steps(Some(stand_in), Some(stand_in)), Ok(()));
        }
    }

    #[test]
    fn earlier_turns_and_models_need_none() {
        let turn = [user(), call(&[None]), results(1)];
        assert!(check(&turn, MODEL).is_err());
        assert_eq!(check(&turn, "gemini-2.5-pro"), Ok(()));
        let said = json!({"role": "model", "parts": [{"text": "done"}]});
        let earlier: Vec<Value> = turn.iter().cloned().chain([said, user()]).collect();
        assert_eq!(check(&earlier, MODEL), Ok(()));
    }

    #[test]
    fn a_turn_may_come_in_several_contents() {
        let end = json!({"role": "model", "parts": [{"text": ""}]});
        let turn = [user(), call(&[Some("EuAb")]), call(&[None]), end, results(2)];
        assert_eq!(check(&turn, MODEL), Ok(()));
    }

    #[test]
    fn calls_and_results_must_pair() {
        let model = "gemini-2.5-pro";
        assert!(check(&[user(), call(&[None, None]), results(1)], model).is_err());
        assert!(check(&[user(), results(1)], model).is_err());
        assert!(check(&[call(&[None]), results(1)], model).is_err());
        assert!(check(&[user(), call(&[None]), user()], model).is_err());
        let system = json!({"role": "system", "parts": [{"text": "x"}]});
        assert!(check(&[system], model).is_err());
    }
}
