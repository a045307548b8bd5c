//! Anthropic Messages.

use serde_json::Value;

use super::{Answer, list, text};
use crate::recordings::said::{Call, Choice, Said, Usage};

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        let index = document["index"].as_u64();
        match text(&document["type"]) {
            "message" => {
                head(&mut said, document);
                for part in list(&document["content"]) {
                    block(said.only(), part, None);
                }
                end(said.only(), document);
            }
            "message_start" => head(&mut said, &document["message"]),
            "content_block_start" => block(said.only(), &document["content_block"], index),
            "content_block_delta" => delta(said.only(), &document["delta"], index),
            "message_delta" => {
                end(said.only(), &document["delta"]);
                usage(&mut said, &document["usage"]);
            }
            _ => {}
        }
    }
    said
}

fn head(said: &mut Said, message: &Value) {
    text(&message["model"]).clone_into(&mut said.model);
    usage(said, &message["usage"]);
}

/// Cumulative: a later one changes what it names. Input does not count what the cache has to do with.
fn usage(said: &mut Said, usage: &Value) {
    if !usage.is_object() {
        return;
    }
    let mut known = said.usage.unwrap_or_default();
    let told = |name: &str, known: u64| usage[name].as_u64().unwrap_or(known);
    let fresh = told("input_tokens", known.input - known.cache_read - known.cache_write);
    known.cache_read = told("cache_read_input_tokens", known.cache_read);
    known.cache_write = told("cache_creation_input_tokens", known.cache_write);
    known.input = fresh + known.cache_read + known.cache_write;
    known.output = told("output_tokens", known.output);
    known.reasoning = usage["output_tokens_details"]["thinking_tokens"]
        .as_u64()
        .unwrap_or(known.reasoning);
    add_up(&mut known, usage);
    said.usage = Some(known);
}

/// Where the runs of the model are told one by one, the members beside them leave out the compaction of the prompt:
/// Anthropic's page on compaction says that the bill is the sum. An advisor, another model, is not among them.
fn add_up(known: &mut Usage, usage: &Value) {
    let runs = || list(&usage["iterations"]).filter(|run| run["model"].is_null());
    if runs().all(|run| run["type"] != "compaction") {
        return;
    }
    let sum = |name: &str| runs().map(|run| run[name].as_u64().unwrap_or(0)).sum::<u64>();
    known.cache_read = sum("cache_read_input_tokens");
    known.cache_write = sum("cache_creation_input_tokens");
    known.input = sum("input_tokens") + known.cache_read + known.cache_write;
    known.output = sum("output_tokens");
}

fn block(choice: &mut Choice, block: &Value, index: Option<u64>) {
    match text(&block["type"]) {
        "text" => {
            choice.text.push_str(text(&block["text"]));
            list(&block["citations"]).for_each(|source| cite(choice, source));
        }
        "thinking" => {
            choice.reasoning.push_str(text(&block["thinking"]));
            choice.prove(text(&block["signature"]));
        }
        "redacted_thinking" => choice.prove(text(&block["data"])),
        "tool_use" => {
            let input = block["input"].to_string();
            choice.calls.push(Call {
                index,
                id: text(&block["id"]).to_owned(),
                name: text(&block["name"]).to_owned(),
                arguments: if input == "{}" { String::new() } else { input },
            });
        }
        _ => choice.opaque += 1,
    }
}

fn delta(choice: &mut Choice, delta: &Value, index: Option<u64>) {
    choice.text.push_str(text(&delta["text"]));
    choice.reasoning.push_str(text(&delta["thinking"]));
    choice.prove(text(&delta["signature"]));
    cite(choice, &delta["citation"]);
    if let Some(call) = choice.calls.iter_mut().find(|call| call.index == index) {
        call.arguments.push_str(text(&delta["partial_json"]));
    }
}

/// A page, or a place in a document that came with the request.
fn cite(choice: &mut Choice, source: &Value) {
    let titles = [&source["title"], &source["document_title"]];
    let title = titles.into_iter().find_map(Value::as_str);
    // Search results that the client gave name their source, often by its address.
    let named = text(&source["source"]);
    let url = if named.starts_with("http") {
        named
    } else {
        text(&source["url"])
    };
    choice.cite(url, title.unwrap_or_default());
}

fn end(choice: &mut Choice, ending: &Value) {
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
