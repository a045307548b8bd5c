//! Credentials of the clouds: tokens that are got, requests that are signed.

use std::time::Duration;

use futures_util::future::join_all;
use ring::{digest, hmac};
use serde_json::json;
use wayleave_core::format::Paths;
use wayleave_core::vendor::Auth;

use super::support::{Ask, Cloud, Gateway, Key, Seen, eventually, pick, rule};

/// A gateway with the cloud and, behind it, a provider that always serves.
fn gateway(key: Key) -> Gateway {
    Gateway::start(&[key, Key::new("b")], rule(vec![pick("a", "m"), pick("b", "m")]))
}

fn google(cloud: &Cloud) -> Gateway {
    let key = Key::new("a").at(cloud.url()).auth(Auth::GoogleToken);
    gateway(key.entry(&cloud.account()))
}

async fn lines(gateway: &Gateway) -> Vec<String> {
    let got = gateway.ask(Ask::chat()).await.ok();
    gateway.books(got.call_id()).await.lines()
}

/// The tokens of the calls that a cloud has seen.
fn shown(cloud: &Cloud) -> Vec<String> {
    let number = |seen: &Seen| {
        let header = seen.header("authorization").expect("a token");
        header.trim_start_matches("Bearer token-number-").to_owned()
    };
    cloud.calls().iter().map(number).collect()
}

