//! What a recording says of itself, compared with what the oracle read in it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::recordings::api::{Api, Frames};
use crate::recordings::exchange::Exchange;
use crate::recordings::frames;
use crate::recordings::said::{Choice, Said};

/// Everything about an exchange that the oracle may have read wrong.
pub(crate) fn doubts(exchange: &Exchange, said: &Said) -> Vec<String> {
    let mut doubts = Vec::new();
    for (label, told, read) in both_ways(exchange, said) {
        if told != read {
            let wrong = if read {
                "read, but not told"
            } else {
                "told, but not read"
            };
            doubts.push(format!("{label} is {wrong}"));
        }
    }
    for label in &exchange.features {
        if holds(label, exchange, said) == Some(false) {
            doubts.push(format!("{label} is told, but not read"));
        }
    }
    doubts.extend(says_nothing(exchange, said));
    doubts.extend(ends_wrong(exchange, said));
    doubts.extend(adds_up_wrong(exchange, said));
    doubts
}

fn any(said: &Said, holds: impl Fn(&Choice) -> bool) -> bool {
    said.choices.values().any(holds)
}

/// The labels that are there exactly where the oracle reads what they mean: each with whether it is told, and read. Where
/// the labels are known to say less than there is, or more, the comment says so.
fn both_ways(exchange: &Exchange, said: &Said) -> Vec<(&'static str, bool, bool)> {
    let shows = |label| exchange.shows(label);
    let calls = || said.choices.values().flat_map(|choice| &choice.calls);
    let slots = calls().enumerate();
    // Cerebras sent two answers in one stream: two calls at one index are told as one.
    let slots: BTreeSet<_> = slots
        .map(|(place, call)| call.index.map_or((1, place as u64), |it| (0, it)))
        .collect();
    // Tools that Bedrock runs are told as calls. A client must not answer them.
    let bedrock = exchange.api() == Api::BedrockConverse;
    let served = shows("tool_call") && bedrock && any(said, |choice| choice.opaque > 0);
    // Vertex says of a blocked prompt only which kind of traffic it was.
    let uncounted = shows("prompt_blocked") && said.usage.is_none();
    // The answer is a second request; what the first, the compaction, read from the cache is not part of its usage.
    let compacted = shows("usage:cache_read") && shows("block:compaction");
    // What few call it is not known to the labels: Mistral, Anthropic, Gemini's OpenAI dialect.
    let own_word = |usage: u64, provider: &str| usage > 0 && exchange.provider == provider;
    let usage = said.usage.unwrap_or_default();
    let (cached, thought) = (usage.cache_read, usage.reasoning);
    vec![
        (
            "tool_call",
            shows("tool_call") || shows("legacy_function_call"),
            calls().count() > 0 || served,
        ),
        (
            "parallel_tool_calls",
            shows("parallel_tool_calls"),
            slots.len() > 1,
        ),
        (
            "refusal",
            shows("refusal"),
            any(said, |choice| !choice.refusal.is_empty()),
        ),
        (
            "usage",
            shows("usage") || shows("x_groq.usage"),
            said.usage.is_some() || uncounted,
        ),
        (
            "usage:cache_read",
            shows("usage:cache_read") || own_word(cached, "mistral"),
            cached > 0 || compacted,
        ),
        (
            "usage:cache_write",
            shows("usage:cache_write"),
            usage.cache_write > 0,
        ),
        (
            "usage:reasoning",
            shows("usage:reasoning") || own_word(thought, "anthropic") || own_word(thought, "gemini"),
            thought > 0,
        ),
        ("error_in_stream", shows("error_in_stream"), said.error),
    ]
}

