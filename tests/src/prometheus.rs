//! A Prometheus of a test's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::cluster::port::Port;
use crate::cluster::server::Server;
use crate::program;
use crate::secrets::Secrets;
use crate::wait::until;

/// How long something may take on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that looks at one port, whatever listens there. Dropped, it is killed; it ends with the test's process too.
#[derive(Debug)]
pub struct Prometheus {
    // In this order: it goes before its folder.
    _server: Server,
    client: Client,
    /// Where it looks, until somebody is to listen there.
    target: Option<Port>,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one that looks so often, and gives what it finds the labels of a pod; waits until it answers.
    /// `None`: there is none on this machine, which is said, and is a failure where CI is set.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(scrape: Duration) -> Option<Self> {
        let program = program::prometheus()?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yaml");
        let target = Port::reserve();
        fs::write(&config, configuration(target.number(), scrape)).expect("a file");
        let reserved = Port::reserve();
        let port = reserved.number();
        let arguments = arguments(&config, &folder.path().join("data"), port);
        // It does not share its port: it takes it in the moment that we let go of it.
        drop(reserved);
        let server = Server::start("prometheus", &program, &arguments, folder.path());
        let base = format!("http://127.0.0.1:{port}");
        let client = Client::without_credential(base, Secrets::default(), false);
        until("Prometheus is ready", PATIENCE, async || {
            server.assert_runs();
            let answer = client.try_get("/-/ready", &[]).await.ok()?;
            (answer.status == 200).then_some(())
        })
        .await;
        Some(Self {
            _server: server,
            client,
            target: Some(target),
            _folder: folder,
        })
    }

    /// The address that it looks at, free from now on for whom it is to look at.
    ///
    /// # Panics
    /// When it was asked for before.
    pub fn target(&mut self) -> SocketAddr {
        let target = self.target.take().expect("it is asked for once");
        SocketAddr::from((Ipv4Addr::LOCALHOST, target.number()))
    }

    /// What its API says under this path, with these parameters.
    ///
    /// # Errors
    /// What is wrong with them.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let parameters = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", percent(value)));
        let path = format!("/api/v1/{path}?{}", parameters.collect::<Vec<_>>().join("&"));
        let answer = self.client.try_get(&path, &[]).await.expect("it answers");
        let mut answer: Value = serde_json::from_str(&answer.text()).expect("JSON");
        if answer["status"] == "success" {
            Ok(answer["data"].take())
        } else {
            Err(answer["error"].to_string())
        }
    }
}

fn configuration(target: u16, scrape: Duration) -> String {
    let often = format!("{}ms", scrape.as_millis());
    format!(
        "global: {{scrape_interval: {often}, scrape_timeout: {often}}}\n\
         scrape_configs:\n\
         - job_name: wayleave\n  \
           static_configs:\n  \
           - {{targets: ['127.0.0.1:{target}'], labels: {{namespace: demo, pod: demo-0}}}}\n"
    )
}

fn arguments(config: &Path, data: &Path, port: u16) -> Vec<String> {
    vec![
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", data.display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        // The pages of the package are not unpacked.
        "--web.console.libraries=/nowhere".to_owned(),
        "--web.console.templates=/nowhere".to_owned(),
    ]
}

/// Everything but letters and digits, as a URL has it.
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    encoded.collect()
}