async fn after(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn one_token_serves_many_calls() {
    let cloud = Cloud::start().await;
    let gateway = google(&cloud);
    for got in join_all((0..20).map(|_| gateway.ask(Ask::chat()))).await {
        got.ok();
    }
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(shown(&cloud), ["1"; 21]);
    let [demand] = &cloud.tokens()[..] else {
        panic!("{:?}", cloud.tokens())
    };
    let body = std::str::from_utf8(&demand.body).expect("text");
    let (grant, assertion) = body.split_once("&assertion=").expect("an assertion");
    assert_eq!(
        grant,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
    );
    assert_eq!(assertion.split('.').count(), 3);
    assert_eq!(demand.header("authorization"), None);
    assert_eq!(
        demand.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn a_new_token_is_got_beside_before_the_old_one_ends() {
    let cloud = Cloud::start().await;
    let gateway = google(&cloud);
    lines(&gateway).await;
    after(Duration::from_secs(3400)).await;
    lines(&gateway).await;
    eventually("a second token", || cloud.tokens().len() == 2).await;
    // It is kept a moment after it was sent; until then the old one serves.
    eventually_uses(&gateway, &cloud, "2").await;
    assert_eq!(&shown(&cloud)[..2], ["1", "1"]);
    after(Duration::from_secs(3550)).await;
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(shown(&cloud).last().map(String::as_str), Some("3"));
    assert_eq!(cloud.tokens().len(), 3);
}

async fn eventually_uses(gateway: &Gateway, cloud: &Cloud, token: &str) {
    for _ in 0..1000 {
        lines(gateway).await;
        if shown(cloud).last().is_some_and(|last| last == token) {
            return;
        }
    }
    panic!("token {token} was never used");
}

#[tokio::test]
async fn a_token_that_ends_at_once_serves_its_call() {
    let cloud = Cloud::start().await;
    cloud.tokens_hold(30);
    let gateway = google(&cloud);
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(shown(&cloud), ["1", "2"]);
}

#[tokio::test]
async fn a_withdrawn_token_is_replaced_within_the_attempt() {
    let cloud = Cloud::start().await;
    let gateway = google(&cloud);
    lines(&gateway).await;
    cloud.withdraw("token-number-1");
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    assert_eq!(shown(&cloud), ["1", "1", "2", "2"]);
    // Many calls at once lose theirs together.
    cloud.withdraw("token-number-2");
    let calls = join_all((0..20).map(|_| gateway.ask(Ask::chat())));
    for got in calls.await {
        assert_eq!(
            gateway.books(got.ok().call_id()).await.lines(),
            ["primary a ok 200"]
        );
    }
    assert_eq!(cloud.tokens().len(), 3);
}

#[tokio::test]
async fn an_account_whose_tokens_are_all_refused_is_asked_once_more_and_left_alone() {
    let cloud = Cloud::start().await;
    let gateway = google(&cloud);
    lines(&gateway).await;
    cloud.withdraw("*");
    assert_eq!(
        lines(&gateway).await,
        ["primary a auth_failed 401", "fallback b ok 200"]
    );
    assert_eq!(lines(&gateway).await, ["primary b ok 200"]);
    assert_eq!(shown(&cloud), ["1", "1", "2"]);
}

#[tokio::test]
async fn a_configuration_that_comes_again_keeps_the_token() {
    let cloud = Cloud::start().await;
    let key = Key::new("a")
        .at(cloud.url())
        .auth(Auth::GoogleToken)
        .entry(&cloud.account());
    let gateway = gateway(key.clone());
    lines(&gateway).await;
    let again = super::support::snapshot(&gateway.sim.base_url(), &[key], rule(vec![pick("a", "m")]));
    gateway.engine.apply(again);
    lines(&gateway).await;
    assert_eq!(shown(&cloud), ["1", "1"]);
    assert_eq!(cloud.tokens().len(), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_got_is_a_failure_of_the_attempt() {
    let denied = json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
    for (answer, class, reason) in [
        (
            Some((400, denied)),
            "auth_failed",
            "no token for the service account: its token server answered 400 invalid_grant: Invalid JWT Signature.",
        ),
        (
            Some((503, json!("busy"))),
            "network",
            "its token server answered 503",
        ),
        (
            Some((200, json!({"id_token": "x"}))),
            "network",
            "its token server answered 200 OK without one",
        ),
        (
            Some((200, json!({"access_token": "a b\n"}))),
            "network",
            "what its token server sent has a line break",
        ),
        (None, "network", "its token server: cannot connect"),
    ] {
        let cloud = Cloud::start().await;
        let mut account = cloud.account();
        match answer {
            Some((status, body)) => cloud.give_no_token(status, body),
            None => account = account.replace(&cloud.url(), "http://127.0.0.1:1"),
        }
        let key = Key::new("a")
            .at(cloud.url())
            .auth(Auth::GoogleToken)
            .entry(&account);
        let gateway = gateway(key);
        let got = gateway.ask(Ask::chat()).await.ok();
        let books = gateway.books(got.call_id()).await;
        assert_eq!(
            books.lines(),
            [&format!("primary a {class} -"), "fallback b ok 200"],
            "{reason}"
        );
        let told = books.attempts[0]["reason"].as_str().expect("a reason");
        assert!(told.contains(reason), "{told}");
        assert!(cloud.calls().is_empty(), "nothing was sent without a token");
    }
}

#[tokio::test]
async fn a_token_that_a_provider_repeats_reaches_nobody() {
    let cloud = Cloud::start().await;
    let gateway = google(&cloud);
    let error = json!({"error": {"message": "SHOWN may not do this", "type": "x", "code": null}});
    cloud.answer_instead(400, error);
    let got = gateway.ask(Ask::chat()).await;
    assert_eq!(got.status, 400);
    assert!(got.text().contains("*** may not do this"), "{}", got.text());
    let books = gateway.books(got.call_id()).await;
    let shown = format!("{:?} {books:?} {}", gateway.engine, gateway.engine.config());
    for secret in ["token-number-1", "PRIVATE KEY"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn aws(cloud: &Cloud, entry: &str) -> Gateway {
    let key = Key::new("a").at(cloud.url()).auth(Auth::AwsSignature);
    gateway(key.region("eu-west-1").entry(entry))
}

#[tokio::test]
async fn what_is_sent_to_aws_is_what_was_signed() {
    let cloud = Cloud::start().await;
    let text = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wJalr/SECRET+KEY\n\
                aws_session_token = IQoJ/TOKEN==\n";
    let gateway = aws(&cloud, text);
    for ask in [Ask::chat(), Ask::chat().with("user", json!("ü \"quoted\""))] {
        gateway.ask(ask.header("traceparent", "00-1-2-01")).await.ok();
    }
    let calls = cloud.calls();
    assert_eq!(calls.len(), 2);
    for call in &calls {
        assert_eq!(call.header("x-amz-security-token"), Some("IQoJ/TOKEN=="));
        assert_eq!(call.header("traceparent"), Some("00-1-2-01"));
        let header = call.header("authorization").expect("signed");
        assert_eq!(header, signature(call, "wJalr/SECRET+KEY"));
    }
}

/// What AWS's documents make of a request, as it came.
fn signature(seen: &Seen, secret: &str) -> String {
    let date = seen.header("x-amz-date").expect("a date");
    let names = ["content-type", "host", "x-amz-date", "x-amz-security-token"];
    let mut canonical = format!("POST\n{}\n\n", seen.target);
    for name in names {
        let value = seen.header(name).expect("sent");
        canonical = format!("{canonical}{name}:{value}\n");
    }
    let names = names.join(";");
    canonical = format!("{canonical}\n{names}\n{}", hash(&seen.body));
    let scope = format!(
        "{}/eu-west-1/bedrock/aws4_request",
        date.get(..8).expect("a date")
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hash(canonical.as_bytes())
    );
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
            mac(&key, part).as_ref().to_vec()
        });
    let signature = hex(mac(&key, &text).as_ref());
    format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}")
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn an_api_key_of_bedrock_is_a_bearer_token() {
    let cloud = Cloud::start().await;
    let gateway = aws(&cloud, "ABSKQmVkcm9jaw==");
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    let call = &cloud.calls()[0];
    assert_eq!(call.header("authorization"), Some("Bearer ABSKQmVkcm9jaw=="));
    assert_eq!(call.header("x-amz-date"), None);
}

#[tokio::test]
async fn no_access_key_that_aws_repeats_reaches_anybody() {
    let cloud = Cloud::start().await;
    let gateway = aws(
        &cloud,
        r#"{"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "SECRETKEY", "SessionToken": "IQoJTOKEN=="}"#,
    );
    let message = "x-amz-security-token:IQoJTOKEN==";
    cloud.answer_instead(
        403,
        json!({"error": {"message": message, "type": "x", "code": null}}),
    );
    let got = gateway.ask(Ask::chat()).await.ok();
    let books = gateway.books(got.call_id()).await;
    assert_eq!(books.lines(), ["primary a auth_failed 403", "fallback b ok 200"]);
    let told = books.attempts[0]["reason"].as_str().expect("a reason");
    assert!(told.contains("x-amz-security-token:***"), "{told}");
}

#[tokio::test]
async fn azure_is_asked_for_a_deployment() {
    let cloud = Cloud::start().await;
    let paths = Paths::Deployments {
        api_version: "2024-10-21".into(),
    };
    let key = Key::new("a").vendor("AzureOpenAI").at(cloud.url()).paths(paths);
    let gateway = gateway(key);
    assert_eq!(lines(&gateway).await, ["primary a ok 200"]);
    let call = &cloud.calls()[0];
    assert_eq!(
        call.target,
        "/openai/deployments/m/chat/completions?api-version=2024-10-21"
    );
    assert_eq!(call.header("api-key"), Some("sk-a"));
    assert_eq!(call.header("authorization"), None);
}
