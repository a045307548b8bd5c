//! What a call costs, and who is told.

use serde_json::{Value, json};
use wayleave_core::money::Ticks;
use wayleave_core::snapshot::Rule;

use super::support::{Ask, Gateway, Got, Key, pick, rule};

fn priced() -> Gateway {
    Gateway::start(&[Key::new("a")], rule(vec![pick("a", "m?tokens=30")]))
}

/// The only `usage.cost` in a stream, in ticks, and the event that has it.
fn cost_in_stream(got: &Got) -> (i64, Value) {
    let with_cost: Vec<Value> = got
        .events()
        .into_iter()
        .filter(|event| !event["usage"]["cost"].is_null())
        .collect();
    assert_eq!(with_cost.len(), 1, "{}", got.text());
    let dollars = with_cost[0]["usage"]["cost"].as_f64().expect("a number");
    #[expect(clippy::cast_possible_truncation, reason = "small")]
    let ticks = (dollars * 1e10).round() as i64;
    (ticks, with_cost[0].clone())
}

#[tokio::test]
async fn the_cost_stands_in_a_header_of_an_unstreamed_answer() {
    let gateway = priced();
    let got = gateway.ask(Ask::chat()).await.ok();
    let books = gateway.books(got.call_id()).await;
    let ticks = got.price(1, 2);
    assert_eq!(books.ticks(), [Some(ticks)]);
    assert_eq!(got.header("x-wayleave-cost-usd"), books.call["cost_usd"].as_str());
    assert_eq!(
        got.summary.and_then(|summary| summary.cost).map(Ticks::get),
        Some(ticks)
    );
}

#[tokio::test]
async fn the_cost_stands_in_the_last_usage_of_an_openai_stream() {
    let gateway = priced();
    let got = gateway.ask(Ask::chat().streamed_with_usage()).await.ok();
    let books = gateway.books(got.call_id()).await;
    let (ticks, event) = cost_in_stream(&got);
    assert_eq!(Some(ticks), books.ticks()[0]);
    assert_eq!(ticks, got.price(1, 2));
    assert_eq!(event["usage"]["completion_tokens"], 30);
    assert_eq!(
        got.header("x-wayleave-cost-usd"),
        None,
        "unknown when the head goes out"
    );
}

#[tokio::test]
async fn the_cost_stands_in_the_last_usage_of_an_anthropic_stream() {
    let gateway = priced();
    let got = gateway.ask(Ask::messages().streamed()).await.ok();
    let books = gateway.books(got.call_id()).await;
    let (ticks, event) = cost_in_stream(&got);
    assert_eq!(
        (Some(ticks), &event["type"]),
        (books.ticks()[0], &json!("message_delta"))
    );
    let native = Gateway::start(
        &[Key::new("n").vendor("Anthropic")],
        rule(vec![pick("n", "m?tokens=30")]),
    );
    let got = native.ask(Ask::messages().streamed()).await.ok();
    let books = native.books(got.call_id()).await;
    let (ticks, event) = cost_in_stream(&got);
    assert_eq!(
        (Some(ticks), &event["type"]),
        (books.ticks()[0], &json!("message_delta"))
    );
}

#[tokio::test]
async fn who_did_not_ask_for_usage_gets_no_usage_chunk() {
    let gateway = priced();
    let got = gateway.ask(Ask::chat().streamed()).await.ok();
    assert!(
        got.events().iter().all(|event| event["usage"].is_null()),
        "{}",
        got.text()
    );
    let books = gateway.books(got.call_id()).await;
    assert_eq!(
        books.attempts[0]["usage"]["output"], 30,
        "it is counted all the same"
    );
    assert_eq!(books.attempts[0]["estimated"], false);
}

#[tokio::test]
async fn the_cost_in_the_stream_is_the_calls_not_the_last_attempts() {
    // The first attempt times out with nothing but its input to pay.
    let keys = [Key::new("a"), Key::new("b")];
    let steps = vec![pick("a", "m?hang=headers"), pick("b", "m?tokens=30")];
    let mut impatient = rule(steps);
    impatient.timeouts.first_content = std::time::Duration::from_millis(100);
    let gateway = Gateway::start(&keys, impatient);
    let got = gateway.ask(Ask::chat().streamed_with_usage()).await.ok();
    let books = gateway.books(got.call_id()).await;
    let (ticks, _) = cost_in_stream(&got);
    assert_eq!(Some(ticks), books.call["cost_ticks"].as_i64());
    assert!(books.ticks()[0] > Some(0) && books.ticks()[1] > Some(0));
}

