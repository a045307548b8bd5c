//! What is the same in every format: the course of an answer does not depend on what it is written in.

use std::time::Duration;

use super::client::{Client, start};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use wayleave_sim::{Outcome, Sim};

/// Longer than anything here takes; time is paused where it has to pass.
const LONG: Duration = Duration::from_secs(60);
const MUCH: usize = 1 << 20;

/// Paths of a streamed and a whole answer, and the request.
fn requests(behaviour: &str) -> Vec<(String, String, Value)> {
    let model = format!("m%3F{}", behaviour.replace('&', "%26"));
    let chat = json!([{"role": "user", "content": "Hello there"}]);
    let named = format!("m?{behaviour}");
    let same = |path: &str, body: Value| (path.to_owned(), path.to_owned(), body);
    let azure = format!("/openai/deployments/{model}/chat/completions?api-version=1");
    vec![
        same("/v1/responses", json!({"model": named, "input": "Hello there"})),
        same(
            "/v1/completions",
            json!({"model": named, "prompt": "Hello there"}),
        ),
        same("/v1/chat/completions", json!({"model": named, "messages": chat})),
        same(
            "/v1/messages",
            json!({"model": named, "messages": chat, "max_tokens": 99}),
        ),
        same(&azure, json!({"messages": chat})),
        (
            format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            format!("/v1beta/models/{model}:generateContent"),
            json!({"contents": [{"parts": [{"text": "Hello there"}]}]}),
        ),
        (
            format!("/v1beta/models/{model}:streamGenerateContent"),
            format!("/v1beta/models/{model}:generateContent"),
            json!({"contents": [{"parts": [{"text": "Hello there"}]}]}),
        ),
        (
            format!("/model/{model}/converse-stream"),
            format!("/model/{model}/converse"),
            json!({"messages": [{"role": "user", "content": [{"text": "Hello there"}]}]}),
        ),
    ]
}

/// The request, streamed where the body says so and not the path.
fn streamed(path: &str, mut body: Value) -> Value {
    if path.starts_with("/v1/") || path.starts_with("/openai/") {
        body["stream"] = json!(true);
    }
    body
}

fn client(sim: &Sim) -> Client {
    let bearer = ("authorization", "Bearer key");
    Client::h1(sim).with_headers(&[("api-key", "key"), bearer])
}

#[tokio::test]
async fn an_endless_stream_goes_on_until_the_client_leaves() {
    for (path, _, body) in requests("endless") {
        let sim = start();
        let response = client(&sim)
            .post(&path, &streamed(&path, body))
            .await
            .expect("headers");
        assert_eq!(response.status(), 200, "{path}");
        let mut body = response.into_body();
        let mut read = 0;
        while read < MUCH {
            let frame = body.frame().await.expect("no end").expect("no error");
            read += frame.into_data().expect("data").len();
        }
        drop(body);
        let left = |outcome: Outcome| matches!(outcome, Outcome::ClientLeft { .. });
        sim.wait_for(|requests| requests.iter().all(|r| left(r.outcome)), LONG)
            .await
            .expect("the client left");
    }
}

#[tokio::test]
async fn a_large_text_passes_whole_and_streamed() {
    let sim = start();
    for (stream, whole, body) in requests("bytes=1MiB") {
        for (path, body) in [(&stream, streamed(&stream, body.clone())), (&whole, body)] {
            let answer = client(&sim).call(path, &body).await;
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.complete && answer.bytes.len() > MUCH, "{path}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_can_hang_half_way() {
    let sim = start();
    for (path, _, body) in requests("chunks=10&hang=mid") {
        let body = streamed(&path, body);
        let mut body = client(&sim)
            .post(&path, &body)
            .await
            .expect("headers")
            .into_body();
        let mut read = 0;
        while let Ok(frame) = tokio::time::timeout(LONG, body.frame()).await {
            let frame = frame.expect("no end").expect("no error");
            read += frame.into_data().expect("data").len();
        }
        assert!(read > 0, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn delays_are_kept() {
    let sim = start();
    for (stream, whole, body) in requests("ttft=300ms&pace=10ms&chunks=3") {
        for (path, body, least) in [
            (&stream, streamed(&stream, body.clone()), 320),
            (&whole, body, 300),
        ] {
            let began = tokio::time::Instant::now();
            assert_eq!(client(&sim).call(path, &body).await.status, 200, "{path}");
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(least), "{path}: {took:?}");
        }
    }
}

#[tokio::test]
async fn no_answer_is_given_without_a_key() {
    let sim = start();
    for (stream, whole, body) in requests("") {
        for path in [&stream, &whole] {
            let answer = Client::h1(&sim).with_key(None).call(path, &body).await;
            assert!(
                [401, 403].contains(&answer.status.as_u16()),
                "{path}: {}",
                answer.status
            );
            assert!(answer.json().is_object());
        }
    }
}
