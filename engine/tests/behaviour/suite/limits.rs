//! What a provider allows for one credential.

use std::time::Duration;

use wayleave_core::snapshot::Limits;

use super::support::{Ask, Books, Gateway, Key, pick, rule};

fn limited(limits: Limits) -> Gateway {
    let keys = [Key::new("a").limits(limits), Key::new("b")];
    Gateway::start(&keys, rule(vec![pick("a", "m"), pick("b", "m")]))
}

async fn asked(gateway: &Gateway) -> Books {
    let got = gateway.ask(Ask::chat()).await.ok();
    gateway.books(got.call_id()).await
}

async fn after(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn requests_per_minute_make_the_next_target_serve() {
    let gateway = limited(Limits {
        requests_per_minute: Some(2),
        ..Limits::default()
    });
    for provider in ["a", "a", "b", "b"] {
        assert_eq!(
            asked(&gateway).await.lines(),
            [format!("primary {provider} ok 200")]
        );
    }
    after(Duration::from_secs(31)).await;
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a ok 200"],
        "half a minute gives one more"
    );
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"]);
}

#[tokio::test]
async fn requests_per_minute_count_for_each_key() {
    let limits = Limits {
        requests_per_minute: Some(1),
        ..Limits::default()
    };
    let pool = Key::new("a").secrets(&[("sk-1", 1), ("sk-2", 1)]).limits(limits);
    let gateway = Gateway::start(&[pool, Key::new("b")], rule(vec![pick("a", "m"), pick("b", "m")]));
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(
            asked(&gateway).await.attempts[0]["key"]
                .as_str()
                .map(str::to_owned),
        );
    }
    keys.sort();
    assert_eq!(keys, [Some("team/sk-1".to_owned()), Some("team/sk-2".to_owned())]);
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"]);
}

#[tokio::test]
async fn tokens_per_minute_make_the_next_target_serve() {
    let gateway = limited(Limits {
        tokens_per_minute: Some(10),
        ..Limits::default()
    });
    let first = asked(&gateway).await;
    assert_eq!(first.lines(), ["primary a ok 200"]);
    let usage = &first.attempts[0]["usage"];
    assert!(
        usage["input"]
            .as_u64()
            .zip(usage["output"].as_u64())
            .is_some_and(|(i, o)| i + o > 10),
        "{usage}"
    );
    assert_eq!(asked(&gateway).await.lines(), ["primary b ok 200"]);
}

#[tokio::test]
async fn calls_at_once_make_the_next_target_serve() {
    let gateway = limited(Limits {
        concurrency: Some(1),
        ..Limits::default()
    });
    gateway.sim.script("m", &["ttft=400ms"]).expect("known");
    let slow = gateway.ask(Ask::chat());
    let meanwhile = async {
        gateway.asked(1).await;
        asked(&gateway).await
    };
    let (slow, meanwhile) = tokio::join!(slow, meanwhile);
    assert_eq!(meanwhile.lines(), ["primary b ok 200"]);
    assert_eq!(gateway.books(slow.call_id()).await.lines(), ["primary a ok 200"]);
    assert_eq!(
        asked(&gateway).await.lines(),
        ["primary a ok 200"],
        "it is counted back"
    );
}

#[tokio::test]
async fn a_failed_or_cancelled_call_is_counted_back_too() {
    let gateway = limited(Limits {
        concurrency: Some(1),
        ..Limits::default()
    });
    gateway
        .sim
        .script("m", &["status=500", "", "hang=headers"])
        .expect("known");
    assert_eq!(asked(&gateway).await.lines()[0], "primary a server_error 500");
    let mut call = Box::pin(gateway.answer(Ask::chat()));
    tokio::select! {
        answer = &mut call => panic!("no answer was to come: {answer:?}"),
        () = gateway.asked(3) => {}
    }
    drop(call);
    super::support::eventually("it landed", || gateway.engine.in_flight() == 0).await;
    assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn with_nobody_else_the_provider_has_the_last_word() {
    let limits = Limits {
        requests_per_minute: Some(1),
        ..Limits::default()
    };
    let gateway = Gateway::start(&[Key::new("a").limits(limits)], rule(vec![pick("a", "m")]));
    for _ in 0..3 {
        assert_eq!(asked(&gateway).await.lines(), ["primary a ok 200"]);
    }
}
