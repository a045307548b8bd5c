//! Amazon Bedrock's Converse format.

use super::client::{Answer, Client, start};
use serde_json::{Value, json};

fn path(model: &str, stream: bool) -> String {
    let model = model.replace('?', "%3F").replace(':', "%3A");
    let end = if stream { "converse-stream" } else { "converse" };
    format!("/model/{model}/{end}")
}

fn hello() -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": "Hello there"}]}], "inferenceConfig": {"maxTokens": 1_000}})
}

fn with_tool(choice: &Value) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = json!({"toolSpec": {"name": "weather", "inputSchema": {"json": schema}}});
    let mut body = hello();
    body["toolConfig"] = json!({"tools": [tool], "toolChoice": choice});
    body
}

async fn ask(client: &Client, model: &str, stream: bool) -> Answer {
    client.call(&path(model, stream), &hello()).await
}

/// A message of an event stream: its type, whether it is an exception, its payload.
#[derive(Debug)]
struct Message {
    kind: String,
    exception: bool,
    payload: Value,
}

/// Bit by bit, to share nothing with what is tested.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// All messages, their checksums checked, and how many bytes were left over.
fn messages(mut bytes: &[u8]) -> (Vec<Message>, usize) {
    let mut messages = Vec::new();
    while bytes.len() >= 12 && bytes.len() >= number(&bytes[..4]) {
        let (message, rest) = bytes.split_at(number(&bytes[..4]));
        bytes = rest;
        let (body, checksum) = message.split_at(message.len() - 4);
        assert_eq!(crc32(&message[..8]).to_be_bytes(), message[8..12], "prelude");
        assert_eq!(crc32(body).to_be_bytes(), checksum, "message");
        let (mut headers, payload) = body[12..].split_at(number(&message[4..8]));
        let mut found = std::collections::BTreeMap::new();
        while let Some((length, rest)) = headers.split_first() {
            let (name, rest) = rest.split_at(usize::from(*length));
            assert_eq!(rest[0], 7, "a text");
            let (value, rest) = rest[3..].split_at(number(&rest[1..3]));
            headers = rest;
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            found.insert(text(name), text(value));
        }
        assert_eq!(found[":content-type"], "application/json");
        let exception = found[":message-type"] == "exception";
        let kind = &found[if exception {
            ":exception-type"
        } else {
            ":event-type"
        }];
        messages.push(Message {
            kind: kind.clone(),
            exception,
            payload: serde_json::from_slice(payload).expect("JSON"),
        });
    }
    (messages, bytes.len())
}

fn kinds(messages: &[Message]) -> Vec<&str> {
    let mut kinds: Vec<&str> = messages.iter().map(|message| message.kind.as_str()).collect();
    kinds.dedup();
    kinds
}

fn text_of(messages: &[Message]) -> String {
    let deltas = messages
        .iter()
        .filter_map(|message| message.payload["delta"]["text"].as_str());
    deltas.collect()
}

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let answer = ask(
        &Client::h1(&sim),
        "us.amazon.nova-v1:0?tokens=5&reasoning=3&cached=9",
        false,
    )
    .await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-amzn-requestid"));
    let body = answer.json();
    let content = &body["output"]["message"]["content"];
    assert_eq!(
        content[0]["reasoningContent"]["reasoningText"]["text"],
        "Thinking about us.amazon.nova-v1:0:"
    );
    assert_eq!(
        content[1],
        json!({"text": "Answer from us.amazon.nova-v1:0: rain falls"})
    );
    assert_eq!(body["stopReason"], "end_turn");
    assert_eq!(
        body["usage"],
        json!({"inputTokens": 7, "outputTokens": 8, "totalTokens": 24, "cacheReadInputTokens": 9,
            "cacheWriteInputTokens": 0})
    );
    assert_eq!(sim.requests()[0].model.as_deref(), Some("us.amazon.nova-v1:0"));
}

#[tokio::test]
async fn a_stream_over_both_protocols() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let answer = ask(&client, "m?tokens=4&reasoning=4", true).await;
        assert_eq!(
            answer.headers["content-type"],
            "application/vnd.amazon.eventstream"
        );
        let (messages, left) = messages(&answer.bytes);
        assert_eq!(left, 0);
        let wanted = [
            "messageStart",
            "contentBlockDelta",
            "contentBlockStop",
            "contentBlockDelta",
            "contentBlockStop",
            "messageStop",
            "metadata",
        ];
        assert_eq!(kinds(&messages), wanted);
        assert_eq!(text_of(&messages), "Answer from m: rain");
        let signed =
            |message: &Message| message.payload["delta"]["reasoningContent"]["signature"].is_string();
        assert_eq!(messages.iter().filter(|message| signed(message)).count(), 1);
        let [.., stop, metadata] = &messages[..] else {
            panic!("{messages:?}")
        };
        assert_eq!(stop.payload["stopReason"], "end_turn");
        assert_eq!(
            (
                &metadata.payload["usage"]["inputTokens"],
                &metadata.payload["usage"]["outputTokens"]
            ),
            (&json!(7), &json!(8))
        );
    }
}

