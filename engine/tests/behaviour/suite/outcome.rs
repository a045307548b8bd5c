//! The outcome table, row by row: whose fault an attempt's end is, and what follows.

use std::time::Duration;

use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::Instant;
use wayleave_core::outcome::{FallbackOn, FallbackReason};
use wayleave_core::snapshot::{Retry, Rule, SlowStream, Step, Timeouts};

use super::support::{Ask, Books, Gateway, Got, Key, pick, rule};

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Books) {
    let got = gateway.ask(ask).await;
    let books = gateway.books(got.call_id()).await;
    (got, books)
}

/// A retry policy that tests can wait for.
fn tries(attempts: u32) -> Retry {
    Retry {
        attempts,
        backoff: Duration::from_millis(20),
        max_backoff: Duration::from_secs(2),
    }
}

fn chain_of(steps: Vec<Step>, retry: Retry) -> Gateway {
    let keys = [Key::new("a"), Key::new("b"), Key::new("c")];
    Gateway::start(&keys, Rule { retry, ..rule(steps) })
}

#[tokio::test]
async fn an_answer_is_served_with_its_books() {
    let gateway = Gateway::chain(&[("a", "m"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    let got = got.ok();
    assert_eq!(books.lines(), ["primary a ok 200"]);
    assert_eq!(books.ticks(), [Some(got.price(1, 2))]);
    assert_eq!(books.end(), "ok 200");
    assert_eq!(got.header("x-wayleave-target"), Some("team/a/m"));
    assert_eq!(got.header("x-wayleave-attempts"), Some("1"));
    let attempt = &books.attempts[0];
    assert_eq!(attempt["key"], "team/sk-a");
    assert_eq!(attempt["model_asked"], "m");
    assert_eq!(attempt["model_served"], "m");
    assert_eq!(attempt["cost_source"], "table");
    assert_eq!(attempt["estimated"], false);
    assert!(attempt["reason"].is_null());
    assert_eq!(books.call["provider"], "team/a");
    assert_eq!(books.call["model_asked"], "chat");
}

#[tokio::test]
async fn row_400_404_413_422_are_the_callers_and_returned_at_once() {
    for status in [400, 404, 413, 422] {
        let model = format!("m?status={status}");
        let gateway = Gateway::chain(&[("a", &model), ("b", "m")]);
        let (got, books) = asked(&gateway, Ask::chat()).await;
        assert_eq!(got.status, status);
        assert_eq!(books.lines(), [format!("primary a caller {status}")]);
        assert_eq!(books.ticks(), [Some(0)]);
        assert_eq!(books.end(), format!("caller {status}"));
        assert!(gateway.sent_to("b").is_empty());
        // The only answer, in the client's own format: word for word.
        assert!(got.json()["error"]["message"].is_string(), "{}", got.text());
        assert!(got.json()["error"]["attempts"].is_null(), "{}", got.text());
    }
}

#[tokio::test]
async fn row_context_length_falls_back() {
    let gateway = Gateway::chain(&[("a", "m?error=context_length"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(
        books.lines(),
        ["primary a context_length 400", "fallback b ok 200"]
    );
}

#[tokio::test]
async fn row_content_filter_falls_back_only_where_the_route_says_so() {
    let gateway = Gateway::chain(&[("a", "m?error=content_filter"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert_eq!(got.status, 400);
    assert_eq!(books.lines(), ["primary a content_filter 400"]);
    let willing = Rule {
        fallback_on: FallbackOn::new([FallbackReason::ContentFilter]),
        ..rule(vec![pick("a", "m?error=content_filter"), pick("b", "m")])
    };
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], willing);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(
        books.lines(),
        ["primary a content_filter 400", "fallback b ok 200"]
    );
}

#[tokio::test]
async fn row_401_402_403_go_to_the_next_key_at_once() {
    for status in [401, 402, 403] {
        let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-good", 0)]);
        let retry = Rule {
            retry: Retry::default(),
            ..rule(vec![pick("a", "m"), pick("b", "m")])
        };
        let gateway = Gateway::start(&[pool, Key::new("b")], retry);
        gateway
            .sim
            .key("sk-bad", &format!("status={status}"))
            .expect("known");
        let (got, books) = asked(&gateway, Ask::chat()).await;
        let got = got.ok();
        let refused = format!("primary a auth_failed {status}");
        assert_eq!(books.lines(), [refused.as_str(), "retry a ok 200"]);
        assert_eq!(books.attempts[0]["key"], "team/sk-bad");
        assert_eq!(books.attempts[1]["key"], "team/sk-good");
        assert_eq!(books.ticks(), [Some(0), Some(got.price(1, 2))]);
        assert_eq!(got.header("x-wayleave-attempts"), Some("2"));
    }
}

#[tokio::test]
async fn row_auth_failed_with_every_key_goes_to_the_next_target() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-worse", 1)]);
    let gateway = Gateway::start(&[pool, Key::new("b")], rule(vec![pick("a", "m"), pick("b", "m")]));
    gateway.sim.key("sk-bad", "status=401").expect("known");
    gateway.sim.key("sk-worse", "status=401").expect("known");
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    let wanted = [
        "primary a auth_failed 401",
        "retry a auth_failed 401",
        "fallback b ok 200",
    ];
    assert_eq!(books.lines(), wanted);
}

#[tokio::test]
async fn row_429_goes_to_the_next_key_then_the_next_target_without_sleeping() {
    let pool = Key::new("a").secrets(&[("sk-1", 1), ("sk-2", 1)]);
    let patient = Rule {
        retry: tries(3),
        ..rule(vec![pick("a", "m?status=429&retry-after=2"), pick("b", "m")])
    };
    let gateway = Gateway::start(&[pool, Key::new("b")], patient);
    let started = Instant::now();
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    let wanted = [
        "primary a rate_limited 429",
        "retry a rate_limited 429",
        "fallback b ok 200",
    ];
    assert_eq!(books.lines(), wanted);
    assert_ne!(books.attempts[0]["key"], books.attempts[1]["key"]);
}

#[tokio::test]
async fn row_429_is_waited_for_where_nothing_else_is_left() {
    let gateway = chain_of(vec![pick("a", "m")], tries(1));
    gateway
        .sim
        .script("m", &["status=429&retry-after-ms=150"])
        .expect("known");
    let started = Instant::now();
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert!(
        started.elapsed() >= Duration::from_millis(150),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(books.lines(), ["primary a rate_limited 429", "retry a ok 200"]);
}

#[tokio::test]
async fn row_429_that_lasts_too_long_is_told_with_its_retry_after() {
    let gateway = chain_of(vec![pick("a", "m?status=429&retry-after=30")], tries(1));
    let started = Instant::now();
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!((got.status, got.header("retry-after")), (429, Some("30")));
    assert_eq!(books.lines(), ["primary a rate_limited 429"]);
}

#[tokio::test]
async fn row_408_5xx_529_try_the_same_target_again_and_then_the_next() {
    for status in [408, 500, 502, 503, 504, 529] {
        let model = format!("m?status={status}");
        let gateway = chain_of(vec![pick("a", &model), pick("b", "m")], tries(1));
        let started = Instant::now();
        let (got, books) = asked(&gateway, Ask::chat()).await;
        got.ok();
        // The backoff of 20 ms, less a fifth.
        assert!(
            started.elapsed() >= Duration::from_millis(16),
            "{:?}",
            started.elapsed()
        );
        let [first, second] = ["primary", "retry"].map(|role| format!("{role} a server_error {status}"));
        assert_eq!(books.lines(), [first.as_str(), &second, "fallback b ok 200"]);
        assert_eq!(books.ticks()[..2], [Some(0), Some(0)]);
    }
}

#[tokio::test]
async fn row_server_error_that_passes_is_served_by_the_same_target() {
    let gateway = chain_of(vec![pick("a", "m"), pick("b", "m")], tries(2));
    gateway
        .sim
        .script("m", &["status=500", "status=503"])
        .expect("known");
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    let wanted = [
        "primary a server_error 500",
        "retry a server_error 503",
        "retry a ok 200",
    ];
    assert_eq!(books.lines(), wanted);
}

#[tokio::test]
async fn row_network_reset_before_the_head() {
    let gateway = Gateway::chain(&[("a", "m?fault=reset"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a network -", "fallback b ok 200"]);
    assert_eq!(books.ticks()[0], Some(0));
}

#[tokio::test]
async fn row_network_break_in_an_unstreamed_body() {
    let gateway = Gateway::chain(&[("a", "m?fault=cut"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a network 200", "fallback b ok 200"]);
    // Half a body under its own length is no break that HTTP could tell.
    let gateway = Gateway::chain(&[("a", "m?fault=no-done"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a malformed 200", "fallback b ok 200"]);
}

#[tokio::test]
async fn row_network_connection_refused() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("bound")
        .local_addr()
        .expect("bound")
        .port();
    let closed = Key::new("a").at(format!("http://127.0.0.1:{port}/v1"));
    let gateway = Gateway::start(
        &[closed, Key::new("b")],
        rule(vec![pick("a", "m"), pick("b", "m")]),
    );
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary a network -", "fallback b ok 200"]);
    let reason = books.attempts[0]["reason"].as_str().expect("a reason").to_owned();
    assert!(
        reason.starts_with("cannot connect") && !reason.contains("http"),
        "{reason}"
    );
}

#[tokio::test]
async fn row_network_connect_timeout() {
    // A socket whose queue is full answers no further connection.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("bound");
    let listener = socket.listen(1).expect("listens");
    let address = listener.local_addr().expect("bound");
    let mut filling = Vec::new();
    let full = Duration::from_millis(300);
    while let Ok(connected) = tokio::time::timeout(full, tokio::net::TcpStream::connect(address)).await {
        filling.push(connected.expect("queued"));
        assert!(filling.len() < 100, "the queue never fills");
    }
    let timeouts = Timeouts {
        connect: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let silent = Key::new("a").at(format!("http://{address}/v1"));
    let quick = Rule {
        timeouts,
        ..rule(vec![pick("a", "m"), pick("b", "m")])
    };
    let gateway = Gateway::start(&[silent, Key::new("b")], quick);
    let started = Instant::now();
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert!(started.elapsed() >= Duration::from_millis(100));
    assert_eq!(books.lines(), ["primary a network -", "fallback b ok 200"]);
    drop(filling);
}

#[tokio::test]
async fn row_no_content_in_time_goes_on_without_another_try() {
    let timeouts = Timeouts {
        first_content: Duration::from_millis(150),
        ..Timeouts::default()
    };
    for hang in ["headers", "body"] {
        let model = format!("m?hang={hang}");
        let patient = Rule {
            timeouts,
            retry: tries(3),
            ..rule(vec![pick("a", &model), pick("b", "m")])
        };
        let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], patient);
        let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
        got.ok();
        let status = if hang == "headers" { "-" } else { "200" };
        assert_eq!(
            books.lines(),
            [&format!("primary a timeout {status}"), "fallback b ok 200"]
        );
        // It may have been billed all the same: the input is counted.
        assert_eq!(books.attempts[0]["estimated"], true);
        assert_eq!(books.attempts[0]["cost_source"], "estimate");
        assert!(books.ticks()[0] > Some(0), "{books:?}");
    }
}

#[tokio::test]
async fn row_too_few_characters_per_second() {
    let slow = Rule {
        slow_stream: Some(SlowStream {
            min_characters_per_second: 200,
            window: Duration::from_millis(200),
        }),
        ..rule(vec![
            pick("a", "m?chunks=100&chunk-bytes=1&pace=20ms"),
            pick("b", "m?chunks=400&chunk-bytes=4&pace=1ms"),
        ])
    };
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], slow);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert_eq!(books.lines(), ["primary a slow_stream 200", "fallback b ok 200"]);
    assert_eq!(
        got.said().len(),
        1600,
        "nothing of the slow one reached the client"
    );
}

#[tokio::test]
async fn row_an_error_inside_a_200_is_classed_by_its_content() {
    for (inside, class) in [
        ("error=overloaded", "server_error"),
        ("status=429", "rate_limited"),
        ("error=context_length", "context_length"),
        ("status=500", "server_error"),
    ] {
        for streamed in [true, false] {
            let model = format!("m?fault=error-frame&{inside}");
            let gateway = Gateway::chain(&[("a", &model), ("b", "m")]);
            let ask = if streamed {
                Ask::chat().streamed()
            } else {
                Ask::chat()
            };
            let (got, books) = asked(&gateway, ask).await;
            got.ok();
            let first = format!("primary a {class} 200");
            assert_eq!(
                books.lines(),
                [first.as_str(), "fallback b ok 200"],
                "{inside} {streamed}"
            );
            assert_eq!(books.ticks()[0], Some(0), "an error is not billed");
        }
    }
}

#[tokio::test]
async fn row_a_callers_error_inside_a_200_is_returned() {
    let gateway = Gateway::chain(&[("a", "m?fault=error-frame&status=400"), ("b", "m")]);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    assert_eq!(got.status, 400);
    assert_eq!(books.lines(), ["primary a caller 200"]);
    assert!(got.json()["error"]["message"].is_string(), "{}", got.text());
}

#[tokio::test]
async fn row_an_empty_answer_goes_to_the_next() {
    for ask in [
        Ask::chat(),
        Ask::chat().streamed(),
        Ask::messages(),
        Ask::messages().streamed(),
    ] {
        let gateway = Gateway::chain(&[("a", "m?fault=empty-done"), ("b", "m")]);
        let (got, books) = asked(&gateway, ask).await;
        got.ok();
        assert_eq!(books.lines(), ["primary a empty 200", "fallback b ok 200"]);
    }
}

#[tokio::test]
async fn row_an_empty_answer_is_an_answer_where_nobody_else_is_left() {
    let gateway = Gateway::chain(&[("a", "m?tokens=0")]);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    let got = got.ok();
    assert_eq!(got.said(), "");
    assert_eq!(books.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn row_garbage_under_200_goes_to_the_next() {
    for ask in [
        Ask::chat(),
        Ask::chat().streamed(),
        Ask::messages(),
        Ask::messages().streamed(),
    ] {
        let gateway = Gateway::chain(&[("a", "m?fault=garbage"), ("b", "m")]);
        let (got, books) = asked(&gateway, ask).await;
        got.ok();
        assert_eq!(books.lines(), ["primary a malformed 200", "fallback b ok 200"]);
    }
}

#[tokio::test]
async fn row_all_failed_tells_the_most_telling_with_the_list_of_attempts() {
    let chain = [
        ("a", "m?hang=headers"),
        ("b", "m?status=503"),
        ("c", "m?status=429&retry-after=7"),
    ];
    let quick = Rule {
        timeouts: Timeouts {
            first_content: Duration::from_millis(100),
            first_content_set: true,
            ..Timeouts::default()
        },
        ..rule(
            chain
                .iter()
                .map(|(provider, model)| pick(provider, model))
                .collect(),
        )
    };
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b"), Key::new("c")], quick);
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
    assert_eq!(
        got.header("x-wayleave-target"),
        Some("team/c/m?status=429&retry-after=7")
    );
    assert_eq!(got.header("x-wayleave-attempts"), Some("3"));
    let error = &got.json()["error"];
    assert_eq!(error["type"], "rate_limit_error");
    let attempts = json!([
        {"target": "team/a/m?hang=headers", "class": "timeout", "status": null},
        {"target": "team/b/m?status=503", "class": "server_error", "status": 503},
        {"target": "team/c/m?status=429&retry-after=7", "class": "rate_limited", "status": 429},
    ]);
    assert_eq!(error["attempts"], attempts);
    assert_eq!(
        books.lines(),
        [
            "primary a timeout -",
            "fallback b server_error 503",
            "fallback c rate_limited 429"
        ]
    );
    assert_eq!(books.end(), "rate_limited 429");
}

#[tokio::test]
async fn a_broken_target_is_passed_over_and_told() {
    let broken = Key::new("a").broken("its Secret has no entry apiKey");
    let gateway = Gateway::start(
        &[broken.clone(), Key::new("b")],
        rule(vec![pick("a", "m"), pick("b", "m")]),
    );
    let (got, books) = asked(&gateway, Ask::chat()).await;
    got.ok();
    assert_eq!(books.lines(), ["primary b ok 200"]);
    let gateway = Gateway::start(&[broken], rule(vec![pick("a", "m"), pick("nowhere", "m")]));
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert_eq!(got.status, 503);
    assert!(books.lines().is_empty());
    assert!(
        got.text().contains("its Secret has no entry apiKey"),
        "{}",
        got.text()
    );
    assert_eq!(got.json()["error"]["attempts"][1]["target"], "team/nowhere");
}
