//! `wayleave experiment show` against a gateway that runs.
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
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use wayleave_cli::client::Peer;
use wayleave_sim::{Sim, SimOptions};

const LIMIT: Duration = Duration::from_secs(30);
const CALLS: u64 = 12;

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
        let steps = "steps: [{targets: [{providerKey: sim, model: m}]}]";
        let manifests = format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: sim}}\nspec: {{provider: Custom, \
             format: OpenAIChat, endpoint: \"{}/v1\"}}\n---\napiVersion: wayleave.dev/v1alpha1\nkind: \
             LLMRoute\nmetadata: {{name: chat}}\nspec: {{models: [chat], rules: [{{{steps}, experiment: {{arms: [{{name: \
             old, providerKey: sim, model: m-old}}, {{name: new, providerKey: sim, model: m-new}}]}}}}]}}\n---\n\
             apiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata: {{name: plain}}\nspec: {{models: [plain], \
             rules: [{{{steps}}}]}}\n",
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

    async fn call(&self) {
        let body = json!({"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}).to_string();
        let request = Request::post("/v1/chat/completions").header("content-type", "application/json");
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let answer = self.calls.send(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.into_body().collect().await.unwrap();
    }

    async fn show(&self, words: &[&str]) -> Output {
        let mut command = wayleave(&["experiment", "show", "--admin"]);
        command.arg(format!("http://{}", self.admin)).args(words);
        timeout(LIMIT, command.output()).await.unwrap().unwrap()
    }

    /// The experiment, when so many calls of it are counted.
    async fn counted(&self, calls: u64) -> Value {
        let asking = async {
            loop {
                let output = self.show(&["default/chat", "--output", "json"]).await;
                let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
                let arms = reports[0]["arms"].as_array().unwrap().iter();
                let counted: u64 = arms.map(|arm| arm["all"]["calls"].as_u64().unwrap()).sum();
                if counted >= calls {
                    return reports;
                }
            }
        };
        timeout(LIMIT, asking).await.unwrap()
    }
}

#[tokio::test]
async fn an_experiment_is_shown_with_its_calls() {
    let gateway = Gateway::start().await;
    for _ in 0..CALLS {
        gateway.call().await;
    }
    let reports = gateway.counted(CALLS).await;
    assert_eq!(reports.as_array().unwrap().len(), 1, "{reports}");
    assert_eq!(reports[0]["verdict"], "undecided", "{reports}");
    assert_eq!(reports[0]["arms"][1]["model"], "m-new", "{reports}");
    let output = gateway.show(&["default/chat"]).await;
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "route    default/chat, rule 1: each call is served by one arm",
        "verdict  undecided: no answers have been compared so far",
        "PROVIDER KEY",
        "default/sim",
        "m-old",
        "control",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_shown_is_told() {
    let gateway = Gateway::start().await;
    let admin = &gateway.admin;
    for route in ["default/plain", "default/nobody"] {
        let output = gateway.show(&[route]).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let wanted = format!("error: http://{admin}: no experiment of the route {route} is in force there");
        assert!(said.contains(&wanted), "{said}");
    }
    // Nobody can listen there.
    let mut nowhere = wayleave(&[
        "experiment",
        "show",
        "default/chat",
        "--admin",
        "http://127.0.0.1:0",
    ]);
    let output = timeout(LIMIT, nowhere.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nobody answers there"), "{said}");
}
