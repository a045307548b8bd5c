//! `wayleave cache purge` against a gateway that runs.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::fs;
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wayleave_cli::client::Peer;
use wayleave_sim::{Sim, SimOptions};

const LIMIT: Duration = Duration::from_secs(30);
const SECRET: &str = "sk-of-a-client";

struct Gateway {
    _child: Child,
    calls: Peer,
    admin: String,
    _folder: TempDir,
    _sim: Sim,
}

fn wayleave(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    command.args(words).kill_on_drop(true);
    command
}

impl Gateway {
    async fn start() -> Self {
        let sim = Sim::start(SimOptions {
            keyless: true,
            ..SimOptions::default()
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let manifests = format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: sim}}\nspec: {{provider: Custom, \
             format: OpenAIChat, endpoint: \"{}/v1\"}}\n---\napiVersion: wayleave.dev/v1alpha1\nkind: \
             LLMRoute\nmetadata: {{name: chat}}\nspec: {{models: [chat], rules: [{{steps: [{{targets: [{{providerKey: \
             sim, model: m}}]}}]}}]}}\n---\napiVersion: wayleave.dev/v1alpha1\nkind: CachePolicy\nmetadata: {{name: \
             kept}}\nspec: {{targetRefs: [{{kind: LLMRoute, name: chat}}], ttl: 1h}}\n",
            sim.base_url()
        );
        fs::write(folder.path().join("all.yaml"), manifests).unwrap();
        let any = "127.0.0.1:0";
        let mut command = wayleave(&["--log", "warn", "up", "--no-envoy", "--output", "json"]);
        command.args(["--listen", any, "--admin", any, "-f"]);
        command.arg(folder.path()).env("TMPDIR", folder.path());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        let announced: Value = serde_json::from_str(&line).unwrap();
        Self {
            _child: child,
            calls: Peer::Tcp(announced["address"].as_str().unwrap().parse().unwrap()),
            admin: announced["admin"].as_str().unwrap().to_owned(),
            _folder: folder,
            _sim: sim,
        }
    }

    /// What the cache did, and the call's id.
    async fn ask(&self, secret: &str) -> (String, String) {
        let body = json!({"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}).to_string();
        let request = Request::post("/v1/chat/completions")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {secret}"));
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = self.calls.send(request).await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let seen = (header("x-wayleave-cache"), header("x-wayleave-call-id"));
        answer.into_body().collect().await.unwrap();
        seen
    }

    /// Asks until the answer is a kept one: it is kept after its client has it.
    async fn fill(&self, secret: &str) -> String {
        let filling = async {
            loop {
                if let (status, call) = self.ask(secret).await
                    && status == "hit"
                {
                    return call;
                }
            }
        };
        timeout(LIMIT, filling).await.unwrap()
    }

    async fn key(&self, call: &str) -> String {
        let admin = Peer::Tcp(self.admin.parse().unwrap());
        let asking = async {
            loop {
                let records = admin.get_json(&format!("/ledger?call={call}")).await.unwrap();
                let mut records = records.as_array().unwrap().iter();
                if let Some(key) = records.find_map(|record| record["cache_key"].as_str()) {
                    return key.to_owned();
                }
            }
        };
        timeout(LIMIT, asking).await.unwrap()
    }

    async fn purge(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = wayleave(&["cache", "purge", "--admin"]);
        command.arg(format!("http://{}", self.admin)).args(words);
        command.env("A_CLIENTS_KEY", SECRET).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that does not read it may have ended.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes()).await;
        timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap()
    }
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[tokio::test]
async fn answers_are_forgotten_by_route_client_and_key() {
    let gateway = Gateway::start().await;
    let call = gateway.fill(SECRET).await;
    let key = gateway.key(&call).await;
    let client = key.split('/').nth(2).unwrap();
    let route = ["--route", "default/chat"];
    let ways: [&[&str]; 5] = [
        &route,
        &["--key", &key],
        &[route[0], route[1], "--client", client],
        &[route[0], route[1], "--client-credential-env", "A_CLIENTS_KEY"],
        &[route[0], route[1], "--client-credential-stdin"],
    ];
    for words in ways {
        gateway.fill(SECRET).await;
        let output = gateway.purge(words, &format!("{SECRET}\n")).await;
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert_eq!(
            stdout(&output),
            format!("http://{}: 1 removed\n", gateway.admin),
            "{words:?}"
        );
        assert_eq!(gateway.ask(SECRET).await.0, "miss", "{words:?}");
    }
    gateway.fill("sk-of-somebody-else").await;
    gateway.fill(SECRET).await;
    let words = [route[0], route[1], "--client", client, "--output", "json"];
    let output = gateway.purge(&words, "").await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["removed"], 1, "{told}");
    assert_eq!(gateway.ask("sk-of-somebody-else").await.0, "hit");
}

#[tokio::test]
async fn one_data_plane_that_fails_does_not_spare_the_others() {
    let gateway = Gateway::start().await;
    gateway.fill(SECRET).await;
    // Nobody can listen there.
    let words = [
        "--route",
        "default/chat",
        "--output",
        "json",
        "--admin",
        "http://127.0.0.1:0",
    ];
    let output = gateway.purge(&words, "").await;
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["removed"], 1, "{told}");
    assert_eq!(told["dataPlanes"][0]["removed"], 1, "{told}");
    assert!(told["dataPlanes"][1]["error"].is_string(), "{told}");
    let output = gateway.purge(&["--route", "default/nobody"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the route default/nobody has no cache"), "{said}");
}

#[tokio::test]
async fn the_page_takes_json_by_post_only() {
    const ALL: &str = r#"{"route":"default/chat"}"#;
    let gateway = Gateway::start().await;
    gateway.fill(SECRET).await;
    let admin = Peer::Tcp(gateway.admin.parse().unwrap());
    let ask = async |method: Method, kind: &str, body: &'static str| -> Response<Incoming> {
        let request = Request::builder()
            .method(method)
            .uri("/cache/purge")
            .header("content-type", kind);
        admin.send(request.body(Full::from(body)).unwrap()).await.unwrap()
    };
    let got = ask(Method::GET, "application/json", ALL).await;
    assert_eq!(
        (got.status().as_u16(), &got.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(ask(Method::POST, "text/plain", ALL).await.status().as_u16(), 415);
    assert_eq!(
        ask(Method::POST, "application/json", "{}")
            .await
            .status()
            .as_u16(),
        400
    );
    assert_eq!(gateway.ask(SECRET).await.0, "hit", "nothing was removed");
    let got = ask(Method::POST, "application/json; charset=utf-8", ALL).await;
    assert_eq!(got.status().as_u16(), 200);
    let body = got.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"removed\":1}\n");
}
