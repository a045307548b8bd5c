//! What is served, in which format, and what the answers tell of themselves.

use serde_json::json;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(
    every_format_by_every_provider,
    aliases,
    models,
    embeddings,
    weighted_targets
);

async fn start(front: Front) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("o", &sim)
        .anthropic("a", &sim)
        .to("by-openai", "o", "m?tokens=30")
        .to("by-anthropic", "a", "m?tokens=30")
        .to("vectors", "o", "e");
    let gateway = Gateway::start(front, &manifests).await;
    (sim, gateway)
}

async fn every_format_by_every_provider(front: Front) {
    let (sim, gateway) = start(front).await;
    assert_eq!(gateway.models, ["by-anthropic", "by-openai", "vectors"]);
    for client in [gateway.client(), gateway.http2_client()] {
        for format in Format::ALL {
            let mut said = Vec::new();
            for (model, stream) in [
                ("by-openai", false),
                ("by-openai", true),
                ("by-anthropic", false),
                ("by-anthropic", true),
            ] {
                let answer = client.ask(format, &format.request(model, stream)).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.complete),
                    (200, true),
                    "{}",
                    answer.text()
                );
                if stream {
                    let end = answer.events().pop().unwrap();
                    assert!(format.is_end(&end), "{end}");
                }
                let target = answer.header("x-wayleave-target");
                assert!(
                    target.starts_with("default/") && target.ends_with("/m?tokens=30"),
                    "{target}"
                );
                let books = gateway.books(answer.id()).await;
                assert_eq!((books.call.class.as_str(), books.call.attempts), ("ok", 1));
                assert!(books.call.cost_ticks.unwrap() > 0);
                if stream {
                    assert_eq!(answer.header("content-type"), "text/event-stream");
                } else {
                    assert!(!answer.header("x-wayleave-cost-usd").is_empty());
                }
                said.push(answer.said(format));
            }
            assert!(
                said[0].len() > 50 && said.iter().all(|text| *text == said[0]),
                "{said:?}"
            );
        }
        let credential = client.credential();
        for request in sim.requests() {
            assert!(
                !format!("{:?}", request.headers).contains(credential),
                "a provider got the client's credential"
            );
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// What the official SDKs make of a base URL with or without `/v1`.
async fn aliases(front: Front) {
    let (_sim, gateway) = start(front).await;
    let client = gateway.client();
    for (format, path) in [
        (Format::OpenAi, "/v1/chat/completions"),
        (Format::OpenAi, "/chat/completions"),
        (Format::OpenAi, "/v1/chat/completions/"),
        (Format::OpenAi, "/v1/chat/completions?api-version=1"),
        (Format::Anthropic, "/v1/messages"),
        (Format::Anthropic, "/messages"),
        (Format::Anthropic, "/v1/v1/messages"),
        (Format::Anthropic, "/v1/messages?beta=true"),
    ] {
        let body = format.request("by-openai", false).to_string();
        let answer = client.call(format, path, &[], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!answer.said(format).is_empty(), "{path}");
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn models(front: Front) {
    let (_sim, gateway) = start(front).await;
    let client = gateway.client();
    for path in ["/v1/models", "/models"] {
        let openai = client.get(path, &[]).await.json();
        assert_eq!(openai["object"], "list", "{openai}");
        assert_eq!(openai["data"][0]["object"], "model", "{openai}");
        let anthropic = client
            .get(path, &[("anthropic-version", "2023-06-01")])
            .await
            .json();
        assert_eq!(anthropic["data"][0]["type"], "model", "{anthropic}");
        for list in [openai, anthropic] {
            let mut names: Vec<&str> = list["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|model| model["id"].as_str().unwrap())
                .collect();
            names.sort_unstable();
            assert_eq!(names, ["by-anthropic", "by-openai", "vectors"]);
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn embeddings(front: Front) {
    let (_sim, gateway) = start(front).await;
    let client = gateway.client();
    let request = json!({"model": "vectors", "input": ["one", "two"]}).to_string();
    for path in ["/v1/embeddings", "/embeddings"] {
        let answer = client.call(Format::OpenAi, path, &[], request.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            answer.json()["data"].as_array().map(Vec::len),
            Some(2),
            "{}",
            answer.text()
        );
        let books = gateway.books(answer.id()).await;
        assert_eq!(books.call.class, "ok");
        assert!(books.call.cost_ticks.unwrap() > 0);
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// Three to one: of 200 calls 150, give or take six standard deviations (about 37).
async fn weighted_targets(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let rule =
        "steps: [{targets: [{providerKey: a, model: x, weight: 3}, {providerKey: b, model: y, weight: 1}]}]";
    let manifests = Manifests::default()
        .openai("a", &sim)
        .openai("b", &sim)
        .route("chat", rule);
    let gateway = Gateway::start(front, &manifests).await;
    let client = gateway.client();
    for _ in 0..200 {
        assert_eq!(client.chat("chat").await.status, 200);
    }
    let first = sim
        .requests()
        .iter()
        .filter(|request| request.model.as_deref() == Some("x"))
        .count();
    println!("{first} of 200 went to the target with three quarters of the weight");
    assert!((113..=187).contains(&first), "{first}");
    gateway.finish().await;
}
