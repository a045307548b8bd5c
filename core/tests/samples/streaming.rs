//! A whole answer as its provider would stream it.

use std::fmt::Display;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};
use wayleave_core::format::{Framing, WireFormat};

/// One event of a stream: its name, where the API names them, and its data.
pub(crate) type Named = (&'static str, Value);

/// The events of an answer.
pub(crate) fn events(format: WireFormat, whole: &Value) -> Vec<Named> {
    match format {
        WireFormat::OpenAIChat => chat(whole),
        WireFormat::OpenAIResponses => responses(whole),
        WireFormat::OpenAICompletions => completions(whole),
        WireFormat::AnthropicMessages => messages(whole),
        WireFormat::GeminiGenerate => gemini(whole),
        WireFormat::BedrockConverse => converse(whole),
        WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => Vec::new(),
    }
}

/// The bytes of a stream.
pub(crate) fn framed<N: AsRef<str>>(events: &[(N, impl Display)], framing: Framing, done: bool) -> Vec<u8> {
    let mut out = Vec::new();
    match framing {
        Framing::Sse => {
            for (name, data) in events {
                let name = name.as_ref();
                if !name.is_empty() {
                    out.extend_from_slice(format!("event: {name}\n").as_bytes());
                }
                out.extend_from_slice(format!("data: {data}\n\n").as_bytes());
            }
            if done {
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
        }
        Framing::JsonArray => {
            let items: Vec<_> = events.iter().map(|(_, data)| data.to_string()).collect();
            out.extend_from_slice(format!("[{}\n]", items.join("\n,\r\n")).as_bytes());
        }
        Framing::EventStream => {
            for (name, data) in events {
                let text = |text: &str| HeaderValue::String(text.to_owned().into());
                let message = Message::new(data.to_string())
                    .add_header(Header::new(":event-type", text(name.as_ref())))
                    .add_header(Header::new(":content-type", text("application/json")))
                    .add_header(Header::new(":message-type", text("event")));
                write_message_to(&message, &mut out).expect("a short message");
            }
        }
        Framing::Whole => {}
    }
    out
}

/// Whether streams of a format end with `[DONE]`.
pub(crate) fn says_done(format: WireFormat) -> bool {
    matches!(format, WireFormat::OpenAIChat | WireFormat::OpenAICompletions)
}

fn list<'a>(value: &'a Value, pointer: &str) -> Vec<&'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

fn with(base: &Value, members: Value) -> Value {
    let mut whole = base.clone();
    if let Value::Object(members) = members {
        for (name, value) in members {
            whole[name] = value;
        }
    }
    whole
}

fn chat(whole: &Value) -> Vec<Named> {
    let head = json!({"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"],
        "model": whole["model"]});
    let (mut said, mut ended) = (Vec::new(), Vec::new());
    for choice in list(whole, "/choices") {
        let mut delta = choice["message"].clone();
        if let Some(calls) = delta["tool_calls"].as_array_mut() {
            for (index, call) in calls.iter_mut().enumerate() {
                call["index"] = json!(index);
            }
        }
        said.push(
            json!({"index": choice["index"], "delta": delta, "logprobs": choice["logprobs"],
            "finish_reason": null}),
        );
        ended.push(json!({"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}));
    }
    vec![
        ("", with(&head, json!({"choices": said}))),
        ("", with(&head, json!({"choices": ended}))),
        ("", with(&head, json!({"choices": [], "usage": whole["usage"]}))),
    ]
}

fn completions(whole: &Value) -> Vec<Named> {
    let head = json!({"id": whole["id"], "object": "text_completion", "created": whole["created"],
        "model": whole["model"]});
    vec![
        ("", with(&head, json!({"choices": whole["choices"]}))),
        ("", with(&head, json!({"choices": [], "usage": whole["usage"]}))),
    ]
}

fn messages(whole: &Value) -> Vec<Named> {
    let begun = with(
        whole,
        json!({"content": [], "stop_reason": null, "stop_sequence": null}),
    );
    let mut events = vec![(
        "message_start",
        json!({"type": "message_start", "message": begun}),
    )];
    for (index, block) in list(whole, "/content").into_iter().enumerate() {
        let delta = |delta: Value| {
            (
                "content_block_delta",
                json!({"type": "content_block_delta", "index": index, "delta": delta}),
            )
        };
        let (empty, deltas) = match block["type"].as_str() {
            Some("text") => {
                let mut deltas = vec![delta(json!({"type": "text_delta", "text": block["text"]}))];
                for citation in list(block, "/citations") {
                    deltas.push(delta(json!({"type": "citations_delta", "citation": citation})));
                }
                (json!({"type": "text", "text": ""}), deltas)
            }
            Some("thinking") => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![
                    delta(json!({"type": "thinking_delta", "thinking": block["thinking"]})),
                    delta(json!({"type": "signature_delta", "signature": block["signature"]})),
                ],
            ),
            Some("tool_use") => {
                let input = block["input"].to_string();
                (
                    with(block, json!({"input": null})),
                    vec![delta(json!({"type": "input_json_delta", "partial_json": input}))],
                )
            }
            _ => (block.clone(), Vec::new()),
        };
        events.push((
            "content_block_start",
            json!({"type": "content_block_start", "index": index, "content_block": empty}),
        ));
        events.extend(deltas);
        events.push((
            "content_block_stop",
            json!({"type": "content_block_stop", "index": index}),
        ));
    }
    let end = json!({"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]});
    events.push((
        "message_delta",
        json!({"type": "message_delta", "delta": end, "usage": whole["usage"]}),
    ));
    events.push(("message_stop", json!({"type": "message_stop"})));
    events
}

fn gemini(whole: &Value) -> Vec<Named> {
    let (mut said, mut ended) = (Vec::new(), Vec::new());
    for candidate in list(whole, "/candidates") {
        said.push(json!({"index": candidate["index"], "content": candidate["content"]}));
        let mut rest = candidate.clone();
        rest["content"] = json!({"role": "model", "parts": [{"text": ""}]});
        ended.push(rest);
    }
    let first =
        json!({"candidates": said, "modelVersion": whole["modelVersion"], "responseId": whole["responseId"]});
    vec![("", first), ("", with(whole, json!({"candidates": ended})))]
}

fn converse(whole: &Value) -> Vec<Named> {
    let mut events = vec![("messageStart", json!({"role": "assistant"}))];
    for (index, block) in list(whole, "/output/message/content").into_iter().enumerate() {
        let delta = |delta: Value| {
            (
                "contentBlockDelta",
                json!({"contentBlockIndex": index, "delta": delta}),
            )
        };
        if let Some(call) = block.get("toolUse") {
            let start = json!({"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}});
            events.push((
                "contentBlockStart",
                json!({"contentBlockIndex": index, "start": start}),
            ));
            events.push(delta(json!({"toolUse": {"input": call["input"].to_string()}})));
        } else if let Some(reasoning) = block.get("reasoningContent") {
            let text = &reasoning["reasoningText"];
            if let Some(said) = text.get("text") {
                events.push(delta(json!({"reasoningContent": {"text": said}})));
            }
            if let Some(signature) = text.get("signature") {
                events.push(delta(json!({"reasoningContent": {"signature": signature}})));
            }
            if let Some(data) = reasoning.get("redactedContent") {
                events.push(delta(json!({"reasoningContent": {"redactedContent": data}})));
            }
        } else if let Some(cited) = block.get("citationsContent") {
            events.push(delta(json!({"text": cited["content"][0]["text"]})));
            for citation in list(cited, "/citations") {
                events.push(delta(json!({"citation": citation})));
            }
        } else {
            events.push(delta(block.clone()));
        }
        events.push(("contentBlockStop", json!({"contentBlockIndex": index})));
    }
    let extra = &whole["additionalModelResponseFields"];
    events.push((
        "messageStop",
        json!({"stopReason": whole["stopReason"], "additionalModelResponseFields": extra}),
    ));
    events.push((
        "metadata",
        json!({"usage": whole["usage"], "metrics": whole["metrics"]}),
    ));
    events
}

fn responses(whole: &Value) -> Vec<Named> {
    let begun = with(
        whole,
        json!({"output": [], "status": "in_progress", "usage": null}),
    );
    let mut events = vec![("response.created", json!({"response": begun}))];
    for (index, item) in list(whole, "/output").into_iter().enumerate() {
        let empty = match item["type"].as_str() {
            Some("message") => with(item, json!({"content": [], "status": "in_progress"})),
            Some("function_call") => with(item, json!({"arguments": "", "status": "in_progress"})),
            Some("reasoning") => with(item, json!({"summary": []})),
            _ => item.clone(),
        };
        events.push((
            "response.output_item.added",
            json!({"output_index": index, "item": empty}),
        ));
        let said = |name, members| {
            (
                name,
                with(&json!({"item_id": item["id"], "output_index": index}), members),
            )
        };
        for (at, part) in list(item, "/content").into_iter().enumerate() {
            events.extend(part_events(at, part).map(|(name, members)| said(name, members)));
        }
        for (at, part) in list(item, "/summary").into_iter().enumerate() {
            let members = json!({"summary_index": at, "delta": part["text"]});
            events.push(said("response.reasoning_summary_text.delta", members));
        }
        if item["type"] == "function_call" {
            let arguments = &item["arguments"];
            events.push(said(
                "response.function_call_arguments.delta",
                json!({"delta": arguments}),
            ));
            events.push(said(
                "response.function_call_arguments.done",
                json!({"arguments": arguments}),
            ));
        }
        events.push((
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
        ));
    }
    let last = if whole["status"] == "completed" {
        "response.completed"
    } else {
        "response.incomplete"
    };
    events.push((last, json!({"response": whole})));
    for (number, (name, data)) in events.iter_mut().enumerate() {
        data["type"] = json!(name);
        data["sequence_number"] = json!(number);
    }
    events
}

/// Of a part of a message.
fn part_events(at: usize, part: &Value) -> impl Iterator<Item = Named> {
    let refusal = part["type"] == "refusal";
    let (delta, done, member) = if refusal {
        ("response.refusal.delta", "response.refusal.done", "refusal")
    } else {
        ("response.output_text.delta", "response.output_text.done", "text")
    };
    let empty = with(part, json!({member: ""}));
    let mut events = vec![
        (
            "response.content_part.added",
            json!({"content_index": at, "part": empty}),
        ),
        (
            delta,
            json!({"content_index": at, "delta": part[member], "logprobs": part["logprobs"]}),
        ),
    ];
    for (number, annotation) in list(part, "/annotations").into_iter().enumerate() {
        events.push((
            "response.output_text.annotation.added",
            json!({"content_index": at, "annotation_index": number, "annotation": annotation}),
        ));
    }
    events.push((
        done,
        json!({"content_index": at, member: part[member], "logprobs": part["logprobs"]}),
    ));
    events.push((
        "response.content_part.done",
        json!({"content_index": at, "part": part}),
    ));
    events.into_iter()
}
