//! The input: a text, or items that must fit together.

use serde_json::Value;

use crate::ask::{Ask, Meter, joined_text, list_of, text_of};
use crate::problem::Malformed;

/// An image in high detail: 765 tokens (OpenAI's guide to vision). The same for files, for want of a better figure.
const MEDIA_TOKENS: u64 = 765;
/// Items that only count as input here. All but these and the four below are refused.
const OTHERS: [&str; 20] = [
    "item_reference",
    "web_search_call",
    "file_search_call",
    "computer_call",
    "computer_call_output",
    "image_generation_call",
    "code_interpreter_call",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "custom_tool_call",
    "custom_tool_call_output",
    "compaction",
];

fn wrong(text: impl Into<String>) -> Malformed {
    Malformed {
        param: Some("input"),
        ..Malformed::new(text)
    }
}

fn invalid(text: impl Into<String>) -> Malformed {
    Malformed::at(text, "input", "invalid_value")
}

/// Reads `input`. `stored`: what goes before it lies at the provider.
pub(crate) fn read(body: &Value, stored: bool, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    let items = match body.get("input") {
        Some(Value::String(text)) => {
            meter.message();
            meter.text(text);
            text.clone_into(&mut ask.last_user_text);
            return Ok(());
        }
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) if stored || body.get("prompt").is_some() => return Ok(()),
        None | Some(Value::Null) => {
            return Err(Malformed::at(
                "Missing required parameter: 'input'.",
                "input",
                "missing_required_parameter",
            ));
        }
        Some(_) => {
            let text = "Invalid type for 'input': expected one of a string or array of input items.";
            return Err(Malformed::at(text, "input", "invalid_type"));
        }
    };
    check_calls(items, stored)?;
    for (index, item) in items.iter().enumerate() {
        read_item(item, index, ask, meter)?;
        check_reasoning(item, items.get(index + 1))?;
    }
    Ok(())
}

/// The type; messages need not say theirs.
fn kind(item: &Value) -> &str {
    match text_of(item, "type") {
        "" if item.get("role").is_some() => "message",
        kind => kind,
    }
}

/// Every output must have its call before it, and every call its output after it.
fn check_calls(items: &[Value], stored: bool) -> Result<(), Malformed> {
    let mut pending: Vec<&str> = Vec::new();
    for item in items {
        let id = text_of(item, "call_id");
        match kind(item) {
            "function_call" => pending.push(id),
            "function_call_output" => match pending.iter().position(|call| *call == id) {
                Some(found) => {
                    pending.swap_remove(found);
                }
                None if stored => {}
                None => {
                    return Err(wrong(format!(
                        "No tool call found for function call output with call_id {id}."
                    )));
                }
            },
            _ => {}
        }
    }
    pending.first().map_or(Ok(()), |id| {
        Err(wrong(format!("No tool output found for function call {id}.")))
    })
}

/// Reasoning with an id must stay before what it led to; a message is known by its own id as that.
fn check_reasoning(item: &Value, next: Option<&Value>) -> Result<(), Malformed> {
    let id = text_of(item, "id");
    if kind(item) != "reasoning" || id.is_empty() {
        return Ok(());
    }
    let follows = next.is_some_and(|next| match kind(next) {
        "message" => text_of(next, "role") == "assistant" && !text_of(next, "id").is_empty(),
        "function_call_output" => false,
        _ => true,
    });
    if follows {
        return Ok(());
    }
    Err(wrong(format!(
        "Item '{id}' of type 'reasoning' was provided without its required following item."
    )))
}

fn read_item(item: &Value, index: usize, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    ask.after_tool = kind(item) == "function_call_output";
    match kind(item) {
        "message" => read_message(item, index, ask, meter),
        "function_call" => {
            for member in ["call_id", "name", "arguments"] {
                if item.get(member).and_then(Value::as_str).is_none() {
                    return Err(missing(index, member));
                }
            }
            meter.text(text_of(item, "name"));
            meter.text(text_of(item, "arguments"));
            Ok(())
        }
        "function_call_output" => match item.get("output") {
            Some(Value::String(text)) => {
                meter.text(text);
                Ok(())
            }
            Some(Value::Array(_)) => read_parts(item, "output", "user", index, meter),
            _ => Err(missing(index, "output")),
        },
        "reasoning" if item.get("summary").is_some_and(Value::is_array) => {
            for part in list_of(item, "summary") {
                meter.text(text_of(part, "text"));
            }
            Ok(())
        }
        "reasoning" => Err(missing(index, "summary")),
        other if OTHERS.contains(&other) => {
            meter.json(item);
            Ok(())
        }
        other => Err(invalid(format!(
            "Invalid value: '{other}' at input[{index}].type."
        ))),
    }
}

