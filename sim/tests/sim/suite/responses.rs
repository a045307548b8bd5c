//! OpenAI's Responses format.

use super::client::{Client, start};
use serde_json::{Value, json};

const RESPONSES: &str = "/v1/responses";

fn hello(model: &str, stream: bool) -> Value {
    let content = json!([{"type": "input_text", "text": "Hello there"}]);
    json!({"model": model, "stream": stream, "input": [{"role": "user", "content": content}]})
}

fn with_tool(model: &str, stream: bool) -> Value {
    let parameters =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let mut body = hello(model, stream);
    body["tools"] = json!([{"type": "function", "name": "weather", "parameters": parameters}]);
    body
}

/// The types in order, each row of deltas once.
fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events
        .iter()
        .map(|event| event["type"].as_str().expect("type"))
        .collect();
    kinds.dedup();
    kinds
}

fn deltas(events: &[Value], kind: &str) -> String {
    let ours = events.iter().filter(|event| event["type"] == kind);
    ours.map(|event| event["delta"].as_str().expect("a delta"))
        .collect()
}

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = hello("gpt-5?tokens=5&reasoning=3&cached=9", false);
    body["include"] = json!(["reasoning.encrypted_content"]);
    body["instructions"] = json!("Be kind.");
    let answer = client.call(RESPONSES, &body).await;
    assert!(answer.headers.contains_key("x-request-id"));
    let body = answer.json();
    assert_eq!(
        (&body["object"], &body["status"], &body["model"]),
        (&json!("response"), &json!("completed"), &json!("gpt-5"))
    );
    assert_eq!(body["instructions"], "Be kind.");
    assert_eq!(
        body["output"][0]["summary"],
        json!([{"type": "summary_text", "text": "Thinking about gpt-5:"}])
    );
    assert!(body["output"][0]["encrypted_content"].is_string());
    assert_eq!(
        body["output"][1]["content"][0]["text"],
        "Answer from gpt-5: rain falls"
    );
    let usage = json!({
        "input_tokens": 18, "input_tokens_details": {"cached_tokens": 9, "cache_write_tokens": 0},
        "output_tokens": 8, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 26,
    });
    assert_eq!(body["usage"], usage);
    let text = json!({"model": "m?echo", "input": "Only text"});
    let echoed = client.call(RESPONSES, &text).await.json();
    assert_eq!(echoed["output"][0]["content"][0]["text"], "Only text");
}

#[tokio::test]
async fn a_text_is_streamed_in_typed_events() {
    let sim = start();
    let whole = Client::h1(&sim)
        .call(RESPONSES, &hello("m?tokens=9", false))
        .await
        .json();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let answer = client.call(RESPONSES, &hello("m?tokens=9", true)).await;
        let events = answer.events();
        let wanted = [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ];
        assert_eq!(kinds(&events), wanted);
        for (number, event) in events.iter().enumerate() {
            assert_eq!(event["sequence_number"], number);
        }
        let names: Vec<&str> = answer
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("event: "))
            .collect();
        assert!(
            names
                .iter()
                .zip(&events)
                .all(|(name, event)| event["type"] == *name)
        );
        assert!(!answer.text.contains("[DONE]"));
        let last = &events.last().expect("events")["response"];
        let text = deltas(&events, "response.output_text.delta");
        assert_eq!(last["output"][0]["content"][0]["text"], text);
        assert_eq!(last["output"][0]["content"], whole["output"][0]["content"]);
        assert_eq!(
            (&last["usage"], &last["id"]),
            (&whole["usage"], &events[0]["response"]["id"])
        );
    }
}

#[tokio::test]
async fn reasoning_and_calls_are_items_of_their_own() {
    let sim = start();
    let body = with_tool("m?reasoning=5&tools=2", true);
    let events = Client::h1(&sim).call(RESPONSES, &body).await.events();
    let call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ];
    let mut wanted = vec![
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
    ];
    wanted.extend(call.iter().chain(&call).chain(&["response.completed"]));
    assert_eq!(kinds(&events), wanted);
    let pieces = events.iter().filter(|event| {
        event["type"] == "response.function_call_arguments.delta" && event["output_index"] == 1
    });
    let pieces: Vec<&str> = pieces.filter_map(|event| event["delta"].as_str()).collect();
    assert!(pieces.len() > 2, "{pieces:?}");
    assert_eq!(pieces.concat(), r#"{"city":"sample"}"#);
    let output = &events.last().expect("events")["response"]["output"];
    assert_ne!(output[1]["call_id"], output[2]["call_id"]);
}