/// Whether what the label says was read; `None`: the oracle does not read it, or it is one of [`both_ways`].
fn holds(label: &str, exchange: &Exchange, said: &Said) -> Option<bool> {
    // Converse does not say which one.
    if label == "finish:stop_sequence" && exchange.api() == Api::AnthropicMessages {
        return Some(any(said, |choice| choice.stop_sequence.is_some()));
    }
    if let Some(reason) = label.strip_prefix("finish:") {
        return Some(finished(reason, said));
    }
    let proven = || any(said, |choice| !choice.signatures.is_empty());
    let reasoned = || any(said, |choice| !choice.reasoning.is_empty());
    let tagged = || any(said, |choice| choice.text.contains("<think>"));
    let body = || String::from_utf8_lossy(&exchange.body);
    Some(match label {
        // Gemini's means text. OpenAI also sends reasoning that has neither text nor proof.
        "reasoning_out" if exchange.api() == Api::GeminiGenerate => reasoned(),
        "reasoning_out" => {
            let empty = exchange.api() == Api::OpenAIResponses && any(said, |choice| choice.opaque > 0);
            reasoned() || proven() || empty || tagged()
        }
        "reasoning_field:<think>" => tagged(),
        "reasoning_field:reasoning_details" => reasoned() || proven(),
        "reasoning_summary"
        | "reasoning_text"
        | "reasoning_field:reasoning"
        | "reasoning_field:reasoning_content"
        | "reasoning_field:content.thinking" => reasoned(),
        "thinking_signature" | "encrypted_reasoning" | "redacted_thinking" => proven(),
        "text_and_tool_call" => any(said, |choice| !choice.text.is_empty() && !choice.calls.is_empty()),
        "citations" | "grounding" => any(said, |choice| !choice.citations.is_empty()),
        "server_tool_out" | "audio_out" => any(said, |choice| choice.opaque > 0),
        "incomplete:max_output_tokens" => finished("length", said),
        "status:completed" | "ends:response.completed" => finished("stop", said),
        "prompt_blocked" => finished("content_filter", said),
        "embedding:many" => said.choices.len() > 1,
        "aws_eventstream" => exchange.frames == Frames::EventStream,
        "json_array_body" => exchange.frames == Frames::JsonArray,
        "stream" => exchange.is_stream(),
        "sse:crlf" => body().contains("\r\n"),
        "sse:[DONE]" => said.ended,
        _ => return None,
    })
}

/// Whether a choice finished for the reason that a provider words so.
fn finished(reason: &str, said: &Said) -> bool {
    let expected: &[&str] = match reason {
        "stop" | "STOP" | "1" | "eos" => &["stop", "tool_calls", "refusal"],
        // Never with calls to answer: tools that ran already are none.
        "end_turn" | "stop_sequence" => &["stop"],
        "length" | "MAX_TOKENS" | "2" | "max_tokens" => &["length"],
        "tool_calls" | "tool_use" | "function_call" => &["tool_calls"],
        "content_filter" | "content_filtered" | "guardrail_intervened" => &["content_filter"],
        "SAFETY" | "3" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" => {
            &["content_filter"]
        }
        "pause_turn" => &["pause"],
        "refusal" => &["refusal"],
        "model_context_window_exceeded" => &["context"],
        // A word that nobody else has: some reason or other.
        _ => return any(said, |choice| choice.finish.is_some()),
    };
    any(said, |choice| {
        choice
            .finish
            .as_deref()
            .is_some_and(|finish| expected.contains(&finish))
    })
}

/// Nothing at all, for no reason that would explain it.
fn says_nothing(exchange: &Exchange, said: &Said) -> Option<String> {
    let content = any(said, |choice| {
        let texts = [&choice.text, &choice.reasoning, &choice.refusal];
        texts.iter().any(|text| !text.is_empty())
            || !choice.calls.is_empty()
            || !choice.signatures.is_empty()
            || choice.opaque > 0
    });
    let withheld = any(said, |choice| {
        matches!(choice.finish.as_deref(), Some("content_filter" | "length"))
    });
    // A model that may not call the tool that it wants to call can say nothing.
    let known = ["status:queued", "rq:tool_choice:none"];
    let explained = content || withheld || said.error || known.iter().any(|label| exchange.shows(label));
    (!explained).then(|| String::from("says nothing"))
}

fn ends_wrong(exchange: &Exchange, said: &Said) -> Option<String> {
    // OpenRouter says that a stream is over that it broke off.
    let ends = !said.error || exchange.shows("sse:[DONE]");
    let ends = ends && !exchange.shows("status:queued");
    (said.ended != ends).then(|| format!("ended is {}", said.ended))
}

/// The provider's own total has to be input and output as the oracle understands them.
fn adds_up_wrong(exchange: &Exchange, said: &Said) -> Option<String> {
    let usage = said.usage?;
    let documents = frames::documents(exchange.frames, &exchange.body);
    let mut totals = Vec::new();
    for document in &documents {
        find_totals(document, &mut totals);
    }
    let total = totals.last()?;
    let parts =
        usage.cache_read.saturating_add(usage.cache_write) <= usage.input && usage.reasoning <= usage.output;
    (usage.input + usage.output != *total || !parts).then(|| format!("a total of {total}, but {usage:?}"))
}

fn find_totals(value: &Value, totals: &mut Vec<u64>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "usage" | "usageMetadata") {
            let names = ["total_tokens", "totalTokens", "totalTokenCount"];
            totals.extend(names.iter().find_map(|name| member[name].as_u64()));
        } else {
            find_totals(member, totals);
        }
    }
}
