//! Bedrock Converse.

use serde_json::{Value, json};

use super::{Named, list};

pub(super) fn events(whole: &Value) -> Vec<Named> {
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
