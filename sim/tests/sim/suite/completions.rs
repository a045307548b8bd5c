//! OpenAI's older completions.

use super::client::{Client, start};
use serde_json::{Value, json};

const COMPLETIONS: &str = "/v1/completions";

fn prompt(model: &str, stream: bool) -> Value {
    json!({"model": model, "prompt": "Hello there!", "stream": stream})
}

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let body = Client::h1(&sim)
        .call(COMPLETIONS, &prompt("m?tokens=5", false))
        .await
        .json();
    assert_eq!(
        (&body["object"], &body["model"]),
        (&json!("text_completion"), &json!("m"))
    );
    assert_eq!(
        body["choices"][0],
        json!({"text": "Answer from m: rain falls", "index": 0, "logprobs": null, "finish_reason": "stop"})
    );
    assert_eq!(
        body["usage"],
        json!({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8})
    );
}

#[tokio::test]
async fn a_stream() {
    let sim = start();
    let mut body = prompt("m?tokens=5", true);
    body["stream_options"] = json!({"include_usage": true});
    let events = Client::h1(&sim).call(COMPLETIONS, &body).await.events();
    let text: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["text"].as_str())
        .collect();
    assert_eq!(text, "Answer from m: rain falls");
    let [.., finish, usage, done] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&finish["choices"][0]["finish_reason"], done),
        (&json!("stop"), &json!("[DONE]"))
    );
    assert_eq!(
        (&usage["choices"], &usage["usage"]["completion_tokens"]),
        (&json!([]), &json!(5))
    );
    assert!(finish["usage"].is_null() && finish.get("usage").is_some());
}

#[tokio::test]
async fn every_form_of_prompt_is_read() {
    let sim = start();
    let client = Client::h1(&sim);
    for (prompt, tokens) in [
        (json!("abcd"), 1),
        (json!(["abcd", "efg"]), 2),
        (json!([1, 2, 3]), 3),
    ] {
        let body = json!({"model": "m", "prompt": prompt});
        let answer = client.call(COMPLETIONS, &body).await.json();
        assert_eq!(answer["usage"]["prompt_tokens"], tokens, "{body}");
    }
    for body in [
        json!({"model": "m", "prompt": {}}),
        json!({"model": "m", "messages": []}),
    ] {
        assert_eq!(client.call(COMPLETIONS, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn no_limit_is_sixteen_tokens() {
    let sim = start();
    let body = Client::h1(&sim)
        .call(COMPLETIONS, &prompt("m?tokens=20", false))
        .await
        .json();
    assert_eq!(
        (
            &body["choices"][0]["finish_reason"],
            &body["usage"]["completion_tokens"]
        ),
        (&json!("length"), &json!(16))
    );
}
