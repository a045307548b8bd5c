//! Reads chat requests as strictly as the real API where clients get it wrong: pairing of tool calls, roles.

use serde_json::Value;

use crate::ask::{Ask, JsonShape, Meter, Tool, ToolChoice, joined_text, limit_of, list_of, text_of};
use crate::problem::Malformed;

/// An image in high detail, 1024 by 1024 pixels: 765 tokens; in low detail 85 (OpenAI's guide to vision).
const IMAGE_TOKENS: u64 = 765;
const LOW_IMAGE_TOKENS: u64 = 85;
/// A file or an audio clip, for want of a better figure.
const FILE_TOKENS: u64 = 1_500;

/// Reads a chat request. `model` is its model without the behaviour.
pub(crate) fn read(body: &Value, model: &str) -> Result<Ask, Malformed> {
    let messages = messages(body)?;
    let mut ask = Ask {
        model: model.to_owned(),
        ..Ask::default()
    };
    let mut meter = Meter::default();
    let mut pending: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        check_pairing(message, &mut pending)?;
        read_message(message, index, &mut ask, &mut meter)?;
    }
    if !pending.is_empty() {
        return Err(unanswered(&pending));
    }
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    ask.include_usage = body
        .pointer("/stream_options/include_usage")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    ask.max_tokens = limit_of(body, "max_completion_tokens").or_else(|| limit_of(body, "max_tokens"));
    ask.tools = list_of(body, "tools")
        .iter()
        .filter_map(|tool| read_tool(tool, &mut meter))
        .collect();
    ask.choice = choice(body)?;
    ask.json = json_shape(body);
    ask.prompt_tokens = meter.total();
    Ok(ask)
}

fn messages(body: &Value) -> Result<&[Value], Malformed> {
    let missing = "missing_required_parameter";
    let messages = body
        .get("messages")
        .ok_or_else(|| Malformed::at("Missing required parameter: 'messages'.", "messages", missing))?;
    match messages.as_array() {
        Some(list) if list.is_empty() => {
            let message =
                "Invalid 'messages': expected an array with minimum length 1, but got an empty array.";
            Err(Malformed::at(message, "messages", "empty_array"))
        }
        Some(list) => Ok(list),
        None => Err(Malformed::at(
            "Invalid type for 'messages': expected an array.",
            "messages",
            "invalid_type",
        )),
    }
}

/// Every call must be answered by tool messages directly after it, and none may come unasked.
fn check_pairing<'a>(message: &'a Value, pending: &mut Vec<&'a str>) -> Result<(), Malformed> {
    if text_of(message, "role") == "tool" {
        let id = text_of(message, "tool_call_id");
        let found = pending.iter().position(|call| *call == id).ok_or_else(|| {
            let text = "Invalid parameter: messages with role 'tool' must be a response to a preceding message with \
                        'tool_calls'.";
            Malformed { param: Some("messages"), ..Malformed::new(text) }
        })?;
        pending.swap_remove(found);
        return Ok(());
    }
    if !pending.is_empty() {
        return Err(unanswered(pending));
    }
    pending.extend(
        list_of(message, "tool_calls")
            .iter()
            .map(|call| text_of(call, "id")),
    );
    Ok(())
}

fn unanswered(pending: &[&str]) -> Malformed {
    let text = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
         These have no response: {}",
        pending.join(", ")
    );
    Malformed {
        param: Some("messages"),
        ..Malformed::new(text)
    }
}

fn read_message(message: &Value, index: usize, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    meter.message();
    let role = text_of(message, "role");
    if !["system", "developer", "user", "assistant", "tool", "function"].contains(&role) {
        let text = format!("Invalid value: '{role}' at messages[{index}].role.");
        return Err(Malformed::at(text, "messages", "invalid_value"));
    }
    ask.after_tool = role == "tool" || role == "function";
    let content = message.get("content").unwrap_or(&Value::Null);
    match content.as_array() {
        Some(parts) => parts.iter().for_each(|part| read_part(part, meter)),
        None => meter.text(content.as_str().unwrap_or_default()),
    }
    for call in list_of(message, "tool_calls") {
        meter.json(call.get("function").unwrap_or(&Value::Null));
    }
    if role == "user" {
        ask.last_user_text = joined_text(content);
    }
    Ok(())
}

fn read_part(part: &Value, meter: &mut Meter) {
    match text_of(part, "type") {
        "image_url" => {
            let low = part.pointer("/image_url/detail").and_then(Value::as_str) == Some("low");
            meter.tokens(if low { LOW_IMAGE_TOKENS } else { IMAGE_TOKENS });
        }
        "text" | "refusal" => meter.text(text_of(part, text_of(part, "type"))),
        _ => meter.tokens(FILE_TOKENS),
    }
}

