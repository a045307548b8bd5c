//! A clickhouse-server of a test's own, which it may kill and start again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{Method, Request, Uri};
use http_body_util::Full;
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
/// Who may do everything, with a password.
pub const USER: &str = "wayleave";

/// A server on a port that nobody else gets while it is down. What it has taken, it has again after a start.
#[derive(Debug)]
pub struct ClickHouse {
    // In this order: it goes before its folder.
    server: Option<Server>,
    /// While it is down.
    reserved: Option<Port>,
    port: u16,
    program: PathBuf,
    client: Client,
    password: String,
    folder: TempDir,
}

impl ClickHouse {
    /// Starts one, and waits until it answers. `None`: there is none on this machine, which is said, and is a failure where
    /// CI is set.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(secrets: &Secrets) -> Option<Self> {
        let program = program::clickhouse()?;
        let reserved = Port::reserve();
        let port = reserved.number();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let password = secrets.mint("clickhouse");
        configure(folder.path(), port, &password);
        let base = format!("http://127.0.0.1:{port}");
        let mut clickhouse = Self {
            server: None,
            reserved: Some(reserved),
            port,
            program,
            client: Client::without_credential(base, Secrets::default(), false),
            password,
            folder,
        };
        clickhouse.restart().await;
        Some(clickhouse)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The password of [`USER`].
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The rows that a statement gives.
    ///
    /// # Panics
    /// When it fails.
    pub async fn rows(&self, statement: &str) -> Vec<Value> {
        let statement = format!("{statement} FORMAT JSONEachRow");
        let text = self
            .ask(&statement)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let rows = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a row"));
        rows.collect()
    }

    /// What it says to a statement.
    ///
    /// # Errors
    /// What is wrong with the statement, or the server.
    pub async fn ask(&self, statement: &str) -> Result<String, String> {
        let mut request = Request::new(Full::from(statement.to_owned()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/?output_format_json_quote_64bit_integers=0");
        for (name, value) in [("x-clickhouse-user", USER), ("x-clickhouse-key", &*self.password)] {
            let value = value.parse().expect("a header's value");
            request.headers_mut().insert(name, value);
        }
        let asked = self.client.send(request).await;
        let answer = asked.map_err(|error| format!("{error:#}"))?.read().await;
        let text = answer.text();
        if answer.status == 200 { Ok(text) } else { Err(text) }
    }

    /// Ends it without a word, as `kill -9` does; connections are refused.
    ///
    /// # Panics
    /// When somebody else takes its port in that moment.
    pub async fn kill(&mut self) {
        if self.server.take().is_some() {
            let port = self.port;
            let free = until("its port is free", PATIENCE, async || Port::reserve_number(port));
            self.reserved = Some(free.await);
        }
    }

    /// Starts it again, and waits until it answers.
    ///
    /// # Panics
    /// When it does not.
    pub async fn restart(&mut self) {
        // It does not share its port: it takes it in the moment that we let go of it.
        self.reserved = None;
        let config = self.folder.path().join("config.xml");
        let arguments = [format!("--config-file={}", config.display())];
        let server = Server::start("clickhouse", &self.program, &arguments, self.folder.path());
        until("clickhouse-server answers", PATIENCE, async || {
            server.assert_runs();
            self.ask("SELECT 1").await.ok()
        })
        .await;
        self.server = Some(server);
    }
}

/// Only HTTP is listened on, and only by us. Servers before version 20 call the root so, and later ones take it.
fn configure(folder: &Path, port: u16, password: &str) {
    let path = folder.display();
    let config = format!(
        "<yandex><logger><level>warning</level><console>1</console></logger>\
         <http_port>{port}</http_port><listen_host>127.0.0.1</listen_host>\
         <path>{path}/data/</path><tmp_path>{path}/tmp/</tmp_path>\
         <users_config>{path}/users.xml</users_config><default_profile>default</default_profile>\
         <default_database>default</default_database><mark_cache_size>67108864</mark_cache_size></yandex>"
    );
    let users = format!(
        "<yandex><profiles><default></default></profiles><quotas><default></default></quotas><users><{USER}>\
         <password>{password}</password><networks><ip>::1</ip><ip>127.0.0.1</ip></networks>\
         <profile>default</profile><quota>default</quota></{USER}></users></yandex>"
    );
    fs::write(folder.join("config.xml"), config).expect("a file");
    fs::write(folder.join("users.xml"), users).expect("a file");
}
