//! OpenAI responses.

use serde_json::{Value, json};

use super::{Named, list, with};

pub(super) fn events(whole: &Value) -> Vec<Named> {
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
