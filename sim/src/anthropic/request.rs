//! Reads Messages requests as strictly as the real API where clients get it wrong: `max_tokens`, roles, pairing.

use serde_json::Value;

use crate::ask::{Ask, JsonShape, Meter, Tool, ToolChoice, joined_text, limit_of, list_of, text_of};
use crate::problem::Malformed;

/// An image of the largest size that is not scaled down: about 1,600 tokens (Anthropic's guide to vision).
const IMAGE_TOKENS: u64 = 1_600;
/// One page of a document, for want of a better figure.
const DOCUMENT_TOKENS: u64 = 1_500;

/// Reads a Messages request. `model` is its model without the behaviour.
pub(crate) fn read(body: &Value, model: &str) -> Result<Ask, Malformed> {
    let max_tokens =
        limit_of(body, "max_tokens").ok_or_else(|| Malformed::new("max_tokens: Field required"))?;
    Ok(Ask {
        max_tokens: Some(max_tokens),
        ..read_input(body, model)?
    })
}

/// Reads all that counts as input: `max_tokens` is not needed for that.
pub(crate) fn read_input(body: &Value, model: &str) -> Result<Ask, Malformed> {
    let messages = body.get("messages").and_then(Value::as_array);
    let messages = messages.ok_or_else(|| Malformed::new("messages: Field required"))?;
    if messages.is_empty() {
        return Err(Malformed::new("messages: at least one message is required"));
    }
    let mut ask = Ask {
        model: model.to_owned(),
        ..Ask::default()
    };
    let mut meter = Meter::default();
    meter.text(&joined_text(body.get("system").unwrap_or(&Value::Null)));
    let mut pending: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        check_pairing(message, index, &mut pending)?;
        read_message(message, index, &mut ask, &mut meter)?;
    }
    if let Some(id) = pending.first() {
        return Err(unanswered(messages.len() - 1, id));
    }
    ask.stream = body.get("stream").and_then(Value::as_bool).unwrap_or(false);
    ask.tools = list_of(body, "tools")
        .iter()
        .filter_map(|tool| read_tool(tool, &mut meter))
        .collect();
    ask.choice = choice(body)?;
    ask.json = json_shape(body);
    ask.prompt_tokens = meter.total();
    Ok(ask)
}

/// The message after a call must hold its results, and no other.
fn check_pairing<'a>(message: &'a Value, index: usize, pending: &mut Vec<&'a str>) -> Result<(), Malformed> {
    for block in list_of(message, "content")
        .iter()
        .filter(|block| text_of(block, "type") == "tool_result")
    {
        let id = text_of(block, "tool_use_id");
        let found = pending.iter().position(|call| *call == id).ok_or_else(|| {
            Malformed::new(format!(
                "messages.{index}.content: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                 `tool_result` block must have a corresponding `tool_use` block in the previous message."
            ))
        })?;
        pending.swap_remove(found);
    }
    if let Some(id) = pending.first() {
        return Err(unanswered(index.saturating_sub(1), id));
    }
    let calls = list_of(message, "content")
        .iter()
        .filter(|block| text_of(block, "type") == "tool_use");
    pending.extend(calls.map(|block| text_of(block, "id")));
    Ok(())
}

fn unanswered(index: usize, id: &str) -> Malformed {
    Malformed::new(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {id}."
    ))
}

fn read_message(message: &Value, index: usize, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    meter.message();
    let role = text_of(message, "role");
    if role != "user" && role != "assistant" {
        let hint =
            "allowed are \"user\" and \"assistant\"; a system prompt is the top-level `system` parameter";
        return Err(Malformed::new(format!(
            "messages.{index}.role: unexpected role \"{role}\"; {hint}."
        )));
    }
    let content = message.get("content").unwrap_or(&Value::Null);
    let Some(blocks) = content.as_array() else {
        let text = content.as_str();
        let text = text.ok_or_else(|| Malformed::new(format!("messages.{index}.content: Field required")))?;
        meter.text(text);
        ask.after_tool = false;
        if role == "user" {
            text.clone_into(&mut ask.last_user_text);
        }
        return Ok(());
    };
    for block in blocks {
        read_block(block, meter);
    }
    ask.after_tool = blocks.iter().any(|block| text_of(block, "type") == "tool_result");
    if role == "user" && blocks.iter().any(|block| text_of(block, "type") == "text") {
        ask.last_user_text = joined_text(content);
    }
    Ok(())
}

