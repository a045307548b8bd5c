//! Reads requests as strictly as the real API where clients and translators get it wrong.

use serde_json::Value;

use crate::ask::{Ask, JsonShape, Meter, Tool, ToolChoice, limit_of, list_of, text_of};
use crate::problem::Malformed;

/// An image, a document or a video, for want of a better figure.
const MEDIA_TOKENS: u64 = 1_600;

/// Reads a request. `model` is its model without the behaviour; the path says whether the answer is a stream.
pub(crate) fn read(body: &Value, model: &str, path: &str) -> Result<Ask, Malformed> {
    let messages = list_of(body, "messages");
    let first = messages.first().ok_or_else(|| {
        Malformed::new(
            "A conversation must start with a user message. Try again with a conversation that has one.",
        )
    })?;
    if text_of(first, "role") != "user" {
        return Err(Malformed::new(
            "A conversation must start with a user message. Try again with a conversation that starts with a user \
             message.",
        ));
    }
    let mut ask = Ask {
        model: model.to_owned(),
        stream: path.ends_with("/converse-stream"),
        max_tokens: body
            .get("inferenceConfig")
            .and_then(|config| limit_of(config, "maxTokens")),
        ..Ask::default()
    };
    let mut meter = Meter::default();
    for block in list_of(body, "system") {
        meter.text(text_of(block, "text"));
    }
    let config = body.get("toolConfig").filter(|config| !config.is_null());
    let mut pending: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        check_pairing(message, index, &mut pending)?;
        read_message(message, index, config.is_some(), &mut ask, &mut meter)?;
    }
    if !pending.is_empty() {
        return Err(unanswered(messages.len(), &pending));
    }
    if let Some(config) = config {
        ask.tools = tools(config, &mut meter)?;
        ask.choice = choice(config)?;
    }
    ask.json = json_shape(body);
    ask.prompt_tokens = meter.total();
    Ok(ask)
}

/// The ids of the blocks of a kind.
fn ids<'a>(message: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a str> {
    list_of(message, "content")
        .iter()
        .filter_map(move |block| block.get(kind))
        .map(|block| text_of(block, "toolUseId"))
}

/// The message after a call must hold its results, and no other.
fn check_pairing<'a>(message: &'a Value, index: usize, pending: &mut Vec<&'a str>) -> Result<(), Malformed> {
    for id in ids(message, "toolResult") {
        let found = pending.iter().position(|call| *call == id).ok_or_else(|| {
            Malformed::new(format!(
                "The number of toolResult blocks at messages.{index}.content exceeds the number of toolUse blocks of \
                 previous turn."
            ))
        })?;
        pending.swap_remove(found);
    }
    if !pending.is_empty() {
        return Err(unanswered(index, pending));
    }
    pending.extend(ids(message, "toolUse"));
    Ok(())
}

fn unanswered(index: usize, pending: &[&str]) -> Malformed {
    Malformed::new(format!(
        "Expected toolResult blocks at messages.{index}.content for the following Ids: {}",
        pending.join(", ")
    ))
}

fn read_message(
    message: &Value,
    index: usize,
    tools: bool,
    ask: &mut Ask,
    meter: &mut Meter,
) -> Result<(), Malformed> {
    meter.message();
    let role = text_of(message, "role");
    if role != "user" && role != "assistant" {
        return Err(Malformed::new(format!(
            "Value '{role}' at 'messages.{index}.role' failed to satisfy constraint: Member must satisfy enum value \
             set: [user, assistant]"
        )));
    }
    let blocks = list_of(message, "content");
    if blocks.is_empty() {
        return Err(Malformed::new(format!(
            "The content field in the Message object at messages.{index} is empty. Add a ContentBlock object to the \
             content field and try again."
        )));
    }
    for (place, block) in blocks.iter().enumerate() {
        if block
            .get("text")
            .and_then(Value::as_str)
            .is_some_and(|text| text.trim().is_empty())
        {
            return Err(Malformed::new(format!(
                "The text field in the ContentBlock object at messages.{index}.content.{place} is blank. Add text to \
                 the text field, and try again."
            )));
        }
        if !tools && (block.get("toolUse").is_some() || block.get("toolResult").is_some()) {
            return Err(Malformed::new(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
            ));
        }
        read_block(block, meter);
    }
    ask.after_tool = blocks.iter().any(|block| block.get("toolResult").is_some());
    if role == "user" && blocks.iter().any(|block| block.get("text").is_some()) {
        ask.last_user_text = blocks.iter().map(|block| text_of(block, "text")).collect();
    }
    Ok(())
}

