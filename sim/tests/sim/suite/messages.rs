//! The Anthropic Messages format.

use super::client::{Client, MESSAGES, hello, start};
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let answer = Client::h1(&sim)
        .ask(MESSAGES, "claude?tokens=5&reasoning=3&cached=9", false)
        .await;
    let body = answer.json();
    assert!(answer.headers.contains_key("request-id"));
    assert_eq!(
        (&body["type"], &body["model"]),
        (&json!("message"), &json!("claude"))
    );
    assert_eq!(body["content"][0]["type"], "thinking");
    assert!(
        !body["content"][0]["signature"]
            .as_str()
            .expect("signature")
            .is_empty()
    );
    assert_eq!(
        body["content"][1],
        json!({"type": "text", "text": "Answer from claude: rain falls"})
    );
    assert_eq!(body["stop_reason"], "end_turn");
    let usage = &body["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"]),
        (&json!(7), &json!(8))
    );
    assert_eq!(usage["cache_read_input_tokens"], 9);
}

#[tokio::test]
async fn a_stream_over_both_protocols() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let events = client.ask(MESSAGES, "claude?tokens=4", true).await.events();
        let mut kinds: Vec<&str> = events
            .iter()
            .map(|event| event["type"].as_str().expect("type"))
            .collect();
        kinds.dedup();
        let wanted = [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ];
        assert_eq!(kinds, wanted);
        let text: String = events
            .iter()
            .filter_map(|event| event["delta"]["text"].as_str())
            .collect();
        assert_eq!(text, "Answer from claude: rain");
        let delta = events
            .iter()
            .find(|event| event["type"] == "message_delta")
            .expect("a delta");
        assert_eq!(
            (&delta["usage"]["input_tokens"], &delta["usage"]["output_tokens"]),
            (&json!(7), &json!(4))
        );
    }
}

#[tokio::test]
async fn tools_are_called_and_then_answered() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = hello("claude", false);
    let schema = json!({"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]});
    body["tools"] =
        json!([{"name": "weather", "input_schema": schema}, {"name": "time", "input_schema": {}}]);
    body["tool_choice"] = json!({"type": "any"});
    let first = client.call(MESSAGES, &body).await.json();
    let call = &first["content"][0];
    assert_eq!(
        (&call["name"], &call["input"]),
        (&json!("weather"), &json!({"days": 1}))
    );
    assert_eq!(first["stop_reason"], "tool_use");
    let result = json!({"type": "tool_result", "tool_use_id": call["id"], "content": "rain"});
    let messages = body["messages"].as_array_mut().expect("messages");
    messages.push(json!({"role": "assistant", "content": first["content"]}));
    messages.push(json!({"role": "user", "content": [result]}));
    let second = client.call(MESSAGES, &body).await.json();
    assert_eq!(
        (&second["stop_reason"], &second["content"][0]["type"]),
        (&json!("end_turn"), &json!("text"))
    );
}

#[tokio::test]
async fn stop_reasons_can_be_chosen() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, wanted) in [
        ("m?refusal", "refusal"),
        ("m?finish=length", "max_tokens"),
        ("m", "end_turn"),
    ] {
        let body = client.ask(MESSAGES, model, false).await.json();
        assert_eq!(body["stop_reason"], wanted, "{model}");
        let events = client.ask(MESSAGES, model, true).await.events();
        let reason = events
            .iter()
            .find_map(|event| event["delta"]["stop_reason"].as_str());
        assert_eq!(reason, Some(wanted), "{model}");
    }
}

#[tokio::test]
async fn malformed_requests_get_400() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut no_limit = hello("m", false);
    no_limit.as_object_mut().expect("an object").remove("max_tokens");
    let mut system = hello("m", false);
    system["messages"][0]["role"] = json!("system");
    for body in [
        json!({}),
        json!({"model": "m", "max_tokens": 5}),
        no_limit,
        system,
        hello("", false),
    ] {
        let answer = client.call(MESSAGES, &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
        assert_eq!(answer.headers["x-should-retry"], "false");
    }
    let text = client
        .send(Method::POST, MESSAGES, "not json".into())
        .await
        .expect("headers");
    assert_eq!(text.status(), 400);
}

#[tokio::test]
async fn errors_have_their_own_form() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, status, kind) in [
        ("m?status=429", 429, "rate_limit_error"),
        ("m?status=500", 500, "api_error"),
        ("m?error=overloaded", 529, "overloaded_error"),
        ("m?error=context_length", 400, "invalid_request_error"),
        ("m?error=model_not_found", 404, "not_found_error"),
        ("m?error=invalid_key", 401, "authentication_error"),
    ] {
        let answer = client.ask(MESSAGES, model, true).await;
        let body: Value = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["error"]["type"]),
            (status, &json!(kind)),
            "{model}"
        );
        assert_eq!(
            answer.headers["request-id"],
            body["request_id"].as_str().expect("id")
        );
    }
}

#[tokio::test]
async fn tokens_are_counted() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = hello("claude", false);
    body.as_object_mut().expect("an object").remove("max_tokens");
    let path = "/v1/messages/count_tokens";
    assert_eq!(client.call(path, &body).await.json(), json!({"input_tokens": 7}));
    body["model"] = json!("claude?error=model_not_found");
    let refused = client.call(path, &body).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["type"]),
        (404, &json!("not_found_error"))
    );
}
