//! Both client formats, the other endpoints, and errors in each.

use bytes::Bytes;
use serde_json::json;
use wayleave_core::snapshot::{RouteRules, Rule, Unsupported};
use wayleave_engine::call::Call;

use super::support::{Ask, Gateway, Key, pick, race, rule, snapshot};

/// An OpenAI-format provider `o` or an Anthropic-format one `n`.
fn gateway(provider: &'static str, model: &str) -> Gateway {
    let keys = [Key::new("o"), Key::new("n").vendor("Anthropic")];
    Gateway::start(&keys, rule(vec![pick(provider, model)]))
}

#[tokio::test]
async fn each_client_format_is_served_by_each_provider_format() {
    for (provider, path) in [("o", "/o/v1/chat/completions"), ("n", "/n/v1/messages")] {
        for streamed in [false, true] {
            let gateway = gateway(provider, "m?echo");
            let chat = if streamed {
                Ask::chat().streamed()
            } else {
                Ask::chat()
            };
            let got = gateway.ask(chat).await.ok();
            assert_eq!(got.said(), "Say something about the rain, please.", "{path}");
            assert_eq!(gateway.sim.requests()[0].path, path);
            let messages = if streamed {
                Ask::messages().streamed()
            } else {
                Ask::messages()
            };
            let got = gateway.ask(messages).await.ok();
            let said: String = if streamed {
                got.events()
                    .iter()
                    .filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned))
                    .collect()
            } else {
                got.json()["content"][0]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            assert_eq!(
                said,
                "Say something about the rain, please.",
                "{path}: {}",
                got.text()
            );
            for got in [got] {
                let books = gateway.books(got.call_id()).await;
                assert_eq!(books.lines(), [format!("primary {provider} ok 200")]);
                assert_eq!(books.attempts[0]["estimated"], false);
            }
        }
    }
}

#[tokio::test]
async fn a_race_may_have_lanes_of_both_formats() {
    let keys = [Key::new("o"), Key::new("n").vendor("Anthropic")];
    for (lanes, winner) in [
        ([("o", "m?ttft=60s"), ("n", "m")], "n"),
        ([("o", "m"), ("n", "m?ttft=60s")], "o"),
    ] {
        let gateway = Gateway::start(&keys, rule(vec![race(&lanes)]));
        for ask in [Ask::chat().streamed(), Ask::messages().streamed()] {
            let got = gateway.ask(ask).await.ok();
            let books = gateway.books(got.call_id()).await;
            assert_eq!(books.call["provider"], format!("team/{winner}"));
        }
    }
}

#[tokio::test]
async fn embeddings_are_served_and_priced() {
    let gateway = gateway("o", "sim-embedding");
    let got = gateway.ask(Ask::embeddings()).await.ok();
    assert!(got.json()["data"][0]["embedding"].is_array() || got.json()["data"][0]["embedding"].is_string());
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary o ok 200"]);
    assert_eq!(books.call["endpoint"], "embeddings");
    let input = got.json()["usage"]["prompt_tokens"].as_i64().expect("a count");
    assert_eq!(books.ticks(), [Some(input * 10_000)]);
    assert_eq!(gateway.sim.requests()[0].path, "/o/v1/embeddings");
}

#[tokio::test]
async fn embeddings_fall_back_and_pass_over_who_has_none() {
    let keys = [Key::new("n").vendor("Anthropic"), Key::new("a"), Key::new("b")];
    let steps = vec![pick("n", "m"), pick("a", "e?status=500"), pick("b", "e")];
    let gateway = Gateway::start(&keys, rule(steps));
    let got = gateway.ask(Ask::embeddings()).await.ok();
    let books = gateway.books(got.call_id()).await;
    let wanted = [
        "primary n unusable -",
        "fallback a server_error 500",
        "fallback b ok 200",
    ];
    assert_eq!(books.lines(), wanted);
}