fn read_block(block: &Value, meter: &mut Meter) {
    meter.text(text_of(block, "text"));
    for kind in ["toolUse", "toolResult", "guardContent", "reasoningContent"] {
        if let Some(inner) = block.get(kind) {
            meter.json(inner);
        }
    }
    if ["image", "document", "video", "audio"]
        .iter()
        .any(|kind| block.get(*kind).is_some())
    {
        meter.tokens(MEDIA_TOKENS);
    }
}

fn tools(config: &Value, meter: &mut Meter) -> Result<Vec<Tool>, Malformed> {
    let list = list_of(config, "tools");
    if list.is_empty() {
        return Err(Malformed::new(
            "The toolConfig.tools field is empty. Add at least one tool and try again.",
        ));
    }
    let specs = list.iter().filter_map(|tool| tool.get("toolSpec"));
    let read = |spec: &Value| {
        meter.json(spec);
        let schema = spec.pointer("/inputSchema/json").cloned();
        let schema =
            schema.ok_or_else(|| Malformed::new("The toolSpec.inputSchema.json field is missing."))?;
        Ok(Tool {
            name: text_of(spec, "name").to_owned(),
            schema,
        })
    };
    specs.map(read).collect()
}

fn choice(config: &Value) -> Result<ToolChoice, Malformed> {
    let Some(choice) = config.get("toolChoice").filter(|choice| !choice.is_null()) else {
        return Ok(ToolChoice::Auto);
    };
    if choice.get("auto").is_some() {
        Ok(ToolChoice::Auto)
    } else if choice.get("any").is_some() {
        Ok(ToolChoice::Any)
    } else if let Some(tool) = choice.get("tool") {
        Ok(ToolChoice::Named(text_of(tool, "name").to_owned()))
    } else {
        Err(Malformed::new(
            "The toolChoice field must have one of auto, any or tool.",
        ))
    }
}

/// The schema is JSON inside a string.
fn json_shape(body: &Value) -> Option<JsonShape> {
    let schema = body
        .pointer("/outputConfig/textFormat/structure/jsonSchema/schema")?
        .as_str()?;
    serde_json::from_str(schema).ok().map(JsonShape::Schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(messages: &Value) -> Result<Ask, Malformed> {
        let tool = json!({"toolSpec": {"name": "f", "inputSchema": {"json": {}}}});
        read(
            &json!({"messages": messages, "toolConfig": {"tools": [tool]}}),
            "m",
            "/model/m/converse",
        )
    }

    fn user() -> Value {
        json!({"role": "user", "content": [{"text": "hello"}]})
    }

    #[test]
    fn calls_and_results_must_pair() {
        let block = |id: &str| json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}});
        let call = json!({"role": "assistant", "content": [block("a"), block("b")]});
        let result = |id: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": "1"}]}});
        let both = json!({"role": "user", "content": [result("b"), result("a")]});
        assert!(with(&json!([user(), call, both])).expect("paired").after_tool);
        let one = json!({"role": "user", "content": [result("a")]});
        assert!(with(&json!([user(), call, one])).is_err());
        assert!(with(&json!([user(), call])).is_err());
        assert!(with(&json!([one])).is_err());
        let no_tools = json!({"messages": [user(), call, both]});
        assert!(read(&no_tools, "m", "/model/m/converse").is_err());
    }

    #[test]
    fn tool_choice_is_read() {
        for (given, wanted) in [
            (json!(null), ToolChoice::Auto),
            (json!({"auto": {}}), ToolChoice::Auto),
            (json!({"any": {}}), ToolChoice::Any),
            (json!({"tool": {"name": "f"}}), ToolChoice::Named("f".to_owned())),
        ] {
            assert_eq!(choice(&json!({"toolChoice": given})), Ok(wanted));
        }
        assert!(choice(&json!({"toolChoice": {"none": {}}})).is_err());
    }

    #[test]
    fn malformed_requests_are_told_so() {
        assert_eq!(
            with(&json!([user()])).expect("well-formed").last_user_text,
            "hello"
        );
        for messages in [
            json!([]),
            json!([{"role": "assistant", "content": [{"text": "x"}]}]),
            json!([{"role": "system", "content": [{"text": "x"}]}]),
            json!([user(), {"role": "assistant", "content": []}]),
            json!([{"role": "user", "content": [{"text": " "}]}]),
            json!([{"role": "user", "content": "x"}]),
        ] {
            assert!(with(&messages).is_err(), "{messages}");
        }
    }
}
