//! The load generator on real sockets.

#[cfg(test)]
mod stand_in;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wayleave_bench::http::call::{Call, Expect, Fault, Source, Timing};
use wayleave_bench::http::connection::Connection;
use wayleave_bench::load::{self, Lane, Shape};
use wayleave_bench::scenario::{Phase, Reader};

const ANSWER: Expect = Expect::Answer {
    min_bytes: 2048,
    source: Source::Any,
};
const STREAM: Expect = Expect::Stream {
    chunks: 64,
    source: Source::Any,
};

fn call(model: &str, expect: Expect) -> Arc<Call> {
    let body = serde_json::json!({"model": model}).to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: stand-in\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Arc::new(Call {
        request: [head, body].concat().into_bytes(),
        expect,
    })
}

async fn once(model: &str, expect: Expect) -> Result<Timing, Fault> {
    let address = stand_in::start().await;
    Connection::new(address, call(model, expect))
        .call(Instant::now())
        .await
}

#[tokio::test]
async fn each_kind_of_call_is_good_again_and_again() {
    let address = stand_in::start().await;
    for phase in Phase::ALL {
        let mut connection = Connection::new(address, Arc::new(phase.call(Reader::Simulator, address)));
        for _ in 0..3 {
            let timing = connection.call(Instant::now()).await.unwrap();
            assert_eq!(timing.first.is_some(), phase.streams(), "{phase:?}");
        }
    }
}

#[tokio::test]
async fn the_first_chunk_of_a_paced_stream_comes_long_before_its_end() {
    let timing = once("sim?chunks=64&chunk-bytes=32&pace=5ms", STREAM)
        .await
        .unwrap();
    // 63 pauses of at least 5 ms lie between.
    assert!(
        timing.total >= timing.first.unwrap() + Duration::from_millis(300),
        "{timing:?}"
    );
}

#[tokio::test]
async fn bad_answers_are_told() {
    for (model, expect, fault) in [
        ("cut", ANSWER, Fault::Cut),
        ("lost chunk", STREAM, Fault::Chunks { got: 63, want: 64 }),
        ("no done", STREAM, Fault::Unfinished),
        (
            "sim?status=429&retry-after=0",
            ANSWER,
            Fault::Status { got: 429, want: 200 },
        ),
    ] {
        assert_eq!(once(model, expect).await, Err(fault), "{model}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_opened_again() {
    let address = stand_in::start().await;
    let mut connection = Connection::new(address, call("close", ANSWER));
    for _ in 0..3 {
        connection.call(Instant::now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_bad_call() {
    // The listener is gone when the call comes.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = Connection::new(address, call("any", ANSWER))
        .call(Instant::now())
        .await;
    assert_eq!(outcome, Err(Fault::Io(std::io::ErrorKind::ConnectionRefused)));
}

#[tokio::test]
async fn both_loops_count_good_calls() {
    let address = stand_in::start().await;
    let call = call("sim?bytes=2KiB", ANSWER);
    let new = || Connection::new(address, Arc::clone(&call));
    let time = Duration::from_millis(200);
    let closed = load::run(Shape::Closed { connections: 4 }, time, &mut Vec::new(), new)
        .await
        .unwrap();
    assert!(closed.totals.len() > 8, "{}", closed.totals.len());
    assert_eq!((closed.bad, closed.fault), (0, None));
    let open = load::run(Shape::Open { per_second: 100 }, time, &mut Vec::new(), new)
        .await
        .unwrap();
    assert_eq!((open.totals.len(), open.bad, open.fault), (20, 0, None));
}