#[tokio::test]
async fn models_are_listed_in_the_askers_format() {
    let gateway = gateway("o", "m");
    let got = gateway.ask(Ask::models()).await.ok();
    let wanted = json!({"object": "list", "data": [
        {"id": "chat", "object": "model", "created": 0, "owned_by": "wayleave"}]});
    assert_eq!(got.json(), wanted);
    let got = gateway
        .ask(Ask::models().header("anthropic-version", "2023-06-01"))
        .await
        .ok();
    let body = got.json();
    assert_eq!(
        (&body["data"][0]["type"], &body["data"][0]["id"]),
        (&json!("model"), &json!("chat"))
    );
    assert_eq!(
        (&body["first_id"], &body["has_more"]),
        (&json!("chat"), &json!(false))
    );
}

#[tokio::test]
async fn errors_are_in_the_clients_format_with_the_list_of_attempts() {
    let keys = [Key::new("o"), Key::new("n").vendor("Anthropic")];
    let failing = || {
        Gateway::start(
            &keys,
            rule(vec![pick("o", "m?status=503"), pick("n", "m?status=429")]),
        )
    };
    for ask in [Ask::chat(), Ask::chat().streamed()] {
        let got = failing().ask(ask).await;
        let error = &got.json()["error"];
        assert_eq!((got.status, &error["type"]), (429, &json!("rate_limit_error")));
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!(error["attempts"].as_array().map(Vec::len), Some(2), "{error}");
    }
    let got = failing().ask(Ask::messages().streamed()).await;
    let body = got.json();
    assert_eq!(
        (got.status, &body["type"], &body["error"]["type"]),
        (429, &json!("error"), &json!("rate_limit_error"))
    );
    assert_eq!(
        body["error"]["attempts"].as_array().map(Vec::len),
        Some(2),
        "{body}"
    );
}

#[tokio::test]
async fn a_single_error_of_another_format_is_retold() {
    for (provider, ask) in [("o", Ask::messages()), ("n", Ask::chat())] {
        let gateway = gateway(provider, "m?status=404");
        let got = gateway.ask(ask.clone()).await;
        assert_eq!(got.status, 404);
        let body = got.json();
        if provider == "o" {
            assert_eq!(
                (&body["type"], &body["error"]["type"]),
                (&json!("error"), &json!("not_found_error"))
            );
        } else {
            assert_eq!(body["error"]["type"], "invalid_request_error");
            assert!(body["type"].is_null(), "{body}");
        }
    }
}

#[tokio::test]
async fn retry_after_and_rate_limit_headers_are_kept() {
    let gateway = gateway("o", "m?status=429&retry-after=7");
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
    let gateway = self::gateway("o", "m?status=429&retry-after-ms=7200");
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!(
        (got.header("retry-after-ms"), got.header("retry-after")),
        (Some("7200"), Some("8"))
    );
}

#[tokio::test]
async fn a_refused_request_is_told_in_the_clients_format() {
    let gateway = gateway("o", "m");
    for (ask, status, code) in [
        (Ask::chat().with("model", json!("nobody")), 404, "model_not_found"),
        (Ask::chat().with("model", json!(null)), 400, "bad_request"),
        (Ask::chat().with("messages", json!("text")), 400, "bad_request"),
    ] {
        let got = gateway.ask(ask).await;
        let error = &got.json()["error"];
        assert_eq!(
            (got.status, &error["code"]),
            (status, &json!(code)),
            "{}",
            got.text()
        );
    }
    let got = gateway.ask(Ask::messages().with("model", json!("nobody"))).await;
    assert_eq!((got.status, &got.json()["type"]), (404, &json!("error")));
    let not_json = Call {
        body: Bytes::from_static(b"{\"model\": \"chat\""),
        ..Ask::chat().call()
    };
    let answer = gateway.engine.run(not_json).await;
    assert_eq!(answer.status.as_u16(), 400);
    assert!(gateway.sim.requests().is_empty());
    assert!(
        gateway.engine.ledger(None, 10).is_empty(),
        "no provider was to be asked"
    );
}

