//! Bedrock's Converse, streamed and not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Answer, count, list, text};
use crate::recordings::said::{Call, Choice, Said, Usage};

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        // Not streamed.
        for part in list(&document["output"]["message"]["content"]) {
            block(said.only(), part);
        }
        // Streamed: one of these members.
        let start = &document["contentBlockStart"];
        if start.is_object() {
            begin(said.only(), &start["start"], start["contentBlockIndex"].as_u64());
        }
        let piece = &document["contentBlockDelta"];
        if piece.is_object() {
            delta(said.only(), &piece["delta"], piece["contentBlockIndex"].as_u64());
        }
        for ending in [document, &document["messageStop"]] {
            if let Some(reason) = finish(text(&ending["stopReason"])) {
                said.only().finish = Some(reason);
                let hit = ending["additionalModelResponseFields"]["stop_sequence"].as_str();
                said.only().stop_sequence = hit.map(str::to_owned);
            }
        }
        for place in [document, &document["metadata"]] {
            if place["usage"].is_object() {
                said.usage = Some(usage(&place["usage"]));
            }
        }
    }
    said
}

/// Tools that Bedrock runs look like calls.
fn is_for_client(tool: &Value) -> bool {
    tool["type"] != "server_tool_use"
}

fn block(choice: &mut Choice, block: &Value) {
    let (thought, tool) = (&block["reasoningContent"], &block["toolUse"]);
    if let Some(piece) = block["text"].as_str() {
        choice.text.push_str(piece);
    } else if thought.is_object() {
        choice.reasoning.push_str(text(&thought["reasoningText"]["text"]));
        choice.prove(text(&thought["reasoningText"]["signature"]));
        choice.prove(&redacted(thought));
    } else if tool.is_object() && is_for_client(tool) {
        choice.calls.push(call(tool, None, tool["input"].to_string()));
    } else if block["citationsContent"].is_object() {
        for part in list(&block["citationsContent"]["content"]) {
            choice.text.push_str(text(&part["text"]));
        }
        list(&block["citationsContent"]["citations"]).for_each(|source| cite(choice, source));
    } else {
        choice.opaque += 1;
    }
}

/// Bytes, so in base64. Claude's are the text that Anthropic's own API has as `data` (itself in base64: `EtkE…` of
/// `RXRrR…`), and that is what a client can send on to Anthropic.
fn redacted(thought: &Value) -> String {
    let blob = text(&thought["redactedContent"]);
    let bytes = STANDARD.decode(blob).expect("base64");
    let plain = String::from_utf8(bytes).ok();
    let plain = plain.filter(|text| text.chars().all(|character| character.is_ascii_graphic()));
    plain.unwrap_or_else(|| blob.to_owned())
}

/// Only blocks of tools have a start.
fn begin(choice: &mut Choice, start: &Value, index: Option<u64>) {
    let tool = &start["toolUse"];
    if tool.is_object() && is_for_client(tool) {
        choice.calls.push(call(tool, index, String::new()));
    } else {
        choice.opaque += 1;
    }
}

fn delta(choice: &mut Choice, delta: &Value, index: Option<u64>) {
    choice.text.push_str(text(&delta["text"]));
    let thought = &delta["reasoningContent"];
    choice.reasoning.push_str(text(&thought["text"]));
    choice.prove(text(&thought["signature"]));
    choice.prove(&redacted(thought));
    cite(choice, &delta["citation"]);
    // Nothing where the block is a tool of Bedrock's own.
    if let Some(call) = choice.calls.iter_mut().find(|call| call.index == index) {
        call.arguments.push_str(text(&delta["toolUse"]["input"]));
    }
}

fn call(tool: &Value, index: Option<u64>, arguments: String) -> Call {
    Call {
        index,
        id: text(&tool["toolUseId"]).to_owned(),
        name: text(&tool["name"]).to_owned(),
        arguments,
    }
}

/// A page, or a place in a document that came with the request.
fn cite(choice: &mut Choice, source: &Value) {
    let web = &source["location"]["web"];
    choice.cite(text(&web["url"]), text(&source["title"]));
}

/// As at Anthropic, input does not count what the cache has to do with.
fn usage(usage: &Value) -> Usage {
    let cache_read = count(&usage["cacheReadInputTokens"]);
    let cache_write = count(&usage["cacheWriteInputTokens"]);
    Usage {
        input: count(&usage["inputTokens"]) + cache_read + cache_write,
        cache_read,
        cache_write,
        output: count(&usage["outputTokens"]),
        reasoning: 0,
    }
}

fn finish(reason: &str) -> Option<String> {
    let reason = match reason {
        "" => return None,
        "max_tokens" => "length",
        "tool_use" => "tool_calls",
        "guardrail_intervened" | "content_filtered" => "content_filter",
        "model_context_window_exceeded" => "context",
        // end_turn, stop_sequence; and malformed_model_output, malformed_tool_use: nobody else has words.
        _ => "stop",
    };
    Some(reason.to_owned())
}
