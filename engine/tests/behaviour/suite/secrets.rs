//! Credentials stay where they belong.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wayleave_sim::Replay;

use super::support::{Ask, CLIENT_SECRET, Gateway, Key, pick, race, rule};

#[tokio::test]
async fn no_credential_of_one_provider_is_ever_in_a_request_to_another_and_the_clients_in_none() {
    let keys = [
        Key::new("a").secrets(&[("sk-a-1", 1), ("sk-a-2", 1)]),
        Key::new("b").vendor("Anthropic"),
        Key::new("c").vendor("Groq"),
        Key::new("free").secrets(&[]),
    ];
    let steps = vec![
        pick("a", "m?status=429"),
        race(&[("b", "m?status=500"), ("c", "m?fault=error-frame"), ("free", "m")]),
        pick("b", "m"),
    ];
    let gateway = Gateway::start(&keys, rule(steps));
    for ask in [
        Ask::chat(),
        Ask::chat().streamed(),
        Ask::messages(),
        Ask::messages().streamed(),
    ] {
        let ask = ask
            .header("cookie", "session=client-cookie")
            .header("x-goog-api-key", CLIENT_SECRET)
            .header("api-key", CLIENT_SECRET)
            .header("proxy-authorization", CLIENT_SECRET);
        gateway.ask(ask).await.ok();
    }
    let all = ["sk-a-1", "sk-a-2", "sk-b", "sk-c", CLIENT_SECRET, "client-cookie"];
    let mut seen = std::collections::BTreeSet::new();
    for request in gateway.sim.requests() {
        let provider = request.path.split('/').nth(1).expect("a provider").to_owned();
        let own: &[&str] = match provider.as_str() {
            "a" => &["sk-a-1", "sk-a-2"],
            "b" => &["sk-b"],
            "c" => &["sk-c"],
            _ => &[],
        };
        let mut shown = format!("{} {:?} ", request.path, request.headers);
        shown.push_str(&String::from_utf8_lossy(&request.body));
        if let Some(key) = &request.key {
            assert!(shown.contains(key), "it would be seen");
        }
        for secret in all {
            assert!(
                own.contains(&secret) || !shown.contains(secret),
                "{secret} went to {provider}: {shown}"
            );
        }
        assert_eq!(own.is_empty(), request.key.is_none(), "{provider}");
        seen.insert(provider);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

/// A provider that repeats the credential it was given.
fn telling_tales(secret: &str) -> Replay {
    let body = format!(
        r#"{{"error": {{"message": "Bearer {secret} is not allowed here", "type": "auth", "code": null}}}}"#
    );
    Replay {
        status: StatusCode::FORBIDDEN,
        headers: HeaderMap::new(),
        chunks: vec![Bytes::from(body)],
        pause: Duration::ZERO,
    }
}

#[tokio::test]
async fn a_credential_that_a_provider_repeats_reaches_nobody() {
    // One that looks like no known vendor's.
    let secret = "opaque.credential/of+ours";
    let keys = [Key::new("a").secrets(&[(secret, 1)])];
    let gateway = Gateway::start(&keys, rule(vec![pick("a", "m")]));
    gateway.sim.replay("m", telling_tales(secret)).expect("room");
    for ask in [Ask::chat(), Ask::messages(), Ask::chat().streamed()] {
        let got = gateway.ask(ask).await;
        assert_eq!(got.status, 403);
        assert!(got.text().contains("is not allowed here"), "{}", got.text());
        assert!(!got.text().contains(secret), "{}", got.text());
        let books = gateway.books(got.call_id()).await;
        let reason = books.attempts[0]["reason"].as_str().expect("a reason");
        assert!(!reason.contains(secret), "{reason}");
    }
    let shown = format!(
        "{:?} {} {}",
        gateway.engine,
        gateway.engine.metrics(),
        gateway.engine.config()
    );
    assert!(!shown.contains(&format!("\"{secret}\"")), "{shown}");
}

#[tokio::test]
async fn the_shown_configuration_has_stars_for_secrets() {
    let gateway = Gateway::start(&[Key::new("a")], rule(vec![pick("a", "m")]));
    let config = gateway.engine.config().to_string();
    assert!(
        config.contains("\"secret\":\"***\"") && !config.contains("\"sk-a\""),
        "{config}"
    );
    let debug = format!("{:?}", gateway.engine);
    assert!(
        !debug.contains("Secret(\"sk-a\")") && debug.contains("***"),
        "{debug}"
    );
}
