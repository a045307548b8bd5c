//! Answers to similar requests. The simulator's embeddings are of words without their order: the same words are alike to 1.

use std::time::Duration;

use serde_json::{Value, json};
use wayleave_core::snapshot::cache::{CacheRules, Semantic, Verify};

use super::support::{Ask, Gateway, Got, Key, cache_rules, cached, pick, rule, snapshot, team};

pub(super) fn rules(verify: Verify) -> CacheRules {
    CacheRules {
        semantic: Some(Semantic {
            threshold: "0.95".parse().expect("a ratio"),
            provider: team("e"),
            model: "embedder".into(),
            timeout: Duration::from_secs(5),
            max_turns: 3,
            verify,
        }),
        ..cache_rules()
    }
}

pub(super) fn gateway(rules: CacheRules) -> Gateway {
    let targets = &[("a", "m?echo")];
    let gateway = Gateway::chain(targets);
    let keys = [Key::new("a"), Key::new("e")];
    let chain = snapshot(&gateway.sim.base_url(), &keys, rule(vec![pick("a", "m?echo")]));
    gateway.engine.apply(cached(chain, rules));
    gateway
}

pub(super) fn asking(words: &str) -> Ask {
    Ask::chat().with("messages", json!([{"role": "user", "content": words}]))
}

pub(super) fn status(got: &Got) -> &str {
    got.header("x-wayleave-cache").unwrap_or("-")
}

pub(super) const FRANCE: &str = "What is the capital of France?";

#[tokio::test]
async fn a_similar_request_is_served_and_says_how_similar() {
    let gateway = gateway(rules(Verify::Words));
    let first = gateway.ask(asking(FRANCE)).await.ok();
    assert_eq!(status(&first), "miss");
    let books = gateway.books(first.call_id()).await;
    assert_eq!(books.lines(), ["embedding e ok 200", "primary a ok 200"]);
    let second = gateway.ask(asking("what is the capital of France")).await.ok();
    assert_eq!(
        (status(&second), second.header("x-wayleave-similarity")),
        ("semantic-hit", Some("1.0000"))
    );
    assert_eq!(second.said(), FRANCE, "the other's answer");
    let books = gateway.books(second.call_id()).await;
    assert_eq!(books.lines(), ["embedding e ok 200", "cache-hit a ok -"]);
    let (embedding, hit) = (&books.attempts[0], &books.attempts[1]);
    assert!(embedding["cost_ticks"].as_i64() > Some(0));
    assert_eq!(books.call["cost_ticks"], embedding["cost_ticks"]);
    assert!(hit["saved_ticks"].as_i64() > Some(0));
    assert!(hit["similarity"].as_f64() > Some(0.999));
    let cost = books.call["cost_usd"].as_str();
    assert_eq!(second.header("x-wayleave-cost-usd"), cost);
    assert_eq!((gateway.sent_to("a").len(), gateway.sent_to("e").len()), (1, 2));
    assert_eq!(gateway.metric_of("wayleave_cache_hits_total", "semantic-hit"), 1);
}

#[tokio::test]
async fn equal_calls_that_wait_are_told_how_similar_too() {
    let gateway = gateway(rules(Verify::Words));
    gateway.ask(asking(FRANCE)).await.ok();
    let asks = (0..8).map(|_| gateway.ask(asking("what is the capital of France")));
    let all = futures_util::future::join_all(asks).await;
    for got in &all {
        assert_eq!(
            (status(got), got.header("x-wayleave-similarity")),
            ("semantic-hit", Some("1.0000"))
        );
    }
    assert_eq!(gateway.sent_to("e").len(), 2, "one of them has looked");
}

#[tokio::test]
async fn an_equal_request_needs_no_embedding() {
    let gateway = gateway(rules(Verify::Words));
    gateway.ask(asking(FRANCE)).await.ok();
    assert_eq!(status(&gateway.ask(asking(FRANCE)).await.ok()), "hit");
    assert_eq!(gateway.sent_to("e").len(), 1);
}

