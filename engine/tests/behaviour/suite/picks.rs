//! Which target of a step is asked, by what calls have shown.

use wayleave_core::price::Ratio;
use wayleave_core::snapshot::{Pick, Rule, Step, StickyBy};

use super::support::{Ask, Books, Gateway, Key, pick, rule, target};

/// One step over `PROVIDER` with the model `PROVIDER?…`.
fn step(pick: Pick, targets: &[(&str, &str)]) -> Step {
    Step::Pick {
        pick,
        targets: targets
            .iter()
            .map(|(provider, model)| target(provider, model))
            .collect(),
    }
}

async fn asked(gateway: &Gateway, ask: Ask) -> Books {
    let got = gateway.ask(ask).await.ok();
    gateway.books(got.call_id()).await
}

async fn provider(gateway: &Gateway, ask: Ask) -> String {
    let books = asked(gateway, ask).await;
    let provider = books.attempts[0]["provider"].as_str().expect("a provider");
    provider.trim_start_matches("team/").to_owned()
}

#[tokio::test]
async fn cheapest_learns_how_long_answers_are() {
    // Cheap input and dear output against the reverse. The answers are short, which nobody knows before.
    let keys = [
        Key::new("talker").price("9", "1"),
        Key::new("reader").price("1", "30"),
    ];
    let targets = [("talker", "t?tokens=2"), ("reader", "r?tokens=2")];
    let gateway = Gateway::start(&keys, rule(vec![step(Pick::Cheapest, &targets)]));
    let ask = || Ask::chat().with("messages", long_question());
    assert_eq!(
        provider(&gateway, ask()).await,
        "talker",
        "by the assumption of 256"
    );
    assert_eq!(provider(&gateway, ask()).await, "reader", "by what came");
}

/// About 200 tokens.
fn long_question() -> serde_json::Value {
    serde_json::json!([{"role": "user", "content": "word ".repeat(160)}])
}

#[tokio::test]
async fn what_fails_is_cheaper_than_nothing() {
    let keys = [Key::new("a").price("1", "1"), Key::new("b").price("5", "5")];
    let targets = [("a", "a?status=500"), ("b", "b")];
    let gateway = Gateway::start(&keys, rule(vec![step(Pick::Cheapest, &targets)]));
    let books = asked(&gateway, Ask::chat()).await;
    assert_eq!(books.lines(), ["primary a server_error 500", "fallback b ok 200"]);
}

#[tokio::test]
async fn a_call_above_its_limit_is_refused_before_any_spend() {
    let limited = |ticks| Rule {
        max_cost: Some(wayleave_core::money::Ticks::new(ticks)),
        ..rule(vec![pick("a", "m"), pick("unpriced", "m")])
    };
    let keys = [Key::new("a"), Key::new("unpriced").unpriced()];
    // 256 tokens of output at 2 dollars a million are more than 0.0001 dollars.
    let gateway = Gateway::start(&keys, limited(1_000_000));
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!(got.status, 402, "{}", got.text());
    let error = &got.json()["error"];
    assert_eq!(error["code"], "cost_limit_exceeded");
    let message = error["message"].as_str().expect("a message");
    assert!(
        message.contains("$0.0001 ") && message.contains("max_tokens"),
        "{message}"
    );
    assert_eq!(gateway.sent_to("a").len() + gateway.sent_to("unpriced").len(), 0);
    let books = gateway.books(got.call_id()).await;
    assert!(books.attempts.is_empty());
    assert_eq!(
        (&books.call["status"], &books.call["cost_ticks"]),
        (&402.into(), &0.into())
    );
    let got = gateway.ask(Ask::messages().with("max_tokens", 9000.into())).await;
    assert_eq!((got.status, &got.json()["type"]), (402, &"error".into()));
    // A bound on the output makes it affordable.
    let books = asked(&gateway, Ask::chat().with("max_tokens", 5.into())).await;
    assert_eq!(books.lines(), ["primary a ok 200"]);
}

#[tokio::test]
async fn fastest_leaves_what_has_turned_slow() {
    let fastest = Pick::Fastest {
        explore: Ratio::from_millionths(0),
    };
    let targets = [("a", "a?ttft=5ms"), ("b", "b?ttft=60ms")];
    let gateway = Gateway::start(
        &[Key::new("a"), Key::new("b")],
        rule(vec![step(fastest, &targets)]),
    );
    for _ in 0..2 {
        provider(&gateway, Ask::chat().streamed()).await;
    }
    assert_eq!(provider(&gateway, Ask::chat().streamed()).await, "a");
    gateway.sim.script("a", &["ttft=800ms"]).expect("known");
    assert_eq!(
        provider(&gateway, Ask::chat().streamed()).await,
        "a",
        "nobody knows yet"
    );
    assert_eq!(provider(&gateway, Ask::chat().streamed()).await, "b");
}

#[tokio::test]
async fn streams_and_whole_answers_are_timed_apart() {
    let fastest = Pick::Fastest {
        explore: Ratio::from_millionths(0),
    };
    let targets = [("early", "e?ttft=5ms"), ("late", "l?ttft=150ms")];
    let keys = [Key::new("early"), Key::new("late")];
    let gateway = Gateway::start(&keys, rule(vec![step(fastest, &targets)]));
    for _ in 0..2 {
        provider(&gateway, Ask::chat()).await;
    }
    assert_eq!(provider(&gateway, Ask::chat()).await, "early");
    let first = provider(&gateway, Ask::chat().streamed()).await;
    let second = provider(&gateway, Ask::chat().streamed()).await;
    assert_ne!(first, second, "nothing is known of streams yet");
}

#[tokio::test]
async fn least_busy_goes_round_what_is_at_work() {
    let targets = [
        ("a", "a?ttft=300ms"),
        ("b", "b?ttft=300ms"),
        ("c", "c?ttft=300ms"),
    ];
    let keys = [Key::new("a"), Key::new("b"), Key::new("c")];
    let gateway = Gateway::start(&keys, rule(vec![step(Pick::LeastBusy, &targets)]));
    let asks = (0..6).map(|_| gateway.ask(Ask::chat()));
    futures_util::future::join_all(asks).await;
    for provider in ["a", "b", "c"] {
        assert_eq!(gateway.sent_to(provider).len(), 2, "{provider}");
    }
}

#[tokio::test]
async fn a_user_stays_where_he_is() {
    let sticky = Pick::Sticky(StickyBy::Metadata("user".into()));
    let targets = [("a", "a"), ("b", "b")];
    let gateway = Gateway::start(
        &[Key::new("a"), Key::new("b")],
        rule(vec![step(sticky, &targets)]),
    );
    let mut seen = std::collections::BTreeSet::new();
    for user in 0..16 {
        let ask = || Ask::chat().with("user", format!("user-{user}").into());
        let first = provider(&gateway, ask()).await;
        assert_eq!(provider(&gateway, ask()).await, first);
        seen.insert(first);
    }
    assert_eq!(seen.len(), 2);
}
