//! `wayleave up` as a user sees it: what it says, and how it takes signals and dying children. Without Envoy, whose part
//! has a suite of its own.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use wayleave_cli::client::Peer;
use wayleave_sim::{Sim, SimOptions};

const LIMIT: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// A running gateway before a simulator. Killed when dropped.
struct Up {
    child: Child,
    announced: Value,
    folder: TempDir,
    sim: Sim,
    /// Where it keeps its sockets: what is killed leaves them behind.
    _work: TempDir,
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    command.args([
        "--log",
        "warn",
        "up",
        "--output",
        "json",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ]);
    command
        .arg("-f")
        .arg(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Makes `models` servable; a model's name tells the simulator how to answer.
fn manifests(sim: &Sim, models: &[(&str, &str)]) -> String {
    let key = format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: sim}}\nspec: {{provider: Custom, \
         format: OpenAIChat, endpoint: \"{}/v1\"}}\n",
        sim.base_url()
    );
    let routes = models.iter().map(|(name, target)| {
        format!(
            "---\napiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata: {{name: {name}}}\nspec: {{models: \
             [{name}], rules: [{{steps: [{{targets: [{{providerKey: sim, model: \"{target}\"}}]}}]}}]}}\n"
        )
    });
    key + &routes.collect::<String>()
}

impl Up {
    async fn start(models: &[(&str, &str)]) -> Self {
        let sim = Sim::start(SimOptions {
            keyless: true,
            ..SimOptions::default()
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("all.yaml"), manifests(&sim, models)).unwrap();
        let work = tempfile::tempdir().unwrap();
        let mut command = command(folder.path());
        command.arg("--no-envoy").env("TMPDIR", work.path());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        Self {
            child,
            announced: serde_json::from_str(&line).unwrap(),
            folder,
            sim,
            _work: work,
        }
    }

    fn peer(&self, name: &str) -> Peer {
        Peer::Tcp(self.announced[name].as_str().unwrap().parse().unwrap())
    }

    fn pid(&self) -> i32 {
        self.child.id().unwrap().try_into().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    fn children(&self) -> Vec<i32> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid())).unwrap();
        children
            .split_whitespace()
            .map(|pid| pid.parse().unwrap())
            .collect()
    }

    async fn ended(&mut self) -> Option<i32> {
        timeout(LIMIT, self.child.wait())
            .await
            .expect("it ends")
            .unwrap()
            .code()
    }
}

async fn call(peer: &Peer, model: &str) -> anyhow::Result<(StatusCode, Value)> {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).to_string();
    let request = Request::post("/v1/chat/completions").header("content-type", "application/json");
    let answer = peer.send(request.body(Full::new(Bytes::from(body)))?).await?;
    let status = answer.status();
    Ok((
        status,
        serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?,
    ))
}

/// Asks until the answer has this status, and tells how long it took.
async fn until(peer: &Peer, model: &str, status: StatusCode) -> Duration {
    let begun = Instant::now();
    let asking = async {
        while !matches!(call(peer, model).await, Ok((found, _)) if found == status) {
            sleep(ASK_AGAIN).await;
        }
    };
    timeout(LIMIT, asking)
        .await
        .unwrap_or_else(|_| panic!("no {status} for {model} in time"));
    begun.elapsed()
}

/// Whether a process has gone. One that nobody has waited for has gone as well.
fn gone(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.rsplit(") ").next().unwrap().starts_with('Z'))
}

async fn until_gone(pids: &[i32]) {
    let all_gone = async {
        while !pids.iter().copied().all(gone) {
            sleep(ASK_AGAIN).await;
        }
    };
    timeout(LIMIT, all_gone)
        .await
        .expect("the children end with their parent");
}