fn read_block(block: &Value, meter: &mut Meter) {
    match text_of(block, "type") {
        "text" => meter.text(text_of(block, "text")),
        "thinking" => meter.text(text_of(block, "thinking")),
        "image" => meter.tokens(IMAGE_TOKENS),
        "document" => meter.tokens(DOCUMENT_TOKENS),
        "tool_use" => meter.json(block.get("input").unwrap_or(&Value::Null)),
        "tool_result" => match block.get("content") {
            Some(Value::Array(parts)) => parts.iter().for_each(|part| read_block(part, meter)),
            Some(Value::String(text)) => meter.text(text),
            _ => {}
        },
        _ => meter.json(block),
    }
}

fn read_tool(tool: &Value, meter: &mut Meter) -> Option<Tool> {
    meter.json(tool);
    let schema = tool.get("input_schema")?.clone();
    Some(Tool {
        name: text_of(tool, "name").to_owned(),
        schema,
    })
}

fn choice(body: &Value) -> Result<ToolChoice, Malformed> {
    let Some(choice) = body.get("tool_choice").filter(|choice| !choice.is_null()) else {
        return Ok(ToolChoice::Auto);
    };
    match text_of(choice, "type") {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::Never),
        "any" => Ok(ToolChoice::Any),
        "tool" => Ok(ToolChoice::Named(text_of(choice, "name").to_owned())),
        other => Err(Malformed::new(format!(
            "tool_choice: input tag '{other}' found using 'type' is not known"
        ))),
    }
}

fn json_shape(body: &Value) -> Option<JsonShape> {
    let format = body
        .pointer("/output_config/format")
        .or_else(|| body.get("output_format"))?;
    format.get("schema").cloned().map(JsonShape::Schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(messages: &Value) -> Result<Ask, Malformed> {
        read(&json!({"max_tokens": 50, "messages": messages}), "m")
    }

    #[test]
    fn a_request_is_read() {
        let body = json!({
            "system": [{"type": "text", "text": "be kind!"}], "max_tokens": 9, "stream": true,
            "messages": [{"role": "user", "content": "hello there"}],
        });
        let ask = read(&body, "m").expect("well-formed");
        assert!(ask.stream && !ask.after_tool);
        assert_eq!(
            (ask.max_tokens, ask.last_user_text.as_str(), ask.prompt_tokens),
            (Some(9), "hello there", 9)
        );
    }

    #[test]
    fn images_count_as_input() {
        let image =
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
        let ask = with(&json!([{"role": "user", "content": [image, {"type": "text", "text": "what"}]}]));
        assert_eq!(ask.expect("well-formed").prompt_tokens, IMAGE_TOKENS + 5);
    }

    #[test]
    fn calls_and_results_must_pair() {
        let user = json!({"role": "user", "content": "x"});
        let call = json!({"role": "assistant", "content": [
            {"type": "tool_use", "id": "a", "name": "f", "input": {}},
            {"type": "tool_use", "id": "b", "name": "f", "input": {}}]});
        let block = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "1"});
        let both = json!({"role": "user", "content": [block("b"), block("a")]});
        assert!(with(&json!([user, call, both])).expect("paired").after_tool);
        let one = json!({"role": "user", "content": [block("a")]});
        assert!(with(&json!([user, call, one])).is_err());
        assert!(with(&json!([user, call])).is_err());
        assert!(with(&json!([one])).is_err());
        assert!(with(&json!([user, call, both, one])).is_err());
    }

    #[test]
    fn tool_choice_is_read() {
        for (choice, wanted) in [
            (json!({"type": "any"}), ToolChoice::Any),
            (json!({"type": "none"}), ToolChoice::Never),
            (
                json!({"type": "tool", "name": "f"}),
                ToolChoice::Named("f".to_owned()),
            ),
        ] {
            let body = json!({"max_tokens": 5, "tool_choice": choice, "messages": [{"role": "user", "content": "x"}]});
            assert_eq!(read(&body, "m").expect("well-formed").choice, wanted);
        }
    }

    #[test]
    fn malformed_requests_are_told_so() {
        for body in [
            json!({"max_tokens": 5}),
            json!({"max_tokens": 5, "messages": []}),
            json!({"messages": [{"role": "user", "content": "x"}]}),
            json!({"max_tokens": 5, "messages": [{"role": "system", "content": "x"}]}),
            json!({"max_tokens": 5, "messages": [{"role": "user"}]}),
        ] {
            assert!(read(&body, "m").is_err(), "{body}");
        }
    }
}
