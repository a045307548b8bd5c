//! The OpenAI chat format.

use super::client::{CHAT, Client, start};
use serde_json::{Value, json};

fn tools() -> Value {
    let parameters =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}])
}

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let answer = Client::h1(&sim).ask(CHAT, "gpt-4.1?tokens=5", false).await;
    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-request-id") && answer.headers.contains_key("content-length"));
    assert_eq!(
        (&body["model"], &body["object"]),
        (&json!("gpt-4.1"), &json!("chat.completion"))
    );
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "Answer from gpt-4.1: rain falls"
    );
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 7);
    assert_eq!(
        (
            &body["usage"]["completion_tokens"],
            &body["usage"]["total_tokens"]
        ),
        (&json!(5), &json!(12))
    );
    assert!(body["id"].as_str().expect("id").starts_with("chatcmpl-"));
}

#[tokio::test]
async fn a_stream_says_the_same_over_both_protocols() {
    let sim = start();
    let whole = Client::h1(&sim).ask(CHAT, "m?tokens=20", false).await.json();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let answer = client.ask(CHAT, "m?tokens=20", true).await;
        let events = answer.events();
        assert_eq!(answer.headers["content-type"], "text/event-stream; charset=utf-8");
        let text: String = events
            .iter()
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(json!(text), whole["choices"][0]["message"]["content"]);
        let [.., finish, done] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(
            (&finish["choices"][0]["finish_reason"], done),
            (&json!("stop"), &json!("[DONE]"))
        );
        assert!(answer.text.ends_with("data: [DONE]\n\n"));
    }
}

#[tokio::test]
async fn usage_is_streamed_only_if_asked_for() {
    let sim = start();
    let mut body = super::client::hello("m?tokens=3&cached=10", true);
    let client = Client::h1(&sim);
    assert!(!client.call(CHAT, &body).await.text.contains("usage"));
    body["stream_options"] = json!({"include_usage": true});
    let events = client.call(CHAT, &body).await.events();
    let usage = &events[events.len() - 2];
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(
        (
            &usage["usage"]["prompt_tokens"],
            &usage["usage"]["completion_tokens"]
        ),
        (&json!(17), &json!(3))
    );
    assert_eq!(usage["usage"]["prompt_tokens_details"]["cached_tokens"], 10);
}

#[tokio::test]
async fn tools_are_called_and_then_answered() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = super::client::hello("m?tools=2", false);
    body["tools"] = tools();
    let first = client.call(CHAT, &body).await.json();
    let message = first["choices"][0]["message"].clone();
    let calls = message["tool_calls"].as_array().expect("calls").clone();
    assert_eq!(
        (calls.len(), &first["choices"][0]["finish_reason"]),
        (2, &json!("tool_calls"))
    );
    assert_eq!(
        calls[0]["function"],
        json!({"name": "weather", "arguments": "{\"city\":\"sample\"}"})
    );
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(message);
    let result = |call: &Value| json!({"role": "tool", "tool_call_id": call["id"], "content": "rain"});
    messages.extend(calls.iter().map(result));
    let second = client.call(CHAT, &body).await.json();
    assert_eq!(second["choices"][0]["finish_reason"], "stop");
    assert!(second["choices"][0]["message"]["content"].is_string());
}

#[tokio::test]
async fn a_forced_call_is_streamed_in_pieces() {
    let sim = start();
    let mut body = super::client::hello("m", true);
    body["tools"] = tools();
    body["tool_choice"] = json!("required");
    let events = Client::h1(&sim).call(CHAT, &body).await.events();
    let pieces: Vec<&str> = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str())
        .collect();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat(), "{\"city\":\"sample\"}");
}

#[tokio::test]
async fn what_is_said_can_be_chosen() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, pointer, wanted) in [
        ("m?echo", "/choices/0/message/content", json!("Hello there")),
        (
            "m?json",
            "/choices/0/message/content",
            json!(r#"{"answer":"yes","model":"m","number":1}"#),
        ),
        (
            "m?json=broken",
            "/choices/0/message/content",
            json!(r#"{"answer":"yes","model":"m","number":1"#),
        ),
        ("m?refusal", "/choices/0/message/content", Value::Null),
        (
            "m?refusal",
            "/choices/0/message/refusal",
            json!("I'm sorry, but I can't help with that request."),
        ),
        ("m?finish=length", "/choices/0/finish_reason", json!("length")),
        (
            "m?finish=content_filter",
            "/choices/0/finish_reason",
            json!("content_filter"),
        ),
        (
            "m?reasoning=2",
            "/choices/0/message/reasoning_content",
            json!("Thinking about"),
        ),
        (
            "m?reasoning=2",
            "/usage/completion_tokens_details/reasoning_tokens",
            json!(2),
        ),
        ("m?tokens=2000", "/choices/0/finish_reason", json!("length")),
    ] {
        let body = client.ask(CHAT, model, false).await.json();
        assert_eq!(body.pointer(pointer), Some(&wanted), "{model}");
    }
}

#[tokio::test]
async fn sizes_and_chunks_are_exact() {
    let sim = start();
    let client = Client::h1(&sim);
    let body = client.ask(CHAT, "m?bytes=2KiB", false).await.json();
    assert_eq!(
        body["choices"][0]["message"]["content"].as_str().map(str::len),
        Some(2_048)
    );
    let chunks = |events: Vec<Value>| {
        let text = |event: &Value| event["choices"][0]["delta"]["content"].as_str().map(str::len);
        events
            .iter()
            .filter_map(text)
            .filter(|size| *size > 0)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        chunks(client.ask(CHAT, "m?chunks=64", true).await.events()),
        [4; 64]
    );
    assert_eq!(
        chunks(client.ask(CHAT, "m?chunks=8&bytes=2KiB", true).await.events()),
        [256; 8]
    );
    assert_eq!(
        chunks(
            client
                .ask(CHAT, "m?chunk-bytes=100&bytes=200", true)
                .await
                .events()
        ),
        [100; 2]
    );
}

#[tokio::test]
async fn twenty_megabytes_pass_both_ways() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let body = client.ask(CHAT, "m?bytes=20MiB", false).await.json();
        let text = body["choices"][0]["message"]["content"].as_str().expect("text");
        assert_eq!(text.len(), 20 << 20);
        let big = json!({"model": "m?tokens=1", "messages": [{"role": "user", "content": text}]});
        let answer = client.call(CHAT, &big).await.json();
        assert_eq!(answer["usage"]["prompt_tokens"], (20 << 18) + 4);
    }
}