fn missing(index: usize, member: &str) -> Malformed {
    let text = format!("Missing required parameter: 'input[{index}].{member}'.");
    Malformed::at(text, "input", "missing_required_parameter")
}

fn read_message(item: &Value, index: usize, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    meter.message();
    let role = text_of(item, "role");
    if !["system", "developer", "user", "assistant"].contains(&role) {
        return Err(invalid(format!(
            "Invalid value: '{role}'. Supported values are: 'assistant', 'system', 'developer', and 'user'."
        )));
    }
    match item.get("content") {
        Some(Value::String(text)) => meter.text(text),
        Some(Value::Array(_)) => read_parts(item, "content", role, index, meter)?,
        _ => return Err(missing(index, "content")),
    }
    if role == "user" {
        ask.last_user_text = joined_text(item.get("content").unwrap_or(&Value::Null));
    }
    Ok(())
}

/// What the assistant said has other types than what it is told.
fn read_parts(
    item: &Value,
    member: &str,
    role: &str,
    index: usize,
    meter: &mut Meter,
) -> Result<(), Malformed> {
    let said = role == "assistant";
    for (place, part) in list_of(item, member).iter().enumerate() {
        match text_of(part, "type") {
            "output_text" if said => meter.text(text_of(part, "text")),
            "refusal" if said => meter.text(text_of(part, "refusal")),
            "input_text" if !said => meter.text(text_of(part, "text")),
            "input_image" | "input_file" | "input_audio" if !said => meter.tokens(MEDIA_TOKENS),
            other => {
                let known = if said {
                    "'output_text' and 'refusal'"
                } else {
                    "'input_text', 'input_image', and 'input_file'"
                };
                return Err(invalid(format!(
                    "Invalid value: '{other}' at input[{index}].{member}[{place}].type. Supported values are: {known}."
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(items: &Value) -> Result<Ask, Malformed> {
        let (mut ask, mut meter) = (Ask::default(), Meter::default());
        read(&json!({"input": items}), false, &mut ask, &mut meter)?;
        ask.prompt_tokens = meter.total();
        Ok(ask)
    }

    fn user() -> Value {
        json!({"role": "user", "content": [{"type": "input_text", "text": "hello"}]})
    }

    #[test]
    fn calls_and_outputs_must_pair() {
        let call = |id: &str| json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"});
        let output = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": "1"});
        let both = with(&json!([user(), call("a"), call("b"), output("b"), output("a")]));
        assert!(both.expect("paired").after_tool);
        assert!(with(&json!([user(), call("a"), call("b"), output("a")])).is_err());
        assert!(with(&json!([user(), output("a")])).is_err());
        assert!(with(&json!([user(), call("a"), output("a"), output("a")])).is_err());
        let (mut ask, mut meter) = (Ask::default(), Meter::default());
        let stored = read(&json!({"input": [output("a")]}), true, &mut ask, &mut meter);
        assert!(stored.is_ok() && ask.after_tool);
    }

    #[test]
    fn reasoning_stays_before_what_it_led_to() {
        let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": []});
        let mut said = json!({"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]});
        let without_id = json!({"type": "reasoning", "summary": []});
        assert!(with(&json!([user(), without_id, said, user()])).is_ok());
        assert!(with(&json!([user(), reasoning, said, user()])).is_err());
        said["id"] = json!("msg_1");
        assert!(with(&json!([user(), reasoning, said, user()])).is_ok());
        assert!(with(&json!([user(), reasoning, user()])).is_err());
        assert!(with(&json!([user(), reasoning])).is_err());
    }

    #[test]
    fn malformed_items_are_told_so() {
        assert_eq!(
            with(&json!([user()])).expect("well-formed").last_user_text,
            "hello"
        );
        for items in [
            json!(5),
            json!(null),
            json!([{"type": "message_", "role": "user", "content": "x"}]),
            json!([{"role": "tool", "content": "x"}]),
            json!([{"role": "user"}]),
            json!([{"role": "user", "content": [{"type": "text", "text": "x"}]}]),
            json!([{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]),
            json!([{"type": "function_call", "call_id": "a", "name": "f", "arguments": {}}]),
        ] {
            assert!(with(&items).is_err(), "{items}");
        }
    }
}