#[tokio::test]
async fn an_unpriced_call_costs_null_and_never_0() {
    let gateway = Gateway::start(&[Key::new("a").unpriced()], rule(vec![pick("a", "m")]));
    let got = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(got.header("x-wayleave-cost-usd"), None);
    let books = gateway.books(got.call_id()).await;
    assert!(books.attempts[0]["cost_ticks"].is_null() && books.attempts[0]["cost_usd"].is_null());
    assert!(books.call["cost_ticks"].is_null() && books.call["cost_usd"].is_null());
    assert_eq!(books.attempts[0]["cost_source"], "none");
    assert!(
        books.attempts[0]["usage"]["output"].as_u64() > Some(0),
        "usage is known"
    );
    let got = gateway.ask(Ask::chat().streamed_with_usage()).await.ok();
    assert!(!got.text().contains("\"cost\""), "{}", got.text());
    gateway.books(got.call_id()).await;
    assert_eq!(gateway.metric("wayleave_unpriced_calls_total"), 2);
    assert_eq!(gateway.metric("wayleave_cost_ticks_total"), 0);
}

#[tokio::test]
async fn one_unpriced_attempt_makes_the_total_unknown() {
    let keys = [Key::new("a").unpriced(), Key::new("b")];
    let mut impatient = rule(vec![pick("a", "m?hang=headers"), pick("b", "m")]);
    impatient.timeouts.first_content = std::time::Duration::from_millis(100);
    let gateway = Gateway::start(&keys, impatient);
    let got = gateway.ask(Ask::chat().streamed_with_usage()).await.ok();
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary a timeout -", "fallback b ok 200"]);
    assert_eq!(books.ticks()[0], None);
    assert!(books.ticks()[1].is_some() && books.call["cost_ticks"].is_null());
    assert!(!got.text().contains("\"cost\""), "{}", got.text());
}

#[tokio::test]
async fn a_failure_costs_nothing_even_where_there_is_no_price() {
    let keys = [Key::new("a").unpriced(), Key::new("b")];
    let gateway = Gateway::start(&keys, rule(vec![pick("a", "m?status=500"), pick("b", "m")]));
    let got = gateway.ask(Ask::chat()).await.ok();
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.ticks(), [Some(0), Some(got.price(1, 2))]);
    assert_eq!(gateway.metric("wayleave_unpriced_calls_total"), 0);
}

#[tokio::test]
async fn what_the_metric_counts_is_what_the_books_say() {
    let keys = [Key::new("a"), Key::new("b").price("3", "5")];
    let gateway = Gateway::start(&keys, rule(vec![pick("a", "m"), pick("b", "m")]));
    gateway
        .sim
        .script("m", &["", "status=500", "", ""])
        .expect("known");
    let mut sum = 0;
    for ask in [Ask::chat(), Ask::chat().streamed(), Ask::messages()] {
        let got = gateway.ask(ask).await.ok();
        sum += gateway.books(got.call_id()).await.call["cost_ticks"]
            .as_i64()
            .expect("priced");
    }
    assert_eq!(gateway.metric("wayleave_cost_ticks_total"), sum);
    assert_eq!(gateway.metric("wayleave_calls_total"), 3);
    assert_eq!(gateway.metric("wayleave_attempts_total"), 4);
}

#[tokio::test]
async fn cached_input_and_reasoning_are_told_apart() {
    let gateway = Gateway::start(
        &[Key::new("a")],
        rule(vec![pick("a", "m?cached=100&reasoning=7&tokens=3")]),
    );
    for ask in [
        Ask::chat(),
        Ask::chat().streamed(),
        Ask::messages(),
        Ask::messages().streamed(),
    ] {
        let got = gateway.ask(ask).await.ok();
        let books = gateway.books(got.call_id()).await;
        let usage = &books.attempts[0]["usage"];
        assert_eq!(
            (&usage["cache_read"], &usage["reasoning"], &usage["output"]),
            (&json!(100), &json!(7), &json!(10))
        );
    }
}

#[tokio::test]
async fn each_rule_has_the_price_of_its_own_target() {
    // Two rules, two prices: each call is priced by the target that served it.
    let keys = [Key::new("cheap"), Key::new("dear").price("100", "200")];
    let gold = Rule {
        when: Some(r#"request.headers["x-tier"] == "gold""#.into()),
        ..rule(vec![pick("dear", "m")])
    };
    let mut both = super::support::snapshot("", &keys, rule(vec![pick("cheap", "m")]));
    let gateway = Gateway::start(&keys, rule(vec![pick("cheap", "m")]));
    both.providers = super::support::snapshot(&gateway.sim.base_url(), &keys, rule(vec![])).providers;
    if let wayleave_core::snapshot::RouteRules::Rules(rules) = &mut both.routes[0].rules {
        rules.insert(0, gold);
    }
    gateway.engine.apply(both);
    for (ask, input, output) in [
        (Ask::chat(), 1, 2),
        (Ask::chat().header("x-tier", "gold"), 100, 200),
    ] {
        let got = gateway.ask(ask).await.ok();
        let books = gateway.books(got.call_id()).await;
        assert_eq!(books.ticks(), [Some(got.price(input, output))]);
    }
}