fn read_tool(tool: &Value, meter: &mut Meter) -> Option<Tool> {
    let function = tool.get("function")?;
    meter.json(function);
    let schema = function.get("parameters").cloned().unwrap_or_default();
    Some(Tool {
        name: text_of(function, "name").to_owned(),
        schema,
    })
}

fn choice(body: &Value) -> Result<ToolChoice, Malformed> {
    let Some(choice) = body.get("tool_choice").filter(|choice| !choice.is_null()) else {
        return Ok(ToolChoice::Auto);
    };
    match (
        choice.as_str(),
        choice.pointer("/function/name").and_then(Value::as_str),
    ) {
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("none"), _) => Ok(ToolChoice::Never),
        (Some("required"), _) => Ok(ToolChoice::Any),
        (None, Some(name)) => Ok(ToolChoice::Named(name.to_owned())),
        _ => Err(Malformed::at(
            format!("Invalid value: {choice}."),
            "tool_choice",
            "invalid_value",
        )),
    }
}

fn json_shape(body: &Value) -> Option<JsonShape> {
    let format = body.get("response_format")?;
    match text_of(format, "type") {
        "json_object" => Some(JsonShape::AnyObject),
        "json_schema" => format
            .pointer("/json_schema/schema")
            .cloned()
            .map(JsonShape::Schema),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(body: &Value) -> Ask {
        read(body, "m").expect("well-formed")
    }

    #[test]
    fn a_request_is_read() {
        let ask = ask(&json!({
            "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 9,
            "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello there"}],
        }));
        assert!(ask.stream && ask.include_usage);
        assert_eq!(
            (ask.max_tokens, ask.last_user_text.as_str(), ask.prompt_tokens),
            (Some(9), "hello there", 13)
        );
    }

    #[test]
    fn images_and_tools_count_as_input() {
        let plain =
            ask(&json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}));
        let image = |detail: &str| {
            let part = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": detail}});
            ask(&json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, part]}]}))
        };
        assert_eq!(image("auto").prompt_tokens, plain.prompt_tokens + IMAGE_TOKENS);
        assert_eq!(image("low").prompt_tokens, plain.prompt_tokens + LOW_IMAGE_TOKENS);
        let tool =
            json!({"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}});
        let tools = ask(&json!({"messages": [{"role": "user", "content": "hi"}], "tools": [tool]}));
        assert!(tools.prompt_tokens > plain.prompt_tokens);
        assert_eq!(tools.tools[0].name, "weather");
    }

    #[test]
    fn tool_choice_is_read() {
        let choice = |choice: Value| {
            read(
                &json!({"messages": [{"role": "user", "content": "x"}], "tool_choice": choice}),
                "m",
            )
            .map(|a| a.choice)
        };
        assert_eq!(choice(json!("auto")), Ok(ToolChoice::Auto));
        assert_eq!(choice(json!("none")), Ok(ToolChoice::Never));
        assert_eq!(choice(json!("required")), Ok(ToolChoice::Any));
        let named = json!({"type": "function", "function": {"name": "f"}});
        assert_eq!(choice(named), Ok(ToolChoice::Named("f".to_owned())));
        assert!(choice(json!("any")).is_err());
    }

    #[test]
    fn calls_and_results_must_pair() {
        let user = json!({"role": "user", "content": "x"});
        let call = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
        let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "1"});
        let with = |messages: &[Value]| read(&json!({"messages": messages}), "m");
        let both = with(&[user.clone(), call.clone(), result("b"), result("a")]).expect("paired");
        assert!(both.after_tool);
        assert!(with(&[user.clone(), call.clone(), result("a")]).is_err());
        assert!(with(&[user.clone(), call.clone(), result("a"), user.clone()]).is_err());
        assert!(with(&[user.clone(), result("a")]).is_err());
        assert!(with(&[user, call, result("a"), result("c")]).is_err());
    }

    #[test]
    fn malformed_requests_are_told_so() {
        for (body, code) in [
            (json!({"model": "m"}), "missing_required_parameter"),
            (json!({"messages": []}), "empty_array"),
            (json!({"messages": "hi"}), "invalid_type"),
            (
                json!({"messages": [{"role": "robot", "content": "x"}]}),
                "invalid_value",
            ),
        ] {
            assert_eq!(read(&body, "m").expect_err("malformed").code, Some(code));
        }
    }
}
