//! Recorded answers, byte for byte.

use std::time::Duration;

use super::client::{CHAT, Client, read, start};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use wayleave_sim::{Outcome, Replay};

fn pieces(text: &str, size: usize) -> Vec<Bytes> {
    text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect()
}

fn replay(status: u16, chunks: Vec<Bytes>) -> Replay {
    let headers = HeaderMap::from_iter([
        (
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            http::header::TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        ),
        (http::header::RETRY_AFTER, HeaderValue::from_static("45")),
    ]);
    Replay {
        status: StatusCode::from_u16(status).expect("valid"),
        headers,
        chunks,
        pause: Duration::ZERO,
    }
}

#[tokio::test]
async fn a_model_is_answered_verbatim() {
    let sim = start();
    let text = "data: {\"odd\" :  1}\r\n\r\n: comment\n\ndata: [DONE]\n\n";
    sim.replay("gemini-pro", replay(200, pieces(text, 7)))
        .expect("room");
    for client in [Client::h1(&sim).with_key(None), Client::h2(&sim)] {
        let answer = client
            .call("/any/path", &json!({"model": "gemini-pro", "other": 1}))
            .await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, text));
        assert_eq!(
            (&answer.headers["content-type"], &answer.headers["retry-after"]),
            (
                &HeaderValue::from_static("text/event-stream"),
                &HeaderValue::from_static("45")
            )
        );
        assert!(answer.complete);
    }
    assert!(
        sim.requests()
            .iter()
            .all(|request| request.outcome == Outcome::Answered)
    );
    assert_eq!(Client::h1(&sim).ask(CHAT, "other", false).await.status, 200);
}

#[tokio::test]
async fn a_path_is_answered_verbatim() {
    let sim = start();
    let path = "/v1beta/models/gemini:generateContent";
    sim.replay(path, replay(503, vec![])).expect("room");
    let answer = read(
        Client::h1(&sim)
            .send(Method::PUT, &format!("{path}?key=x"), Bytes::new())
            .await
            .expect("headers"),
    )
    .await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (503, ""));
    assert_eq!(sim.requests()[0].outcome, Outcome::Answered);
}

#[tokio::test]
async fn pieces_arrive_apart() {
    let sim = start();
    sim.replay(
        "m",
        Replay {
            pause: Duration::from_millis(5),
            ..replay(200, pieces("abcdefgh", 3))
        },
    )
    .expect("room");
    for client in [Client::h1(&sim), Client::h2(&sim)] {
        let mut body = client
            .post(CHAT, &json!({"model": "m"}))
            .await
            .expect("headers")
            .into_body();
        let mut arrived = Vec::new();
        while let Some(frame) = body.frame().await {
            arrived.push(frame.expect("no error").into_data().expect("data"));
        }
        arrived.retain(|piece| !piece.is_empty());
        assert_eq!(arrived, ["abc", "def", "gh"]);
    }
}