#[tokio::test]
async fn a_route_without_a_rule_that_matches_or_that_is_broken_says_so() {
    let gateway = gateway("o", "m");
    let never = Rule {
        when: Some(r#"request.headers["x-tier"] == "gold""#.into()),
        ..rule(vec![pick("o", "m")])
    };
    gateway
        .engine
        .apply(snapshot(&gateway.sim.base_url(), &[Key::new("o")], never));
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!(
        (got.status, &got.json()["error"]["code"]),
        (400, &json!("no_matching_rule"))
    );
    gateway.ask(Ask::chat().header("x-tier", "gold")).await.ok();
    let mut broken = snapshot(
        &gateway.sim.base_url(),
        &[Key::new("o")],
        rule(vec![pick("o", "m")]),
    );
    broken.routes[0].rules = RouteRules::Broken("spec.rules is empty".into());
    gateway.engine.apply(broken);
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!(
        (got.status, &got.json()["error"]["code"]),
        (503, &json!("route_broken"))
    );
    assert!(got.text().contains("spec.rules is empty"));
}

#[tokio::test]
async fn tokens_are_counted_by_the_provider_where_it_can() {
    let gateway = gateway("n", "m");
    let got = gateway.ask(Ask::count()).await.ok();
    assert!(got.json()["input_tokens"].as_u64() > Some(0), "{}", got.text());
    assert_eq!(got.header("x-wayleave-estimated"), None);
    assert_eq!(gateway.sim.requests()[0].path, "/n/v1/messages/count_tokens");
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary n ok 200"]);
    assert_eq!(books.attempts[0]["cost_ticks"], 0, "counting is free");
}

#[tokio::test]
async fn tokens_are_counted_here_where_no_provider_does() {
    let gateway = gateway("o", "m");
    let got = gateway.ask(Ask::count()).await.ok();
    let counted = got.json()["input_tokens"].as_u64().expect("a count");
    assert!((8..20).contains(&counted), "{counted}");
    assert_eq!(got.header("x-wayleave-estimated"), Some("input_tokens"));
    assert!(gateway.sim.requests().is_empty());
    let books = gateway.books(got.call_id()).await;
    assert!(books.lines().is_empty());
}

#[tokio::test]
async fn what_does_not_get_through_translation_is_told() {
    let ask = || {
        Ask::chat()
            .with("seed", json!(7))
            .with("logit_bias", json!({"1": 2}))
    };
    let same = gateway("o", "m").ask(ask()).await.ok();
    assert_eq!(same.header("x-wayleave-dropped"), None);
    for ask in [ask(), ask().streamed()] {
        let other = gateway("n", "m").ask(ask).await.ok();
        let dropped = other.header("x-wayleave-dropped").expect("told");
        assert_eq!(dropped, "logit_bias,seed");
    }
}

#[tokio::test]
async fn a_rule_may_refuse_to_lose_anything() {
    let keys = [Key::new("n").vendor("Anthropic"), Key::new("o")];
    let strict = |steps| Rule {
        unsupported: Unsupported::Reject,
        ..rule(steps)
    };
    let ask = || Ask::chat().with("seed", json!(7));
    // A target that can say it is asked instead.
    let gateway = Gateway::start(&keys, strict(vec![pick("n", "m"), pick("o", "m")]));
    let got = gateway.ask(ask()).await.ok();
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary n unsupported -", "fallback o ok 200"]);
    assert_eq!(books.attempts[0]["cost_ticks"], 0);
    // None can.
    let gateway = Gateway::start(&keys, strict(vec![pick("n", "m")]));
    let got = gateway.ask(ask()).await;
    assert_eq!(got.status, 400, "{}", got.text());
    let message = got.json()["error"]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(message.contains("no word for seed"), "{message}");
    assert!(gateway.sim.requests().is_empty());
    // Nothing is lost.
    gateway.ask(Ask::chat()).await.ok();
}
