//! What proves reasoning in a request, read from the JSON of either format without our own code.

use serde_json::Value;
use wayleave_core::format::WireFormat;

/// The proofs of Claude's reasoning, in order.
pub(crate) fn of(format: WireFormat, body: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for message in list(&body["messages"]) {
        let anthropic = format == WireFormat::AnthropicMessages;
        let blocks = list(&message[if anthropic { "content" } else { "reasoning_details" }]);
        let own = blocks.iter().filter(|block| {
            block
                .get("format")
                .is_none_or(|format| format == "anthropic-claude-v1")
        });
        let texts = own.flat_map(|block| [&block["signature"], &block["data"]]);
        all.extend(texts.filter_map(Value::as_str).map(str::to_owned));
    }
    all.retain(|proof| !proof.is_empty());
    all
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
