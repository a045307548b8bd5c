//! The simulator as a process: its control paths and its command line.

use super::client::{CHAT, Client, read, start};
use bytes::Bytes;
use clap::Parser;
use http::Method;
use serde_json::json;
use wayleave_sim::SimArgs;

#[tokio::test]
async fn scripts_and_keys_can_be_posted() {
    let sim = start();
    let client = Client::h1(&sim);
    let script = json!({"model": "m", "behaviours": ["status=429", ""]});
    assert_eq!(client.call("/_sim/script", &script).await.status, 200);
    let key = json!({"key": "sk-bad", "behaviour": "status=401"});
    assert_eq!(client.call("/_sim/key", &key).await.status, 200);
    assert_eq!(
        Client::h1(&sim)
            .with_key(Some("sk-bad"))
            .ask(CHAT, "m", false)
            .await
            .status,
        401
    );
    assert_eq!(client.ask(CHAT, "m", false).await.status, 429);
    assert_eq!(client.ask(CHAT, "m", false).await.status, 200);
}

#[tokio::test]
async fn wrong_control_requests_are_told_so() {
    let sim = start();
    let client = Client::h1(&sim);
    for (path, body, status) in [
        ("/_sim/script", json!({"model": "m", "behaviours": ["oops"]}), 400),
        ("/_sim/script", json!({"model": "m", "behaviours": [1]}), 400),
        ("/_sim/script", json!({"behaviours": [""]}), 400),
        ("/_sim/key", json!({"behaviour": "status=401"}), 400),
        ("/_sim/nothing", json!({}), 404),
    ] {
        let answer = client.call(path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}");
        assert!(answer.json()["error"].is_string());
    }
    assert!(sim.requests().is_empty(), "control requests are not recorded");
}

#[tokio::test]
async fn requests_are_listed_until_reset() {
    let sim = start();
    let client = Client::h1(&sim).with_key(Some("sk-secret-abcd"));
    client.ask(CHAT, "m?status=500", false).await;
    let list = async || {
        read(
            client
                .send(Method::GET, "/_sim/requests", Bytes::new())
                .await
                .expect("headers"),
        )
        .await
    };
    let answer = list().await;
    let request = &answer.json()["requests"][0];
    assert_eq!(
        (&request["model"], &request["outcome"]),
        (&json!("m"), &json!("answered"))
    );
    assert_eq!(request["key_ends_with"], "abcd");
    assert!(!answer.text.contains("sk-secret"), "{}", answer.text);
    client
        .call(
            "/_sim/script",
            &json!({"model": "m", "behaviours": ["status=429"]}),
        )
        .await;
    client.call("/_sim/reset", &json!({})).await;
    assert_eq!(list().await.json(), json!({"active": 0, "requests": []}));
    assert_eq!(client.ask(CHAT, "m", false).await.status, 200);
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    sim: SimArgs,
}

#[test]
fn the_command_line_is_read() {
    let command =
        Command::try_parse_from(["sim", "--listen", "127.0.0.1:0", "--keyless"]).expect("arguments");
    assert!(command.sim.keyless && command.sim.listen.port() == 0);
    assert_eq!(
        Command::try_parse_from(["sim"])
            .expect("no arguments")
            .sim
            .listen
            .port(),
        4_010
    );
    assert!(Command::try_parse_from(["sim", "--listen", "nowhere"]).is_err());
}
