//! Delays, in paused time: the clock moves only when everybody waits.

use std::time::Duration;

use super::client::{CHAT, Client, MESSAGES, hello, start};
use http_body_util::BodyExt;
use tokio::time::Instant;

/// Arrival times of the events, from the request's start; first the headers'.
async fn arrivals(path: &str, model: &str) -> Vec<(Duration, String)> {
    let sim = start();
    let begin = Instant::now();
    let response = Client::h1(&sim)
        .post(path, &hello(model, true))
        .await
        .expect("headers");
    let mut arrivals = vec![(begin.elapsed(), String::new())];
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let data = frame.expect("no error").into_data().expect("data");
        arrivals.push((begin.elapsed(), String::from_utf8(data.to_vec()).expect("text")));
    }
    arrivals
}

fn within(time: Duration, wanted: u64) -> bool {
    (wanted..wanted + 20).contains(&u64::try_from(time.as_millis()).expect("short"))
}

#[tokio::test(start_paused = true)]
async fn framing_comes_at_once_and_content_in_time() {
    for path in [CHAT, MESSAGES] {
        let arrivals = arrivals(path, "m?headers-delay=1s&ttft=300ms&pace=100ms&chunks=4").await;
        assert!(within(arrivals[0].0, 1_000), "{arrivals:?}");
        assert!(within(arrivals[1].0, 1_000), "{arrivals:?}");
        let (first, _) = arrivals
            .iter()
            .find(|(_, text)| text.contains("Answ"))
            .expect("content");
        assert!(within(*first, 1_300), "{arrivals:?}");
        assert!(within(arrivals.last().expect("events").0, 1_600), "{arrivals:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drip_lasts() {
    let last = arrivals(CHAT, "m?drip&chunks=5").await.pop().expect("events");
    assert!(within(last.0, 4_000), "{last:?}");
    let sim = start();
    let begin = Instant::now();
    let answer = Client::h1(&sim).ask(CHAT, "m?drip&bytes=2KiB", false).await;
    assert!(
        answer.complete && within(begin.elapsed(), 15_000),
        "{:?}",
        begin.elapsed()
    );
    answer.json();
}

#[tokio::test(start_paused = true)]
async fn an_unstreamed_answer_waits_before_its_headers() {
    let sim = start();
    let begin = Instant::now();
    Client::h1(&sim)
        .post(CHAT, &hello("m?headers-delay=1s&ttft=300ms", false))
        .await
        .expect("headers");
    assert!(within(begin.elapsed(), 1_300), "{:?}", begin.elapsed());
}
