//! A real Envoy before an adaptor.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wayleave_ext_proc::envoy::bootstrap::{AccessLog, Adaptor, BootstrapOptions, ListenAddress, bootstrap};
use wayleave_ext_proc::{Front, Limits, Listener};

use crate::client::{Client, Version, get};
use crate::fake::{Events, Fake};

/// The longest that Envoy takes to start on a loaded machine.
const START: Duration = Duration::from_secs(30);

/// An Envoy, and behind it an adaptor and the fake.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Events,
    fake: Fake,
    adaptor: Adaptor,
    serving: JoinHandle<()>,
    folder: TempDir,
    envoy: Child,
}

/// The Envoy to test with; `None`: there is none.
pub(crate) fn find_envoy() -> Option<PathBuf> {
    let named = std::env::var_os("WAYLEAVE_ENVOY").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path)
        .map(|folder| folder.join("envoy"))
        .find(|file| file.is_file());
    let cached =
        std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/wayleave/envoy/1.40.0/envoy"));
    named.or(on_path).or(cached.filter(|file| file.is_file()))
}

impl Gateway {
    /// Starts one, its configuration changed by `edit`. `None`, said aloud: there is no Envoy.
    pub(crate) async fn start(adaptor: Adaptor, edit: impl FnOnce(&mut Value)) -> Option<Self> {
        let Some(envoy) = find_envoy() else {
            println!("skipped: there is no Envoy. Set WAYLEAVE_ENVOY to its path");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let (fake, seen) = Fake::new();
        let serving = serve(adaptor, &folder, fake.clone()).await;
        let admin = folder.path().join("admin.sock");
        let options = BootstrapOptions {
            adaptor,
            access_log: AccessLog::Stdout,
            ..BootstrapOptions::new(
                ListenAddress::Tcp("127.0.0.1:0".parse().unwrap()),
                admin.clone(),
                folder.path().join("upstream.sock"),
            )
        };
        let mut config = bootstrap(&options);
        edit(&mut config);
        let file = folder.path().join("envoy.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let log = std::fs::File::create(folder.path().join("access.log")).unwrap();
        let envoy = Command::new(envoy)
            .args([
                "--concurrency",
                "1",
                "--disable-hot-restart",
                "--log-level",
                "warning",
                "-c",
            ])
            .arg(&file)
            .stdout(log)
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let address = tokio::time::timeout(START, address(&admin))
            .await
            .expect("Envoy starts in time");
        Some(Self {
            address,
            seen,
            fake,
            adaptor,
            serving,
            folder,
            envoy,
        })
    }

    pub(crate) async fn client(&self, version: Version) -> Client {
        Client::tcp(self.address, version).await
    }

    /// The adaptor's process dies, as far as Envoy can see.
    pub(crate) async fn kill_adaptor(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }

    /// It is started anew.
    pub(crate) async fn restart_adaptor(&mut self) {
        self.serving = serve(self.adaptor, &self.folder, self.fake.clone()).await;
    }

    /// Stops Envoy and reads its access log.
    pub(crate) async fn access_log(mut self) -> Vec<Value> {
        let pid = self.envoy.id().unwrap().to_string();
        assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
        self.envoy.wait().await.unwrap();
        let log = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap();
        log.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

async fn serve(adaptor: Adaptor, folder: &TempDir, fake: Fake) -> JoinHandle<()> {
    let listener = Listener::unix(folder.path().join("upstream.sock")).await.unwrap();
    let front = match adaptor {
        Adaptor::ExtProc => Front::Envoy(listener),
        Adaptor::Http => Front::Http(listener),
    };
    tokio::spawn(front.serve(fake, Limits::default(), CancellationToken::new()))
}

/// Asks the admin page until the listener is up.
async fn address(admin: &Path) -> SocketAddr {
    loop {
        if let Ok(mut client) = Client::unix(admin, Version::One).await {
            let listeners = client.ask(get("/listeners?format=json")).await;
            // Before the listener is up the page is empty.
            let listeners: Value = serde_json::from_slice(&listeners.body).unwrap_or_default();
            if let Some(socket) = listeners.pointer("/listener_statuses/0/local_address/socket_address") {
                let port = u16::try_from(socket["port_value"].as_u64().unwrap()).unwrap();
                return SocketAddr::from(([127, 0, 0, 1], port));
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