/// The exit status and stderr of a start that fails.
async fn failure(mut command: Command) -> (Option<i32>, String) {
    let output = timeout(
        LIMIT,
        command.stdout(Stdio::null()).stderr(Stdio::piped()).output(),
    )
    .await
    .unwrap()
    .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn it_says_where_it_is_and_serves() {
    let up = Up::start(&[("chat", "m")]).await;
    assert_eq!(
        up.announced["models"],
        json!([{"model": "chat", "route": "default/chat", "broken": null}])
    );
    assert_eq!(up.announced["envoy"], Value::Null);
    let (status, answer) = call(&up.peer("address"), "chat").await.unwrap();
    assert_eq!(
        (status, &answer["model"]),
        (StatusCode::OK, &json!("m")),
        "{answer}"
    );
    let ledger = up.peer("admin").get_json("/ledger").await.unwrap();
    assert_eq!(ledger.as_array().unwrap().len(), 2, "{ledger}");
}

#[tokio::test]
async fn a_changed_file_is_served_within_a_second() {
    let up = Up::start(&[("chat", "m")]).await;
    let peer = up.peer("address");
    assert_eq!(call(&peer, "new").await.unwrap().0, StatusCode::NOT_FOUND);
    fs::write(
        up.folder.path().join("all.yaml"),
        manifests(&up.sim, &[("chat", "m"), ("new", "m")]),
    )
    .unwrap();
    let took = until(&peer, "new", StatusCode::OK).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    fs::write(up.folder.path().join("all.yaml"), "kind: [").unwrap();
    fs::write(
        up.folder.path().join("more.yaml"),
        manifests(&up.sim, &[("other", "m")]).replace("name: sim", "name: sim2"),
    )
    .unwrap();
    until(&peer, "other", StatusCode::OK).await;
    assert_eq!(
        call(&peer, "chat").await.unwrap().0,
        StatusCode::OK,
        "the last good version stays in force"
    );
}

#[tokio::test]
async fn a_killed_data_plane_is_back_within_a_second() {
    let up = Up::start(&[("chat", "m")]).await;
    let [data_plane] = up.children()[..] else {
        panic!("{:?}", up.children())
    };
    kill_process(Pid::from_raw(data_plane).unwrap(), Signal::KILL).unwrap();
    until_gone(&[data_plane]).await;
    let took = until(&up.peer("address"), "chat", StatusCode::OK).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    up.peer("admin")
        .get("/readyz")
        .await
        .expect("the admin pages are where they were");
}

#[tokio::test]
async fn sigterm_lets_calls_in_flight_end_and_refuses_new_ones() {
    let mut up = Up::start(&[("chat", "m"), ("slow", "m?ttft=2s")]).await;
    let peer = up.peer("address");
    let slow = tokio::spawn({
        let peer = peer.clone();
        async move { call(&peer, "slow").await }
    });
    up.sim
        .wait_for(|requests| !requests.is_empty(), LIMIT)
        .await
        .unwrap();
    up.signal(Signal::TERM);
    until(&peer, "chat", StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(
        !slow.is_finished(),
        "the new call was refused while the slow one ran"
    );
    assert_eq!(slow.await.unwrap().unwrap().0, StatusCode::OK);
    assert_eq!(up.ended().await, Some(0));
}

#[tokio::test]
async fn a_second_interrupt_ends_all_at_once() {
    let mut up = Up::start(&[("chat", "m"), ("stuck", "m?hang=headers")]).await;
    let peer = up.peer("address");
    let children = up.children();
    let stuck = tokio::spawn(async move { call(&peer, "stuck").await });
    up.sim
        .wait_for(|requests| !requests.is_empty(), LIMIT)
        .await
        .unwrap();
    up.signal(Signal::INT);
    until(&up.peer("address"), "chat", StatusCode::SERVICE_UNAVAILABLE).await;
    up.signal(Signal::INT);
    let begun = Instant::now();
    assert_eq!(up.ended().await, Some(1));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    stuck.await.unwrap().expect_err("the call in flight is lost");
    until_gone(&children).await;
}

#[tokio::test]
async fn children_do_not_outlive_a_killed_supervisor() {
    let up = Up::start(&[("chat", "m")]).await;
    let children = up.children();
    assert!(!children.is_empty());
    up.signal(Signal::KILL);
    until_gone(&children).await;
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = taken.local_addr().unwrap();
    let sim = Sim::start(SimOptions::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("all.yaml"), manifests(&sim, &[("chat", "m")])).unwrap();
    for (flag, more) in [
        ("--listen", None),
        ("--listen", Some("--no-envoy")),
        ("--admin", Some("--no-envoy")),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
        command
            .args(["--log", "warn", "up", "-f"])
            .arg(folder.path())
            .args([flag, &address.to_string()])
            .args(more);
        command.args(if flag == "--listen" {
            ["--admin", "127.0.0.1:0"]
        } else {
            ["--listen", "127.0.0.1:0"]
        });
        let (code, stderr) = failure(command).await;
        assert_eq!(code, Some(1), "{flag} {more:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.contains(&format!("cannot listen on {address}")),
            "{stderr}"
        );
    }
}

#[tokio::test]
async fn an_envoy_that_is_missing_or_ends_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut missing = command(folder.path());
    missing.args(["--envoy", "/nowhere/envoy"]);
    let (code, stderr) = failure(missing).await;
    assert_eq!(code, Some(1));
    assert!(
        stderr.starts_with("error: cannot run /nowhere/envoy; give the path of an Envoy"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");

    let fake = folder.path().join("envoy");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'envoy  version: x/1.40.0/y' && exit\n\
                  echo 'critical main no such thing' >&2\nexit 3\n";
    fs::write(&fake, script).unwrap();
    fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
    let mut ending = command(folder.path());
    ending.arg("--envoy").arg(&fake);
    let (code, stderr) = failure(ending).await;
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(lines[0].ends_with("ERROR envoy: main no such thing"), "{stderr}");
    assert_eq!(
        lines[1],
        "error: Envoy ended before it was ready (exit status: 3): its lines above say why"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told_in_one_line() {
    let mut missing = command(Path::new("/nowhere"));
    missing.arg("--no-envoy");
    let (code, stderr) = failure(missing).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: cannot read the folder /nowhere (-f DIR): No such file or directory (os error 2)\n"
    );
}