#[tokio::test]
async fn tools_are_called_and_then_answered() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = with_tool("m", false);
    body["tool_choice"] = json!("required");
    let first = client.call(RESPONSES, &body).await.json();
    let call = first["output"][0].clone();
    assert_eq!(
        (&call["type"], &call["name"], &call["arguments"]),
        (
            &json!("function_call"),
            &json!("weather"),
            &json!(r#"{"city":"sample"}"#)
        )
    );
    let input = body["input"].as_array_mut().expect("items");
    input.push(call.clone());
    assert_eq!(client.call(RESPONSES, &with_input(&body, 2)).await.status, 400);
    let input = body["input"].as_array_mut().expect("items");
    input.push(json!({"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}));
    let second = client.call(RESPONSES, &body).await.json();
    assert_eq!(second["output"][0]["type"], "message");
    input_without_call(&mut body);
    let refused = client.call(RESPONSES, &body).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["param"]),
        (400, &json!("input"))
    );
}

fn with_input(body: &Value, count: usize) -> Value {
    let mut body = body.clone();
    body["input"].as_array_mut().expect("items").truncate(count);
    body
}

fn input_without_call(body: &mut Value) {
    body["input"].as_array_mut().expect("items").remove(1);
}

#[tokio::test]
async fn answers_can_be_incomplete_refused_or_json() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, reason) in [
        ("m?finish=length", "max_output_tokens"),
        ("m?finish=content_filter", "content_filter"),
    ] {
        let events = client.call(RESPONSES, &hello(model, true)).await.events();
        let last = events.last().expect("events");
        assert_eq!(last["type"], "response.incomplete");
        assert_eq!(
            (
                &last["response"]["status"],
                &last["response"]["incomplete_details"]["reason"]
            ),
            (&json!("incomplete"), &json!(reason))
        );
        assert_eq!(last["response"]["output"][0]["status"], "incomplete");
    }
    let events = client.call(RESPONSES, &hello("m?refusal", true)).await.events();
    assert!(deltas(&events, "response.refusal.delta").starts_with("I'm sorry"));
    assert_eq!(
        events.last().expect("events")["response"]["output"][0]["content"][0]["type"],
        "refusal"
    );
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let mut body = hello("m", false);
    body["text"] = json!({"format": {"type": "json_schema", "name": "n", "schema": schema}});
    let answer = client.call(RESPONSES, &body).await.json();
    assert_eq!(answer["output"][0]["content"][0]["text"], r#"{"n":1}"#);
}

#[tokio::test]
async fn errors_come_before_and_inside_of_streams() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, status, code) in [
        ("m?error=model_not_found", 400, json!("model_not_found")),
        ("m?error=context_length", 400, json!("context_length_exceeded")),
        ("m?status=429", 429, json!("rate_limit_exceeded")),
        ("m?error=invalid_key", 401, json!("invalid_api_key")),
    ] {
        let answer = client.call(RESPONSES, &hello(model, true)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (status, &code),
            "{model}"
        );
    }
    let first = client
        .call(RESPONSES, &hello("m?fault=error-frame&status=429", true))
        .await;
    let [event] = &first.events()[..] else {
        panic!("{}", first.text)
    };
    assert_eq!(
        (&event["type"], &event["code"], &event["sequence_number"]),
        (&json!("error"), &json!("rate_limit_exceeded"), &json!(0))
    );
    let events = client
        .call(RESPONSES, &hello("m?chunks=10&fault=error-mid", true))
        .await
        .events();
    assert_eq!(deltas(&events, "response.output_text.delta").len(), 20);
    let last = events.last().expect("events");
    assert_eq!(
        (&last["type"], &last["sequence_number"]),
        (&json!("response.failed"), &json!(events.len() - 1))
    );
    assert_eq!(last["response"]["error"]["code"], "server_error");
    assert_eq!(last["response"]["id"], events[0]["response"]["id"]);
}

#[tokio::test]
async fn streams_can_end_early_or_empty() {
    let sim = start();
    let client = Client::h1(&sim);
    let cut = client
        .call(RESPONSES, &hello("m?chunks=10&fault=cut", true))
        .await;
    assert!(!cut.complete);
    assert_eq!(deltas(&cut.events(), "response.output_text.delta").len(), 20);
    let open = client
        .call(RESPONSES, &hello("m?chunks=10&fault=no-done", true))
        .await;
    assert!(open.complete && !open.text.contains("response.completed"));
    assert_eq!(deltas(&open.events(), "response.output_text.delta").len(), 40);
    let empty = client
        .call(RESPONSES, &hello("m?fault=empty-done", true))
        .await
        .events();
    assert_eq!(
        kinds(&empty),
        ["response.created", "response.in_progress", "response.completed"]
    );
    assert_eq!(empty[2]["response"]["output"], json!([]));
}

#[tokio::test]
async fn malformed_requests_get_400() {
    let sim = start();
    let client = Client::h1(&sim);
    for (name, value, code) in [
        ("input", Value::Null, json!("missing_required_parameter")),
        ("messages", json!([]), json!("unsupported_parameter")),
        ("max_output_tokens", json!(5), json!("integer_below_min_value")),
        (
            "input",
            json!([{"type": "tool", "text": "x"}]),
            json!("invalid_value"),
        ),
        ("tool_choice", json!("any"), json!("invalid_value")),
    ] {
        let mut body = hello("m", false);
        body[name] = value;
        let answer = client.call(RESPONSES, &body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (400, &code),
            "{body}"
        );
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
}
