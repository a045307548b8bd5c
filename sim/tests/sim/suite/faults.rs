//! Errors and everything that goes wrong under 200.

use std::time::{Duration, SystemTime};

use super::client::{Answer, CHAT, Client, MESSAGES, hello, start};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use wayleave_sim::{Outcome, Sim};

/// Longer than anything here takes; time is paused where it has to pass.
const LONG: Duration = Duration::from_secs(60);

fn text_of(events: &[Value]) -> String {
    let piece = |event: &Value| {
        let openai = event.pointer("/choices/0/delta/content");
        openai
            .or_else(|| event.pointer("/delta/text"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    events.iter().filter_map(piece).collect()
}

async fn outcome(sim: &Sim) -> Outcome {
    sim.wait_for(
        |requests| requests.iter().all(|r| r.outcome != Outcome::Running),
        LONG,
    )
    .await
    .expect("an end");
    sim.requests().last().expect("a request").outcome
}

#[tokio::test]
async fn errors_have_status_body_and_headers() {
    let sim = start();
    let client = Client::h1(&sim);
    for (model, status, code) in [
        ("m?status=429", 429, json!("rate_limit_exceeded")),
        ("m?status=500", 500, Value::Null),
        ("m?status=529", 529, Value::Null),
        ("m?error=context_length", 400, json!("context_length_exceeded")),
        ("m?error=content_filter", 400, json!("content_filter")),
        ("m?error=invalid_key", 401, json!("invalid_api_key")),
        ("m?error=model_not_found", 404, json!("model_not_found")),
        ("m?error=overloaded", 503, Value::Null),
        (
            "m?error=context_length&status=413",
            413,
            json!("context_length_exceeded"),
        ),
    ] {
        let answer = client.ask(CHAT, model, true).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (status, &code),
            "{model}"
        );
    }
}

#[tokio::test]
async fn retry_after_takes_every_form() {
    let sim = start();
    let client = Client::h1(&sim);
    let header = |answer: &Answer, name: &str| answer.headers[name].to_str().expect("text").to_owned();
    let seconds = client.ask(CHAT, "m?status=429&retry-after=2", false).await;
    assert_eq!(header(&seconds, "retry-after"), "2");
    let millis = client.ask(CHAT, "m?status=429&retry-after-ms=250", false).await;
    assert_eq!(header(&millis, "retry-after-ms"), "250");
    let date = client.ask(CHAT, "m?status=429&retry-after-date=100", false).await;
    let date = httpdate::parse_http_date(&header(&date, "retry-after")).expect("a date");
    let ahead = date.duration_since(SystemTime::now()).expect("in the future");
    assert!(
        ahead > Duration::from_secs(60) && ahead <= Duration::from_secs(100),
        "{ahead:?}"
    );
    let fine = client.ask(CHAT, "m?retry-after=7", true).await;
    assert_eq!(
        (fine.status.as_u16(), header(&fine, "retry-after").as_str()),
        (200, "7")
    );
}

#[tokio::test(start_paused = true)]
async fn hang_headers_never_answers() {
    let sim = start();
    let client = Client::h1(&sim);
    for path in [CHAT, MESSAGES] {
        let body = hello("m?hang=headers", true);
        assert!(
            tokio::time::timeout(LONG, client.post(path, &body))
                .await
                .is_err()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn hang_body_sends_headers_only() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        for stream in [true, false] {
            let response = client
                .post(CHAT, &hello("m?hang=body", stream))
                .await
                .expect("headers");
            assert_eq!(response.status(), 200);
            let mut body = response.into_body();
            assert!(tokio::time::timeout(LONG, body.frame()).await.is_err());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hang_mid_stops_half_way() {
    let sim = start();
    for (client, stream) in [
        (Client::h1(&sim), true),
        (Client::h2(&sim), true),
        (Client::h1(&sim), false),
    ] {
        let response = client
            .post(CHAT, &hello("m?chunks=10&hang=mid", stream))
            .await
            .expect("headers");
        let mut body = response.into_body();
        let mut text = String::new();
        while let Ok(frame) = tokio::time::timeout(LONG, body.frame()).await {
            let data = frame
                .expect("no end")
                .expect("no error")
                .into_data()
                .expect("data");
            text.push_str(std::str::from_utf8(&data).expect("text"));
        }
        assert_eq!(
            text.matches("\"content\":").count(),
            if stream { 6 } else { 1 },
            "{text}"
        );
        assert!(
            !text.contains("[DONE]") && serde_json::from_str::<Value>(&text).is_err(),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_error_frame_comes_under_200() {
    let sim = start();
    let client = Client::h1(&sim);
    let openai = client.ask(CHAT, "m?fault=error-frame&status=429", true).await;
    let [event] = &openai.events()[..] else {
        panic!("{}", openai.text)
    };
    assert_eq!(
        (openai.status.as_u16(), &event["error"]["code"]),
        (200, &json!("rate_limit_exceeded"))
    );
    let anthropic = client.ask(MESSAGES, "m?fault=error-frame", true).await;
    assert!(
        anthropic.text.starts_with("event: error\ndata: {"),
        "{}",
        anthropic.text
    );
    assert_eq!(anthropic.events()[0]["error"]["type"], "overloaded_error");
    let whole = client.ask(CHAT, "m?fault=error-frame", false).await;
    assert_eq!(
        (whole.status.as_u16(), &whole.json()["error"]["type"]),
        (200, &json!("server_error"))
    );
}

#[tokio::test]
async fn an_error_can_come_half_way() {
    let sim = start();
    for path in [CHAT, MESSAGES] {
        let events = Client::h1(&sim)
            .ask(path, "m?chunks=10&fault=error-mid", true)
            .await
            .events();
        assert_eq!(text_of(&events).len(), 20);
        assert!(events.last().expect("events")["error"].is_object());
    }
}

#[tokio::test]
async fn an_empty_end_has_no_content() {
    let sim = start();
    let client = Client::h1(&sim);
    assert_eq!(
        client.ask(CHAT, "m?fault=empty-done", true).await.text,
        "data: [DONE]\n\n"
    );
    let kinds: Vec<Value> = client
        .ask(MESSAGES, "m?fault=empty-done", true)
        .await
        .events()
        .iter()
        .map(|event| event["type"].clone())
        .collect();
    assert_eq!(kinds, ["message_start", "message_stop"]);
    let openai = client.ask(CHAT, "m?fault=empty-done", false).await.json();
    assert_eq!(openai["choices"][0]["message"]["content"], "");
    assert_eq!(
        client.ask(MESSAGES, "m?fault=empty-done", false).await.json()["content"],
        json!([])
    );
}

#[tokio::test]
async fn a_cut_comes_after_half_of_the_content() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        for path in [CHAT, MESSAGES] {
            let stream = client.ask(path, "m?chunks=10&fault=cut", true).await;
            assert!(!stream.complete);
            assert_eq!(text_of(&stream.events()).len(), 20, "{}", stream.text);
            assert_eq!(outcome(&sim).await, Outcome::Failed);
        }
        let whole = client.ask(CHAT, "m?fault=cut", false).await;
        let promised: usize = whole.headers["content-length"]
            .to_str()
            .expect("text")
            .parse()
            .expect("a number");
        assert!(
            !whole.complete && whole.text.len() == promised / 2,
            "{} of {promised}",
            whole.text.len()
        );
    }
}

#[tokio::test]
async fn a_stream_can_end_without_its_end() {
    let sim = start();
    let client = Client::h1(&sim);
    let openai = client.ask(CHAT, "m?chunks=10&fault=no-done", true).await;
    assert!(openai.complete && !openai.text.contains("[DONE]") && !openai.text.contains("\"stop\""));
    assert_eq!(text_of(&openai.events()).len(), 40);
    let anthropic = client.ask(MESSAGES, "m?chunks=10&fault=no-done", true).await;
    assert!(anthropic.complete && !anthropic.text.contains("message_stop"));
    let whole = client.ask(CHAT, "m?fault=no-done", false).await;
    assert!(whole.complete && serde_json::from_str::<Value>(&whole.text).is_err());
}

#[tokio::test]
async fn garbage_is_no_format() {
    let sim = start();
    for stream in [true, false] {
        let answer = Client::h1(&sim).ask(CHAT, "m?fault=garbage", stream).await;
        assert_eq!((answer.status.as_u16(), answer.complete), (200, true));
        assert!(answer.events().is_empty() && serde_json::from_str::<Value>(&answer.text).is_err());
    }
}

#[tokio::test]
async fn a_reset_leaves_no_answer() {
    let sim = start();
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        assert!(client.post(CHAT, &hello("m?fault=reset", true)).await.is_err());
        assert_eq!(outcome(&sim).await, Outcome::Failed);
    }
}