#[tokio::test]
async fn what_else_differs_is_never_served_at_any_similarity() {
    let gateway = gateway(rules(Verify::Off));
    let ask = || asking("what is the capital of France");
    gateway.ask(asking(FRANCE)).await.ok();
    let others = [
        ask().header("authorization", "Bearer sk-of-another-client"),
        ask().with("messages", json!([{"role": "system", "content": "Lie."}, {"role": "user", "content": "what is the capital of France"}])),
        ask().with("seed", json!(1)),
        ask().with("newer", json!(true)),
        ask().with("max_tokens", json!(9)),
        ask().with("model", json!("team/chat")),
        ask().with_tool(),
        ask().header("x-portkey-cache-namespace", "n"),
        ask().with("messages", json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
            {"role": "user", "content": "what is the capital of France"}])),
    ];
    for other in others {
        assert_eq!(status(&gateway.ask(other.clone()).await), "miss", "{other:?}");
    }
    assert_eq!(status(&gateway.ask(ask()).await.ok()), "semantic-hit");
}

#[tokio::test]
async fn words_are_compared_where_embeddings_see_no_difference() {
    let (there, back) = (
        "book a train from Paris to Lyon",
        "book a train from Lyon to Paris",
    );
    for (verify, wanted) in [(Verify::Words, "miss"), (Verify::Off, "semantic-hit")] {
        let gateway = gateway(rules(verify));
        gateway.ask(asking(there)).await.ok();
        assert_eq!(status(&gateway.ask(asking(back)).await.ok()), wanted);
    }
}

#[tokio::test]
async fn less_similar_requests_are_not_served() {
    let gateway = gateway(rules(Verify::Off));
    gateway.ask(asking(FRANCE)).await.ok();
    let other = gateway
        .ask(asking("What is the highest mountain of France?"))
        .await
        .ok();
    assert_eq!(status(&other), "miss");
    assert_eq!(gateway.metric_of("wayleave_cache_misses_total", "dissimilar"), 2);
}

#[tokio::test]
async fn long_conversations_and_pictures_are_not_compared() {
    let gateway = gateway(rules(Verify::Off));
    let turns = |count: usize| -> Value {
        let turn = |number: usize| {
            let role = if number.is_multiple_of(2) {
                "user"
            } else {
                "assistant"
            };
            json!({"role": role, "content": format!("turn {number}")})
        };
        (0..count).map(turn).collect()
    };
    gateway.ask(Ask::chat().with("messages", turns(5))).await.ok();
    assert!(gateway.sent_to("e").is_empty());
    gateway.ask(Ask::chat().with("messages", turns(3))).await.ok();
    assert_eq!(gateway.sent_to("e").len(), 1);
    let picture = json!([{"role": "user", "content": [{"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]);
    gateway.ask(Ask::chat().with("messages", picture)).await;
    assert_eq!(gateway.sent_to("e").len(), 1);
}

#[tokio::test]
async fn without_an_embedding_a_call_goes_on() {
    for (model, class) in [
        ("embedder?hang=headers", "timeout"),
        ("embedder?status=500", "server_error"),
        ("embedder?fault=garbage", "malformed"),
    ] {
        let mut rules = rules(Verify::Words);
        if let Some(semantic) = &mut rules.semantic {
            semantic.model = model.into();
            semantic.timeout = Duration::from_millis(150);
        }
        let gateway = gateway(rules);
        let got = gateway.ask(asking(FRANCE)).await.ok();
        assert_eq!(status(&got), "miss");
        assert_eq!(
            gateway.metric_of("wayleave_cache_misses_total", "no_embedding"),
            1,
            "{model}"
        );
        let books = gateway.books(got.call_id()).await;
        assert_eq!(books.attempts[0]["class"], class);
        assert_eq!(
            status(&gateway.ask(asking(FRANCE)).await.ok()),
            "hit",
            "equal ones are found all the same"
        );
    }
}
