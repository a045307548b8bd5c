//! Proofs of reasoning on their way to a client of another format and, with its next request, back.

use serde_json::{Value, json};

use super::*;
use crate::endpoint::Asked;
use crate::intake::{Intake, TargetShape};

/// What a client of `to` gets of a whole answer of `from`.
fn answered(from: WireFormat, to: WireFormat, body: &Value) -> Value {
    let trip = Trip {
        from: (from, Framing::Whole),
        to: (to, Framing::Whole),
        include_usage: true,
        priced: false,
    };
    let mut relay = Relay::new(RelayOptions {
        client: ClientShape {
            format: to,
            framing: Framing::Whole,
            include_usage: true,
        },
        provider: ProviderShape {
            format: from,
            framing: Framing::Whole,
            quirks: vendor(from).quirks,
        },
        model: "asked-for",
        created: 1,
        keep: Keep::Nothing,
    });
    relay.push(body.to_string().into(), &trip.cost());
    serde_json::from_slice(&relay.finish(&trip.cost())).expect("JSON")
}

fn vendor(format: WireFormat) -> &'static Vendor {
    let name = if format == GEMINI { "Gemini" } else { "Anthropic" };
    Vendor::named(name).expect("a row")
}

/// What a provider of `to` gets of a request of `from`.
fn asked(from: WireFormat, to: WireFormat, model: &str, body: &Value) -> Value {
    let asked = Asked {
        model: (from == GEMINI).then(|| "m".to_owned()),
        ..Asked::from(from)
    };
    let intake = Intake::read(asked, body.to_string().into()).expect("a request");
    let target = TargetShape {
        format: to,
        model,
        quirks: vendor(to).quirks,
    };
    serde_json::from_slice(&intake.body_for(target).expect("a body")).expect("JSON")
}

#[test]
fn geminis_proofs_come_back_from_clients_of_anthropic() {
    let parts = json!([
        {"text": "Let me see.", "thoughtSignature": "dGV4dA=="},
        {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": "Y2FsbA=="},
        {"functionCall": {"id": "b", "name": "f", "args": {"x": 2}}},
    ]);
    let body =
        json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}]});
    let told = answered(GEMINI, ANTHROPIC, &body);
    let request = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": told["content"]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"},
            {"type": "tool_result", "tool_use_id": "b", "content": "2"},
        ]},
    ]});
    let sent = asked(ANTHROPIC, GEMINI, "gemini-3-pro-preview", &request);
    assert_eq!(sent["contents"][1]["parts"], parts);
    // Nobody else gets them.
    let sent = asked(ANTHROPIC, ANTHROPIC, "m", &request);
    assert!(!sent.to_string().contains("wayleave.google."));
    let request = asked(ANTHROPIC, OPENAI, "m", &request);
    assert!(!request.to_string().contains("Y2FsbA"));
}

#[test]
fn anthropics_proofs_come_back_from_clients_of_gemini() {
    let content = json!([
        {"type": "thinking", "thinking": "Hm.", "signature": "EqoB/+="},
        {"type": "redacted_thinking", "data": "c2VjcmV0"},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
    ]);
    let body = json!({"type": "message", "role": "assistant", "content": content, "stop_reason": "tool_use"});
    let told = answered(ANTHROPIC, GEMINI, &body);
    let result = json!({"functionResponse": {"id": "a", "name": "f", "response": {"result": "1"}}});
    let request = json!({"contents": [
        {"role": "user", "parts": [{"text": "Go."}]},
        told["candidates"][0]["content"],
        {"role": "user", "parts": [result]},
    ]});
    let sent = asked(GEMINI, ANTHROPIC, "claude-sonnet-4-5", &request);
    assert_eq!(sent["messages"][1]["content"], content);
}
