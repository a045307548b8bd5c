//! `wayleave ext-proc` beside an Envoy, as its chart runs it: what it prints, and how it ends.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

use std::convert::Infallible;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixListener;
use tokio::time::{sleep, timeout};
use wayleave_cli::client::Peer;

const LIMIT: Duration = Duration::from_secs(30);
/// How often the Envoy below says that it is busy.
const BUSY: usize = 3;

#[test]
fn the_configuration_of_an_envoy_is_printed() {
    let print = || {
        let words = "envoy-config --listen 0.0.0.0:4000 --socket /run/w/s.sock --admin-socket /run/w/a.sock";
        let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(words.split(' '))
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap()
    };
    let text = print();
    assert_eq!(text, print());
    assert!(text.starts_with("{\n") && text.ends_with("}\n"));
    let config: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(config["admin"]["address"]["pipe"]["path"], "/run/w/a.sock");
    let address = &config["static_resources"]["listeners"][0]["address"]["socket_address"];
    assert_eq!(address, &json!({"address": "0.0.0.0", "port_value": 4000}));
}

/// The admin socket of an Envoy that is busy for a while. Keeps what it is asked.
async fn envoy(listener: UnixListener, asked: Arc<Mutex<Vec<String>>>) {
    let busy = Arc::new(AtomicUsize::new(BUSY));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (asked, busy) = (Arc::clone(&asked), Arc::clone(&busy));
        let service = service_fn(move |request: Request<Incoming>| {
            let question = format!("{} {}", request.method(), request.uri());
            let stats = question.contains("/stats");
            asked.lock().unwrap().push(question);
            let left = if stats {
                busy.fetch_sub(1, Ordering::Relaxed)
            } else {
                0
            };
            let stats = json!({"stats": [{"name": "http.wayleave.downstream_rq_active", "value": left}]});
            let answer = Full::<Bytes>::from(Bytes::from(stats.to_string()));
            async move { Ok::<_, Infallible>(Response::new(answer)) }
        });
        drop(
            http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await,
        );
    }
}

#[tokio::test]
async fn it_ends_when_envoy_has_handed_over_every_answer() {
    let folder = tempfile::tempdir().unwrap();
    let admin = folder.path().join("admin.sock");
    let asked = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(envoy(UnixListener::bind(&admin).unwrap(), Arc::clone(&asked)));
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_wayleave"));
    // A port that nobody can listen on: it has no configuration, and says why.
    command.args(["ext-proc", "--config-server", "https://127.0.0.1:0"]);
    for (flag, name) in [
        ("--socket", "s"),
        ("--config-ca", "ca"),
        ("--config-token", "token"),
    ] {
        command.arg(flag).arg(folder.path().join(name));
    }
    command.arg("--envoy-admin").arg(&admin);
    command.args([
        "--admin",
        "127.0.0.1:0",
        "--grpc",
        "127.0.0.1:0",
        "--output",
        "json",
    ]);
    command.args(["--shutdown-delay", "1s"]).kill_on_drop(true);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&ready["models"], &ready["http"]), (&json!([]), &Value::Null));
    assert!(ready["grpc"].is_string());
    let pages = Peer::Tcp(ready["admin"].as_str().unwrap().parse().unwrap());
    says(&pages, "no configuration yet: the token file").await;

    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    says(&pages, "it is about to stop").await;
    let status = timeout(LIMIT, child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(0));
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0], "POST /drain_listeners?graceful&skip_exit");
    let stats = "GET /stats?format=json&filter=downstream_rq_active";
    assert_eq!(asked[1..], vec![stats; BUSY + 1]);
}

/// Waits until `/readyz` says this.
async fn says(pages: &Peer, expected: &str) {
    let waiting = async {
        while !matches!(pages.get("/readyz").await, Err(error) if error.to_string().contains(expected)) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LIMIT, waiting).await.expect(expected);
}
