//! What a client's stream says, as one document of the same API.

use serde_json::{Value, json};
use wayleave_core::format::WireFormat;

/// Puts a stream of server-sent events together.
pub(crate) fn folded(format: WireFormat, stream: &str) -> Value {
    let events = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str::<Value>(data).expect("an event is JSON"));
    let mut whole = json!({});
    for event in events {
        match format {
            WireFormat::OpenAIChat | WireFormat::OpenAICompletions => chunk(&mut whole, event),
            WireFormat::AnthropicMessages => block(&mut whole, &event),
            WireFormat::GeminiGenerate => candidates(&mut whole, &event),
            WireFormat::OpenAIResponses => {
                if let Some(response) = event.get("response") {
                    whole = response.clone();
                }
            }
            WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens | WireFormat::BedrockConverse => {}
        }
    }
    whole
}

fn chunk(whole: &mut Value, mut event: Value) {
    let choices = event["choices"].take();
    for choice in choices.as_array().into_iter().flatten() {
        let mut choice = choice.clone();
        if let Some(delta) = choice.as_object_mut().and_then(|members| members.remove("delta")) {
            choice["message"] = delta;
        }
        add(&mut whole["choices"], json!([choice]));
    }
    for (name, value) in event.as_object().cloned().unwrap_or_default() {
        if !value.is_null() {
            whole[name] = value;
        }
    }
}

/// Members whose pieces are not added up.
const WHOLE: [&str; 6] = ["id", "type", "role", "name", "format", "finish_reason"];

/// Text grows, lists are put together by `index`, all else is the last.
fn add(known: &mut Value, piece: Value) {
    match (known, piece) {
        (_, Value::Null) => {}
        (Value::Object(known), Value::Object(piece)) => {
            for (name, value) in piece {
                match known.get_mut(&name) {
                    Some(before) if !WHOLE.contains(&name.as_str()) => add(before, value),
                    _ => {
                        if !value.is_null() {
                            known.insert(name, value);
                        }
                    }
                }
            }
        }
        (Value::Array(known), Value::Array(pieces)) => {
            for piece in pieces {
                let same = |item: &&mut Value| item["index"].is_u64() && item["index"] == piece["index"];
                match known.iter_mut().find(same) {
                    Some(item) => add(item, piece),
                    None => known.push(piece),
                }
            }
        }
        (Value::String(known), Value::String(piece)) => known.push_str(&piece),
        (known, piece) => *known = piece,
    }
}

fn block(whole: &mut Value, event: &Value) {
    match event["type"].as_str() {
        Some("message_start") => *whole = event["message"].clone(),
        Some("content_block_start") => {
            let mut block = event["content_block"].clone();
            if block["type"] == "tool_use" {
                block["json"] = json!("");
            }
            whole["content"].as_array_mut().expect("a list").push(block);
        }
        Some("content_block_delta") => {
            let blocks = whole["content"].as_array_mut().expect("a list");
            let block = blocks.last_mut().expect("a block that began");
            let delta = &event["delta"];
            if let Some(citation) = delta.get("citation") {
                add(&mut block["citations"], json!([citation]));
            }
            for (from, to) in [
                ("text", "text"),
                ("thinking", "thinking"),
                ("signature", "signature"),
                ("partial_json", "json"),
            ] {
                if let Some(piece) = delta.get(from) {
                    add(&mut block[to], piece.clone());
                }
            }
        }
        Some("content_block_stop") => {
            let block = whole["content"]
                .as_array_mut()
                .and_then(|blocks| blocks.last_mut());
            let block = block.expect("a block that began");
            if let Some(json) = block.get("json").and_then(Value::as_str) {
                let json = if json.is_empty() { "{}" } else { json };
                block["input"] = serde_json::from_str(json).expect("an input is JSON");
            }
        }
        Some("message_delta") => {
            for (name, value) in event["delta"].as_object().expect("an object") {
                whole[name] = value.clone();
            }
            whole["usage"] = event["usage"].clone();
        }
        _ => {}
    }
}

fn candidates(whole: &mut Value, event: &Value) {
    for (name, value) in event.as_object().cloned().unwrap_or_default() {
        if name != "candidates" {
            whole[name] = value;
            continue;
        }
        for mut candidate in value.as_array().cloned().unwrap_or_default() {
            // Gemini leaves out a 0.
            if candidate["index"].is_null() {
                candidate["index"] = json!(0);
            }
            let parts = candidate["content"]["parts"].take();
            add(&mut whole["candidates"], json!([candidate]));
            let known = whole["candidates"].as_array_mut().expect("a list");
            let known = known
                .iter_mut()
                .find(|known| known["index"] == candidate["index"]);
            add(&mut known.expect("just added")["content"]["parts"], parts);
        }
    }
}
