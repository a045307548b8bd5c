//! Answers that are kept: which, for whom, how long, and what is said of it.

use std::time::Duration;

use serde_json::{Value, json};
use wayleave_core::snapshot::cache::{CacheRules, Method, Partition, ToolCalls};

use super::support::{Ask, Gateway, Got, cache_rules};

const M: &[(&str, &str)] = &[("a", "m?tokens=9")];

fn status(got: &Got) -> &str {
    got.header("x-wayleave-cache").unwrap_or("-")
}

/// What an OpenAI chat answer says, streamed or not.
fn said(got: &Got) -> String {
    if got.header("content-type") == Some("application/json") {
        return got.json()["choices"][0]["message"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
    }
    let pieces = got.events().into_iter();
    pieces
        .filter_map(|event| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect()
}

#[tokio::test]
async fn an_equal_request_is_served_without_a_provider() {
    let gateway = Gateway::cached(M, cache_rules());
    let first = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(status(&first), "miss");
    let second = gateway
        .ask(Ask::chat().with("user", json!("somebody")))
        .await
        .ok();
    assert_eq!(status(&second), "hit");
    assert_eq!(second.body, first.body, "byte by byte");
    assert_eq!(gateway.sent_to("a").len(), 1);
    assert_eq!(second.header("age"), Some("0"));
    assert_eq!(second.header("x-wayleave-cost-usd"), Some("0"));
    assert_eq!(
        second.header("x-wayleave-saved-usd"),
        first.header("x-wayleave-cost-usd")
    );
    assert_eq!(second.header("x-wayleave-target"), Some("team/a/m?tokens=9"));
    let paid = gateway.books(first.call_id()).await;
    let books = gateway.books(second.call_id()).await;
    assert_eq!(books.lines(), ["cache-hit a ok -"]);
    assert_eq!(books.end(), "ok 200");
    let hit = &books.attempts[0];
    assert_eq!(
        (&hit["cost_ticks"], &hit["cost_source"]),
        (&json!(0), &json!("cache"))
    );
    assert_eq!(hit["saved_ticks"], paid.call["cost_ticks"]);
    assert_eq!(hit["answered"], paid.call["call"]);
    assert_eq!(
        (&paid.call["cache"], &books.call["cache"]),
        (&json!("miss"), &json!("hit"))
    );
    let summary = second.summary.expect("a summary");
    assert_eq!(
        (summary.attempts, summary.usage.total()),
        (1, 0),
        "a hit uses no tokens"
    );
    assert_eq!(gateway.metric_of("wayleave_cache_hits_total", "kind=\"hit\""), 1);
    assert_eq!(gateway.metric_of("wayleave_cache_misses_total", "absent"), 1);
    assert_eq!(
        Some(gateway.metric("wayleave_cache_saved_ticks_total")),
        paid.call["cost_ticks"].as_i64()
    );
}

#[tokio::test]
async fn a_stream_serves_one_that_is_none_and_the_reverse() {
    for (first, second) in [
        (Ask::chat().streamed(), Ask::chat()),
        (Ask::chat(), Ask::chat().streamed()),
        (Ask::chat().streamed_with_usage(), Ask::chat().streamed()),
        (Ask::chat().streamed(), Ask::chat().streamed_with_usage()),
    ] {
        let gateway = Gateway::cached(M, cache_rules());
        let (first, second) = (gateway.ask(first).await.ok(), gateway.ask(second).await.ok());
        assert_eq!((status(&first), status(&second)), ("miss", "hit"));
        assert!(!said(&first).is_empty());
        assert_eq!(said(&first), said(&second));
        assert_eq!(gateway.sent_to("a").len(), 1);
    }
}

#[tokio::test]
async fn an_answer_serves_every_format() {
    let gateway = Gateway::cached(M, cache_rules());
    let first = gateway.ask(Ask::chat().with("max_tokens", json!(100))).await.ok();
    let whole = gateway.ask(Ask::messages()).await.ok();
    let streamed = gateway.ask(Ask::messages().streamed()).await.ok();
    assert_eq!((status(&whole), status(&streamed)), ("hit", "hit"));
    assert_eq!(whole.json()["content"][0]["text"], said(&first));
    let text: String = streamed
        .events()
        .iter()
        .filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(text, said(&first));
    assert_eq!(streamed.events().last().expect("events")["type"], "message_stop");
}

#[tokio::test]
async fn embeddings_are_kept() {
    let gateway = Gateway::cached(M, cache_rules());
    let (first, second) = (
        gateway.ask(Ask::embeddings()).await.ok(),
        gateway.ask(Ask::embeddings()).await.ok(),
    );
    assert_eq!((status(&first), status(&second)), ("miss", "hit"));
    assert_eq!(first.body, second.body);
    let other = gateway
        .ask(Ask::embeddings().with("dimensions", json!(4)))
        .await
        .ok();
    assert_eq!(status(&other), "miss");
}

#[tokio::test]
async fn another_client_has_its_own() {
    let gateway = Gateway::cached(M, cache_rules());
    gateway.ask(Ask::chat()).await.ok();
    let other = gateway
        .ask(Ask::chat().header("authorization", "Bearer sk-of-another-client"))
        .await
        .ok();
    assert_eq!(status(&other), "miss");
    assert_eq!(gateway.sent_to("a").len(), 2);

    let gateway = Gateway::cached(
        M,
        CacheRules {
            partition: Partition::Route,
            ..cache_rules()
        },
    );
    gateway.ask(Ask::chat()).await.ok();
    let other = gateway
        .ask(Ask::chat().header("authorization", "Bearer sk-of-another-client"))
        .await
        .ok();
    assert_eq!(status(&other), "hit");

    let by_team = CacheRules {
        partition: Partition::Header("x-team".into()),
        ..cache_rules()
    };
    let gateway = Gateway::cached(M, by_team);
    let nobody = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(status(&nobody), "bypass");
    assert_eq!(gateway.metric_of("wayleave_cache_bypasses_total", "no_client"), 1);
}

/// What an answer is, and the reason for which it is not kept.
#[tokio::test]
async fn what_is_never_kept() {
    let cases = [
        ("m?finish=length", "truncated"),
        ("m?finish=content_filter", "filtered"),
        ("m?refusal", "refused"),
        ("m?tools=1", "tool_calls"),
        ("m?fault=empty-done", "empty"),
        ("m?bytes=2KiB", "too_large"),
        ("m?fault=cut", "cut"),
        ("m?fault=no-done", "cut"),
        ("m?fault=error-mid", "cut"),
    ];
    let rules = CacheRules {
        max_entry_bytes: 2048,
        ..cache_rules()
    };
    for (model, why) in cases {
        for ask in [
            Ask::chat(),
            Ask::chat().streamed(),
            Ask::messages(),
            Ask::messages().streamed(),
        ] {
            let ask = if why == "tool_calls" { ask.with_tool() } else { ask };
            let gateway = Gateway::cached(&[("a", model)], rules.clone());
            let first = gateway.ask(ask.clone()).await;
            let second = gateway.ask(ask.clone()).await;
            assert_ne!(status(&second), "hit", "{model}: {ask:?}");
            assert_eq!(gateway.sent_to("a").len(), 2, "{model}: {ask:?}");
            if first.status == 200 {
                let text = gateway.engine.metrics();
                let told = gateway.metric_of("wayleave_cache_not_kept_total", &format!("reason=\"{why}\""));
                assert_eq!(told, 2, "{model}: {ask:?}\n{text}");
            }
        }
    }
    for model in [
        "m?status=500",
        "m?status=429",
        "m?status=400",
        "m?fault=error-frame",
        "m?fault=garbage",
        "m?fault=reset",
    ] {
        let gateway = Gateway::cached(&[("a", model)], rules.clone());
        assert!(gateway.ask(Ask::chat()).await.status >= 400);
        let second = gateway.ask(Ask::chat()).await;
        assert!(second.status >= 400);
        assert_eq!(status(&second), "miss");
        assert_eq!(gateway.sent_to("a").len(), 2, "{model}");
    }
}

#[tokio::test]
async fn tool_calls_are_kept_where_the_policy_says_so() {
    let gateway = Gateway::cached(
        &[("a", "m?tools=1")],
        CacheRules {
            tool_calls: ToolCalls::Keep,
            ..cache_rules()
        },
    );
    let ask = Ask::chat().with_tool();
    let first = gateway.ask(ask.clone()).await.ok();
    let second = gateway.ask(ask).await.ok();
    assert_eq!(status(&second), "hit");
    assert!(first.json()["choices"][0]["message"]["tool_calls"][0].is_object());
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn requests_say_what_they_want() {
    let gateway = Gateway::cached(M, cache_rules());
    let ask = async |headers: &[(&'static str, &str)]| {
        let ask = headers
            .iter()
            .fold(Ask::chat(), |ask, (name, value)| ask.header(name, value));
        gateway.ask(ask).await
    };
    let cached_only = ("cache-control", "only-if-cached");
    let none = ask(&[cached_only]).await;
    assert_eq!(
        (none.status, &none.json()["error"]["code"]),
        (504, &json!("not_cached"))
    );
    assert!(gateway.sent_to("a").is_empty());
    assert_eq!(status(&ask(&[("cache-control", "no-store")]).await.ok()), "miss");
    assert_eq!(
        status(&ask(&[("x-wayleave-cache", "bypass")]).await.ok()),
        "bypass"
    );
    assert_eq!(status(&ask(&[]).await.ok()), "miss", "neither was kept");
    assert_eq!(status(&ask(&[cached_only]).await.ok()), "hit");
    assert_eq!(
        status(&ask(&[("cache-control", "no-cache")]).await.ok()),
        "refresh"
    );
    assert_eq!(
        status(&ask(&[("x-portkey-cache-force-refresh", "true")]).await.ok()),
        "refresh"
    );
    assert_eq!(
        status(&ask(&[("cf-aig-skip-cache", "true")]).await.ok()),
        "bypass"
    );
    assert_eq!(gateway.sent_to("a").len(), 6);
    assert_eq!(status(&ask(&[("cache-control", "max-age=60")]).await.ok()), "hit");
    let hot = gateway
        .ask(Ask::chat().with("temperature", json!(0.7)))
        .await
        .ok();
    assert_eq!(status(&hot), "bypass");
    assert_eq!(
        gateway.metric_of("wayleave_cache_bypasses_total", "temperature"),
        1
    );
}

#[tokio::test]
async fn a_policy_that_changes_or_goes_holds_at_once() {
    let gateway = Gateway::cached(M, cache_rules());
    gateway.ask(Ask::chat()).await.ok();
    let too_old = CacheRules {
        ttl: Duration::ZERO,
        ..cache_rules()
    };
    gateway.cache(M, too_old);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(status(&gateway.ask(Ask::chat()).await.ok()), "miss");
    gateway.cache(M, cache_rules());
    assert_eq!(
        status(&gateway.ask(Ask::chat()).await.ok()),
        "hit",
        "the store was kept"
    );
    gateway.cache(&[("a", "another")], cache_rules());
    assert_eq!(
        status(&gateway.ask(Ask::chat()).await.ok()),
        "miss",
        "another chain has other answers"
    );
    gateway.cache(
        M,
        CacheRules {
            methods: [Method::Embeddings].into(),
            ..cache_rules()
        },
    );
    assert_eq!(status(&gateway.ask(Ask::chat()).await.ok()), "bypass");
    gateway.engine.apply(super::support::snapshot(
        &gateway.sim.base_url(),
        &[super::support::Key::new("a")],
        super::support::rule(vec![super::support::pick("a", "m")]),
    ));
    assert_eq!(status(&gateway.ask(Ask::chat()).await.ok()), "-");
    gateway.cache(M, cache_rules());
    assert_eq!(
        status(&gateway.ask(Ask::chat()).await.ok()),
        "miss",
        "it went with its policy"
    );
}

#[tokio::test]
async fn costs_in_a_replayed_stream_are_this_clients() {
    let gateway = Gateway::cached(M, cache_rules());
    let ask = || Ask::chat().streamed_with_usage();
    let first = gateway.ask(ask()).await.ok();
    let second = gateway.ask(ask()).await.ok();
    let cost = |got: &Got| -> Value {
        let with_usage = got.events().into_iter().rfind(|event| event["usage"].is_object());
        with_usage.expect("usage")["usage"]["cost"].clone()
    };
    assert_ne!(cost(&first), json!(0));
    assert_eq!(cost(&second).as_f64(), Some(0.0), "{}", second.text());
}
