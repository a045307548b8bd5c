//! Reads answers by walking plain JSON: slow, simple, and independent of the code under test.

use serde_json::Value;
use wayleave_core::format::{Framing, WireFormat};

use crate::said::{Call, Choice, Said, Usage, arguments};

/// Reads an answer. `provider` names the conventions of its usage.
pub(crate) fn read(format: WireFormat, framing: Framing, body: &[u8], provider: &str) -> Said {
    let body = std::str::from_utf8(body).expect("UTF-8");
    let documents = match framing {
        Framing::Whole => {
            vec![serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body:?}"))]
        }
        Framing::Sse => frames(body),
        Framing::JsonArray | Framing::EventStream => unreachable!("no framing of these formats"),
    };
    let mut said = Said::default();
    for document in &documents {
        said.error |= !document["error"].is_null();
        match format {
            WireFormat::OpenAIChat => openai(&mut said, document, framing, provider),
            WireFormat::AnthropicMessages => anthropic(&mut said, document),
            other => unreachable!("not read here: {other:?}"),
        }
    }
    let finished = said.choices.values().all(|choice| choice.finish.is_some()) && !said.choices.is_empty();
    let done = body.lines().any(|line| line.trim() == "data: [DONE]");
    said.ended = done || finished && !said.error;
    if provider == "us" {
        assert_eq!(
            done,
            format == WireFormat::OpenAIChat && framing == Framing::Sse,
            "the end is told once: {body}"
        );
    }
    for choice in said.choices.values_mut() {
        derive_finish(choice);
        if provider == "us" {
            assert!(
                choice.calls.iter().all(|call| !call.id.is_empty()),
                "every call has an id"
            );
        }
        for call in choice.calls.iter_mut().filter(|_| provider == "us") {
            call.index = None;
            call.arguments = arguments(&call.arguments);
            if let Some("call_") = call.id.get(..5).filter(|_| call.id.len() == 21) {
                call.id = String::from("made up");
            }
        }
    }
    said
}

fn frames(body: &str) -> Vec<Value> {
    let data = body
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(str::trim);
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect(data))
        .collect()
}