#[tokio::test]
async fn calls_are_streamed_in_pieces() {
    let sim = start();
    let client = Client::h1(&sim);
    let answer = client
        .call(&path("m", true), &with_tool(&json!({"any": {}})))
        .await;
    let (messages, _) = messages(&answer.bytes);
    let wanted = [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ];
    assert_eq!(kinds(&messages), wanted);
    let start = &messages[1].payload["start"]["toolUse"];
    assert_eq!(start["name"], "weather");
    assert!(start["toolUseId"].as_str().expect("id").starts_with("tooluse_"));
    let pieces: Vec<&str> = messages
        .iter()
        .filter_map(|message| message.payload["delta"]["toolUse"]["input"].as_str())
        .collect();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat(), r#"{"city":"sample"}"#);
}

#[tokio::test]
async fn tools_are_called_and_then_answered() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = with_tool(&json!({"tool": {"name": "weather"}}));
    let first = client.call(&path("m", false), &body).await.json();
    assert_eq!(first["stopReason"], "tool_use");
    let message = first["output"]["message"].clone();
    let call = &message["content"][0]["toolUse"];
    assert_eq!(call["input"], json!({"city": "sample"}));
    let result = json!({"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "rain"}]}});
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(message);
    messages.push(json!({"role": "user", "content": [result]}));
    let second = client.call(&path("m", false), &body).await.json();
    assert_eq!(second["stopReason"], "end_turn");
    body["messages"].as_array_mut().expect("messages").remove(1);
    let refused = client.call(&path("m", false), &body).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["message"]
            .as_str()
            .expect("a message")
            .contains("toolResult")
    );
}

#[tokio::test]
async fn stop_reasons_can_be_chosen() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, wanted) in [
        ("m?finish=length", "max_tokens"),
        ("m?finish=content_filter", "content_filtered"),
        ("m?refusal", "guardrail_intervened"),
    ] {
        assert_eq!(ask(&client, model, false).await.json()["stopReason"], wanted);
        let (messages, _) = messages(&ask(&client, model, true).await.bytes);
        let reason = messages
            .iter()
            .find_map(|message| message.payload["stopReason"].as_str());
        assert_eq!(reason, Some(wanted), "{model}");
    }
}

#[tokio::test]
async fn errors_have_their_type_in_a_header() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, status, kind) in [
        ("m?status=429", 429, "ThrottlingException"),
        ("m?error=overloaded", 503, "ServiceUnavailableException"),
        ("m?error=model_not_found", 400, "ValidationException"),
        ("m?error=invalid_key", 403, "UnrecognizedClientException"),
        ("m?status=403", 403, "AccessDeniedException"),
    ] {
        for stream in [true, false] {
            let answer = ask(&client, model, stream).await;
            assert_eq!(answer.status, status, "{model}");
            let header = answer.headers["x-amzn-errortype"].to_str().expect("text");
            assert!(header.starts_with(&format!("{kind}:http://")), "{header}");
            assert!(answer.json()["message"].is_string());
        }
    }
}

#[tokio::test]
async fn requests_must_be_signed_or_bear_a_key() {
    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
                          SignedHeaders=host;x-amz-date, Signature=0123abcd";
    let sim = start();
    let signed = [("authorization", SIGNED), ("x-amz-date", "20260101T000000Z")];
    for (headers, status) in [
        (&signed[..], 200),
        (&signed[..1], 403),
        (&[("authorization", "Bearer bedrock-api-key")], 200),
        (&[("x-api-key", "sk-test")], 403),
        (&[], 403),
    ] {
        let answer = ask(&Client::h1(&sim).with_headers(headers), "m", false).await;
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 403 {
            let kind = answer.headers["x-amzn-errortype"].to_str().expect("text");
            assert!(kind.starts_with("UnrecognizedClientException"), "{kind}");
        }
    }
    assert_eq!(sim.requests()[0].key.as_deref(), Some("AKIDEXAMPLE"));
}

#[tokio::test]
async fn streams_can_go_wrong() {
    let sim = start();
    let client = Client::h1(&sim);
    let first = ask(&client, "m?fault=error-frame&status=429", true).await;
    let (first, _) = messages(&first.bytes);
    assert_eq!(kinds(&first), ["throttlingException"]);
    assert!(first[0].exception && first[0].payload["message"].is_string());
    let (mid, left) = messages(&ask(&client, "m?chunks=10&fault=error-mid", true).await.bytes);
    assert_eq!((text_of(&mid).len(), left), (20, 0));
    let last = mid.last().expect("messages");
    assert!(last.exception && last.kind == "serviceUnavailableException");
    let (empty, _) = messages(&ask(&client, "m?fault=empty-done", true).await.bytes);
    assert_eq!(kinds(&empty), ["messageStart", "messageStop", "metadata"]);
    let cut = ask(&client, "m?chunks=10&fault=cut", true).await;
    assert!(!cut.complete && text_of(&messages(&cut.bytes).0).len() == 20);
    let (open, _) = messages(&ask(&client, "m?chunks=10&fault=no-done", true).await.bytes);
    assert_eq!(
        open.last().map(|message| message.kind.as_str()),
        Some("contentBlockStop")
    );
}
