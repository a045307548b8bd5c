use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use wayleave_engine::call::{Body, Call};

use super::*;
use crate::request::Head;

const LIMITS: Limits = Limits {
    body: 10,
    headers: 200,
};

fn head(method: &Method, path: &str, headers: &[(&'static str, &str)], end: bool) -> Event {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect();
    Event::Head {
        head: Head {
            method: method.clone(),
            path: path.to_owned(),
            headers,
        },
        end,
    }
}

fn post(headers: &[(&'static str, &str)]) -> Event {
    head(&Method::POST, "/v1/chat/completions", headers, false)
}

fn body(text: &'static str, end: bool) -> Event {
    Event::Body {
        bytes: Bytes::from_static(text.as_bytes()),
        end,
    }
}

/// Runs events until one of them is more than waited for.
fn run(events: impl IntoIterator<Item = Event>) -> Result<Step, OutOfTurn> {
    let mut phase = Phase::Start;
    for event in events {
        match step(phase, event, LIMITS)? {
            Step::Wait(next) => phase = next,
            done @ (Step::Run(_) | Step::Reject(_) | Step::Echo { .. }) => return Ok(done),
        }
    }
    Ok(Step::Wait(phase))
}

async fn call(events: impl IntoIterator<Item = Event>) -> Call {
    let Step::Run(arriving) = run(events).unwrap() else {
        panic!("the request is not whole")
    };
    arriving.finish().await.unwrap()
}

fn status(events: impl IntoIterator<Item = Event>) -> StatusCode {
    let Step::Reject(rejection) = run(events).unwrap() else {
        panic!("the request is not turned away")
    };
    rejection.refusal.status()
}

#[tokio::test]
async fn a_body_comes_in_every_way_that_envoy_sends_it() {
    for events in [
        vec![post(&[]), body("abc", true)],
        vec![post(&[]), body("abc", false), body("", true)],
        vec![post(&[]), body("a", false), body("b", false), body("c", true)],
        vec![post(&[]), body("abc", false), Event::Trailers],
    ] {
        assert_eq!(call(events).await.body, "abc");
    }
}

#[tokio::test]
async fn a_request_without_a_body_runs_at_once() {
    let call = call([head(&Method::GET, "/v1/models", &[], true)]).await;
    assert_eq!(call.endpoint, wayleave_core::endpoint::Endpoint::Models);
    assert!(call.body.is_empty());
}

#[tokio::test]
async fn the_call_has_its_query_and_nothing_that_described_the_body_on_the_wire() {
    let headers = [
        ("content-length", "3"),
        ("content-encoding", "identity"),
        ("x-tier", "free"),
    ];
    let call = call([
        head(&Method::POST, "/v1/messages?beta=true", &headers, false),
        body("abc", true),
    ])
    .await;
    assert_eq!(call.path, "/v1/messages?beta=true");
    assert_eq!(call.headers.len(), 1);
    assert_eq!(call.headers["x-tier"], "free");
}

#[test]
fn a_foreign_path_is_echoed_whatever_it_carries() {
    let huge = "x".repeat(LIMITS.headers + 1);
    let headers = [("content-type", "text/html"), ("x-huge", huge.as_str())];
    for end in [true, false] {
        let seen = run([head(&Method::POST, "/healthz", &headers, end)]).unwrap();
        assert!(
            matches!(seen, Step::Echo { end: seen } if seen == end),
            "{seen:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_the_head_is_told_at_once() {
    let huge = "x".repeat(LIMITS.headers + 1);
    for (event, expected) in [
        (
            head(&Method::GET, "/v1/messages", &[], true),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            post(&[("content-type", "text/plain")]),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            post(&[("content-encoding", "br")]),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (post(&[("content-length", "11")]), StatusCode::PAYLOAD_TOO_LARGE),
        (
            post(&[("x-bomb", huge.as_str())]),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ),
    ] {
        assert_eq!(status([event]), expected);
    }
}

#[test]
fn json_is_taken_under_each_of_its_names() {
    for content_type in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.api+json",
    ] {
        let seen = run([post(&[("content-type", content_type)])]).unwrap();
        assert!(matches!(seen, Step::Wait(_)), "{content_type}: {seen:?}");
    }
}

#[test]
fn a_body_above_the_limit_is_refused_as_soon_as_it_is_seen() {
    let events = || vec![post(&[]), body("0123456789", false)];
    assert!(matches!(run(events()).unwrap(), Step::Wait(_)));
    let mut more = events();
    more.push(body("x", false));
    assert_eq!(status(more), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn head_is_refused_without_a_body() {
    let Step::Reject(rejection) = run([head(&Method::HEAD, "/v1/models", &[], true)]).unwrap() else {
        panic!()
    };
    let answer = rejection.into_answer();
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "GET");
    assert!(matches!(answer.body, Body::Whole(bytes, None) if bytes.is_empty()));
}

#[test]
fn events_out_of_turn_are_errors() {
    assert_eq!(run([body("a", true)]).unwrap_err(), OutOfTurn::HeadMissing);
    assert_eq!(run([Event::Trailers]).unwrap_err(), OutOfTurn::HeadMissing);
    assert_eq!(run([post(&[]), post(&[])]).unwrap_err(), OutOfTurn::HeadTwice);
}