/// A stream without the frames that tell usage beside an empty list of choices.
pub(crate) fn without_usage_chunks(body: &[u8]) -> String {
    let body = std::str::from_utf8(body).expect("UTF-8");
    let tells_usage = |frame: &&str| {
        let data = frame
            .lines()
            .find_map(|line| line.strip_prefix("data:"))
            .unwrap_or_default();
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        data["usage"].is_object() && data["choices"].as_array().is_some_and(Vec::is_empty)
    };
    body.split_inclusive("\n\n")
        .filter(|frame| !tells_usage(frame))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn derive_finish(choice: &mut Choice) {
    if choice.finish.as_deref() == Some("stop") && !choice.calls.is_empty() {
        choice.finish = Some(String::from("tool_calls"));
    }
    if choice.finish.as_deref() == Some("stop") && !choice.refusal.is_empty() {
        choice.finish = Some(String::from("refusal"));
    }
}

fn openai(said: &mut Said, document: &Value, framing: Framing, provider: &str) {
    if said.model.is_empty() {
        said.model = text(&document["model"]).to_owned();
    }
    let usage = if document["usage"].is_null() {
        &document["x_groq"]["usage"]
    } else {
        &document["usage"]
    };
    if usage.is_object() {
        said.usage = Some(openai_usage(usage, provider));
    }
    for choice in document["choices"].as_array().into_iter().flatten() {
        let known = said.choices.entry(count(&choice["index"])).or_default();
        let whole = framing == Framing::Whole;
        openai_content(
            known,
            if whole {
                &choice["message"]
            } else {
                &choice["delta"]
            },
            whole,
        );
        if known.finish.is_none() && !choice["finish_reason"].is_null() {
            known.finish = Some(match text(&choice["finish_reason"]) {
                "eos" => String::from("stop"),
                "function_call" => String::from("tool_calls"),
                other => other.to_owned(),
            });
        }
    }
}

fn openai_usage(usage: &Value, provider: &str) -> Usage {
    let (input, told) = (count(&usage["prompt_tokens"]), count(&usage["completion_tokens"]));
    let reasoning = count(&usage["completion_tokens_details"]["reasoning_tokens"]);
    let output = match provider {
        "xai" => told + reasoning,
        "gemini" => count(&usage["total_tokens"]) - input,
        _ => told,
    };
    let details = &usage["prompt_tokens_details"];
    let cached = [
        &details["cached_tokens"],
        &usage["prompt_cache_hit_tokens"],
        &usage["num_cached_tokens"],
    ];
    let cache_read = cached.into_iter().map(count).max().unwrap_or(0).min(input);
    let reasoning = if provider == "gemini" {
        output - told
    } else {
        reasoning.min(output)
    };
    Usage {
        input,
        cache_read,
        cache_write: count(&details["cache_write_tokens"]),
        output,
        reasoning,
    }
}

fn openai_content(choice: &mut Choice, content: &Value, whole: bool) {
    match &content["content"] {
        Value::String(text) => choice.text.push_str(text),
        Value::Array(parts) => {
            for part in parts {
                choice.text.push_str(text(&part["text"]));
                for thought in part["thinking"].as_array().into_iter().flatten() {
                    choice.reasoning.push_str(text(&thought["text"]));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {}
    }
    let plain = ["reasoning", "reasoning_content"].map(|name| text(&content[name]));
    let plain = plain.into_iter().find(|text| !text.is_empty());
    choice.reasoning.push_str(plain.unwrap_or_default());
    for detail in content["reasoning_details"].as_array().into_iter().flatten() {
        if plain.is_none() {
            choice.reasoning.push_str(text(&detail["text"]));
            choice.reasoning.push_str(text(&detail["summary"]));
        }
        let proof = ["signature", "data"].map(|name| text(&detail[name])).concat();
        choice.signatures.extend((!proof.is_empty()).then_some(proof));
    }
    choice.refusal.push_str(text(&content["refusal"]));
    for call in content["tool_calls"].as_array().into_iter().flatten() {
        openai_call(choice, call, whole);
    }
    if content["function_call"].is_object() {
        openai_call(
            choice,
            &serde_json::json!({"function": content["function_call"]}),
            whole,
        );
    }
}

fn openai_call(choice: &mut Choice, piece: &Value, whole: bool) {
    let (index, id) = (piece["index"].as_u64(), text(&piece["id"]));
    let goes_on = |call: &&mut Call| !whole && call.index == index && (id.is_empty() || call.id == id);
    let known = choice.calls.iter_mut().rev().find(goes_on);
    // Groq's word for none.
    let arguments = Some(text(&piece["function"]["arguments"]))
        .filter(|text| *text != "null")
        .unwrap_or_default();
    if let Some(call) = known {
        call.arguments.push_str(arguments);
        return;
    }
    let name = text(&piece["function"]["name"]).to_owned();
    choice.calls.push(Call {
        index,
        id: id.to_owned(),
        name,
        arguments: arguments.to_owned(),
    });
}

fn anthropic(said: &mut Said, document: &Value) {
    match text(&document["type"]) {
        "message" => {
            anthropic_head(said, document);
            let choice = said.choices.entry(0).or_default();
            for block in document["content"].as_array().into_iter().flatten() {
                anthropic_block(choice, block, None);
            }
            anthropic_end(choice, document);
        }
        "message_start" => anthropic_head(said, &document["message"]),
        "content_block_start" => {
            let choice = said.choices.entry(0).or_default();
            anthropic_block(choice, &document["content_block"], document["index"].as_u64());
        }
        "content_block_delta" => {
            let choice = said.choices.entry(0).or_default();
            anthropic_delta(choice, &document["delta"], document["index"].as_u64());
        }
        "message_delta" => {
            anthropic_end(said.choices.entry(0).or_default(), &document["delta"]);
            anthropic_usage(said, &document["usage"]);
        }
        _ => {}
    }
}

fn anthropic_head(said: &mut Said, message: &Value) {
    said.model = text(&message["model"]).to_owned();
    anthropic_usage(said, &message["usage"]);
}

fn anthropic_usage(said: &mut Said, usage: &Value) {
    if !usage.is_object() {
        return;
    }
    let mut known = said.usage.unwrap_or_default();
    let fresh = usage["input_tokens"]
        .as_u64()
        .unwrap_or(known.input - known.cache_read - known.cache_write);
    known.cache_read = usage["cache_read_input_tokens"]
        .as_u64()
        .unwrap_or(known.cache_read);
    known.cache_write = usage["cache_creation_input_tokens"]
        .as_u64()
        .unwrap_or(known.cache_write);
    known.input = fresh + known.cache_read + known.cache_write;
    known.output = usage["output_tokens"].as_u64().unwrap_or(known.output);
    known.reasoning = usage["output_tokens_details"]["thinking_tokens"]
        .as_u64()
        .unwrap_or(known.reasoning);
    said.usage = Some(known);
}

fn anthropic_block(choice: &mut Choice, block: &Value, index: Option<u64>) {
    match text(&block["type"]) {
        "text" => choice.text.push_str(text(&block["text"])),
        "thinking" => {
            choice.reasoning.push_str(text(&block["thinking"]));
            let signature = text(&block["signature"]);
            choice
                .signatures
                .extend((!signature.is_empty()).then(|| signature.to_owned()));
        }
        "redacted_thinking" => choice.signatures.push(text(&block["data"]).to_owned()),
        "tool_use" => {
            let input = block["input"].to_string();
            let arguments = if input == "{}" { String::new() } else { input };
            let (id, name) = (text(&block["id"]).to_owned(), text(&block["name"]).to_owned());
            choice.calls.push(Call {
                index,
                id,
                name,
                arguments,
            });
        }
        _ => {}
    }
}

fn anthropic_delta(choice: &mut Choice, delta: &Value, index: Option<u64>) {
    choice.text.push_str(text(&delta["text"]));
    choice.reasoning.push_str(text(&delta["thinking"]));
    choice.signatures.extend(
        delta["signature"]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
    );
    if let Some(call) = choice.calls.iter_mut().find(|call| call.index == index) {
        call.arguments.push_str(text(&delta["partial_json"]));
    }
}

fn anthropic_end(choice: &mut Choice, ending: &Value) {
    let reason = match text(&ending["stop_reason"]) {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" => "length",
        "tool_use" => "tool_calls",
        "pause_turn" => "pause",
        "model_context_window_exceeded" => "context",
        "" => return,
        other => other,
    };
    choice.finish = Some(reason.to_owned());
    choice.stop_sequence = ending["stop_sequence"].as_str().map(str::to_owned);
}

/// The message of a provider's error, in any of the forms of the recorded ones.
pub(crate) fn error_message(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let places = [
        &body["error"]["message"],
        &body["error"],
        &body["detail"],
        &body["message"],
    ];
    places
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
