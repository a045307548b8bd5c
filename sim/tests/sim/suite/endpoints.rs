//! Paths, keys, embeddings, models.

use super::client::{CHAT, Client, MESSAGES, hello, read, start};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use wayleave_sim::{Outcome, Sim, SimOptions};

#[tokio::test]
async fn any_prefix_is_served() {
    let sim = start();
    let client = Client::h1(&sim);
    for path in [
        "/chat/completions",
        "/openai/v1/chat/completions",
        "/anthropic/v1/messages",
    ] {
        assert_eq!(client.ask(path, "m", false).await.status, 200, "{path}");
    }
    let answer = client.ask("/v1/files", "m", false).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["code"]),
        (404, &Value::Null)
    );
}

#[tokio::test]
async fn a_key_is_needed_unless_keyless() {
    let sim = start();
    for path in [CHAT, MESSAGES] {
        assert_eq!(
            Client::h1(&sim).with_key(None).ask(path, "m", false).await.status,
            401
        );
    }
    let keyless = Sim::start(SimOptions {
        keyless: true,
        ..SimOptions::default()
    })
    .expect("a free port");
    assert_eq!(
        Client::h1(&keyless)
            .with_key(None)
            .ask(CHAT, "m", false)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn malformed_requests_get_400() {
    let sim = start();
    let client = Client::h1(&sim);
    for body in [
        "",
        "no json",
        "[]",
        "{}",
        r#"{"model": "m"}"#,
        r#"{"model": "m", "messages": []}"#,
    ] {
        let answer = read(
            client
                .send(Method::POST, CHAT, Bytes::from(body))
                .await
                .expect("headers"),
        )
        .await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
    let misspelt = client.ask(CHAT, "m?tfft=1s", false).await;
    assert_eq!(misspelt.status, 400);
    assert!(misspelt.text.contains("`tfft`"), "{}", misspelt.text);
}

#[tokio::test]
async fn embeddings_come_as_numbers_or_base64() {
    let sim = start();
    let client = Client::h1(&sim);
    let mut body = json!({"model": "embed?ttft=1ms", "input": ["one two", "three"], "dimensions": 8});
    let numbers = client.call("/v1/embeddings", &body).await.json();
    assert_eq!(
        (&numbers["model"], numbers["data"].as_array().map(Vec::len)),
        (&json!("embed"), Some(2))
    );
    assert_eq!(numbers["data"][1]["embedding"].as_array().map(Vec::len), Some(8));
    assert_eq!(numbers["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    body["encoding_format"] = json!("base64");
    let packed = client.call("/v1/embeddings", &body).await.json();
    assert_eq!(packed["data"][0]["embedding"].as_str().map(str::len), Some(44));
    let limited = client
        .call(
            "/v1/embeddings",
            &json!({"model": "embed?status=429", "input": "x"}),
        )
        .await;
    assert_eq!(limited.status, 429);
}

#[tokio::test]
async fn models_are_listed_in_both_formats() {
    let sim = Sim::start(SimOptions {
        models: vec!["a".to_owned(), "b".to_owned()],
        ..SimOptions::default()
    })
    .expect("a port");
    let client = Client::h1(&sim);
    let list = read(
        client
            .send(Method::GET, "/v1/models", Bytes::new())
            .await
            .expect("headers"),
    )
    .await
    .json();
    assert_eq!(
        (&list["object"], &list["data"][1]["id"]),
        (&json!("list"), &json!("b"))
    );
    sim.key("sk-test", "status=403").expect("known");
    let refused = client
        .send(Method::GET, "/v1/models", Bytes::new())
        .await
        .expect("headers");
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn requests_are_recorded() {
    let sim = start();
    Client::h2(&sim).ask(CHAT, "gpt-4.1?status=500", false).await;
    let [request] = &sim.requests()[..] else {
        panic!("{:?}", sim.requests())
    };
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", CHAT));
    assert_eq!(
        (request.model.as_deref(), request.key.as_deref()),
        (Some("gpt-4.1"), Some("sk-test"))
    );
    assert_eq!(request.headers["authorization"], "Bearer sk-test");
    assert_eq!(request.version, http::Version::HTTP_2);
    assert_eq!(request.body, hello("gpt-4.1?status=500", false).to_string());
    assert_eq!(request.outcome, Outcome::Answered);
    assert!(request.ended.expect("ended") >= request.started);
    assert_eq!(sim.active(), 0);
}

#[tokio::test]
async fn nothing_is_recorded_if_not_wanted() {
    let sim = Sim::start(SimOptions {
        record: 0,
        ..SimOptions::default()
    })
    .expect("a free port");
    assert_eq!(Client::h1(&sim).ask(CHAT, "m", true).await.status, 200);
    assert!(sim.requests().is_empty());
    assert_eq!(sim.active(), 0);
}

#[tokio::test]
async fn dropping_the_simulator_stops_it() {
    let sim = start();
    let client = Client::h1(&sim);
    let waiting = tokio::spawn({
        let client = Client::h1(&sim);
        async move { client.post(CHAT, &hello("m?hang=headers", false)).await.is_err() }
    });
    sim.wait_for(|requests| requests.len() == 1, std::time::Duration::from_secs(5))
        .await
        .expect("a request");
    drop(sim);
    assert!(waiting.await.expect("no panic"), "the running request must end");
    assert!(client.post(CHAT, &hello("m", false)).await.is_err());
}
