//! Anthropic messages.

use serde_json::{Value, json};

use super::{Named, list, with};

pub(super) fn events(whole: &Value) -> Vec<Named> {
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
