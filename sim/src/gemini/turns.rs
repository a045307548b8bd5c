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

fn count(content: Option<&Value>, kind: fn(&Value) -> bool) -> usize {
    content.map_or(0, |content| {
        list_of(content, "parts").iter().filter(|part| kind(part)).count()
    })
}

/// Checks roles, order and signatures.
pub(super) fn check(contents: &[Value], model: &str) -> Result<(), Malformed> {
    for (index, content) in contents.iter().enumerate() {
        if !["", "user", "model", "function"].contains(&text_of(content, "role")) {
            return Err(Malformed::new("Please use a valid role: user, model."));
        }
        let before = index.checked_sub(1).and_then(|index| contents.get(index));
        if count(Some(content), is_call) > 0 && before.is_none_or(|before| text_of(before, "role") == "model")
        {
            return Err(Malformed::new(
                "Please ensure that function call turn comes immediately after a user turn or after a function \
                 response turn.",
            ));
        }
        let (calls, results) = (count(before, is_call), count(Some(content), is_response));
        if calls != results {
            return Err(Malformed::new(
                "Please ensure that the number of function response parts is equal to the number of function call \
                 parts of the function call turn.",
            ));
        }
    }
    if wants_signatures(model) {
        check_signatures(contents)?;
    }
    Ok(())
}

/// In the current turn, which begins with the last text of the user, the first call of every step must be signed.
fn check_signatures(contents: &[Value]) -> Result<(), Malformed> {
    let asks =
        |content: &Value| text_of(content, "role") != "model" && count(Some(content), is_response) == 0;
    let start = contents.iter().rposition(asks).unwrap_or_default();
    for (index, content) in contents.iter().enumerate().skip(start) {
        let Some(part) = list_of(content, "parts").iter().find(|part| is_call(part)) else {
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
