//! Azure's OpenAI deployments.

use super::client::{Client, hello, start};
use serde_json::{Value, json};

const CHAT: &str = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";

fn client(sim: &wayleave_sim::Sim) -> Client {
    Client::h1(sim).with_headers(&[("api-key", "azure-key")])
}

fn at(model: &str) -> String {
    CHAT.replace("gpt-4o", &model.replace('?', "%3F"))
}

#[tokio::test]
async fn a_whole_answer_has_the_filters_results() {
    let sim = start();
    let answer = client(&sim)
        .call(&at("gpt-4o?tokens=5"), &hello("other", false))
        .await;
    assert!(answer.headers.contains_key("apim-request-id"));
    let body = answer.json();
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "Answer from gpt-4o: rain falls"
    );
    assert_eq!(body["prompt_filter_results"][0]["prompt_index"], 0);
    assert!(body["choices"][0]["content_filter_results"].is_object());
    let request = &sim.requests()[0];
    assert_eq!(
        (request.model.as_deref(), request.key.as_deref()),
        (Some("gpt-4o"), Some("azure-key"))
    );
}

#[tokio::test]
async fn a_stream_begins_with_the_filters_results() {
    let sim = start();
    let mut body = hello("other", true);
    body["stream_options"] = json!({"include_usage": true});
    let events = client(&sim).call(&at("gpt-4o?tokens=5"), &body).await.events();
    let [first, middle @ .., usage, done] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (&first["choices"], &first["id"], &first["model"]),
        (&json!([]), &json!(""), &json!(""))
    );
    assert!(first["prompt_filter_results"].is_array());
    let text: String = middle
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "Answer from gpt-4o: rain falls");
    assert_eq!(
        (&usage["usage"]["completion_tokens"], done),
        (&json!(5), &json!("[DONE]"))
    );
}

#[tokio::test]
async fn a_key_and_a_version_are_needed() {
    let sim = start();
    let body = hello("gpt-4o", false);
    for (client, path, status) in [
        (client(&sim), CHAT, 200),
        (Client::h1(&sim), CHAT, 401),
        (
            Client::h1(&sim).with_key(Some("eyJhbGciOiJSUzI1NiJ9.e30.x")),
            CHAT,
            200,
        ),
        (client(&sim), "/openai/deployments/gpt-4o/chat/completions", 404),
        (client(&sim), "/openai/v1/chat/completions", 200),
    ] {
        let answer = client.call(path, &body).await;
        assert_eq!(answer.status, status, "{path}");
        if status != 200 {
            assert_eq!(answer.json()["error"]["code"], status.to_string());
            assert_eq!(answer.json()["error"].get("type"), None);
        }
    }
}

#[tokio::test]
async fn errors_are_azure_s_or_the_model_s() {
    let sim = start();
    let client = client(&sim);
    for (model, status, code) in [
        ("m?status=429&retry-after=7", 429, "429"),
        ("m?error=invalid_key", 401, "401"),
        ("m?error=model_not_found", 404, "DeploymentNotFound"),
        ("m?error=content_filter", 400, "content_filter"),
        ("m?error=context_length", 400, "context_length_exceeded"),
    ] {
        let answer = client.call(&at(model), &hello("m", true)).await;
        let error: Value = answer.json()["error"].clone();
        assert_eq!(
            (answer.status.as_u16(), &error["code"]),
            (status, &json!(code)),
            "{model}"
        );
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
    }
    let filtered = client
        .call(&at("m?error=content_filter"), &hello("m", false))
        .await
        .json();
    assert_eq!(
        filtered["error"]["innererror"]["code"],
        "ResponsibleAIPolicyViolation"
    );
}

#[tokio::test]
async fn a_stream_can_go_wrong_half_way() {
    let sim = start();
    let path = at("m?chunks=10&fault=error-mid&status=500");
    let events = client(&sim).call(&path, &hello("m", true)).await.events();
    let last = events.last().expect("events");
    assert_eq!(last["error"]["code"], "500");
    let text: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text.len(), 20);
}

#[tokio::test]
async fn embeddings_are_served_too() {
    let sim = start();
    let path = "/openai/deployments/embed/embeddings?api-version=2024-10-21";
    let body = json!({"input": "one two", "dimensions": 8});
    let answer = client(&sim).call(path, &body).await.json();
    assert_eq!(answer["model"], "embed");
    assert_eq!(answer["data"][0]["embedding"].as_array().map(Vec::len), Some(8));
}
