//! A running Envoy, with a configuration that a test gives it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::cluster::connects;
use crate::cluster::port::Port;
use crate::cluster::server::Server;
use crate::process;
use crate::program;
use crate::secrets::Secrets;
use crate::wait::until;

/// How long it may take to listen, or to end, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// An Envoy that takes calls. Dropped, it is killed; it ends with the test's process too.
#[derive(Debug)]
pub struct Envoy {
    // In this order: it goes before its folder.
    server: Server,
    port: Port,
    _folder: TempDir,
}

impl Envoy {
    /// Starts one with the configuration for this address, and waits until it takes connections.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(config: impl FnOnce(SocketAddr) -> Value, flags: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = Port::reserve();
        let config = config(address(&port));
        let file = folder.path().join("envoy.json");
        fs::write(&file, config.to_string()).expect("a file");
        let mut arguments = vec!["--config-path".to_owned(), file.display().to_string()];
        arguments.extend_from_slice(flags);
        let server = Server::start("envoy", &program::envoy(), &arguments, folder.path());
        until("Envoy takes connections", PATIENCE, async || {
            server.assert_runs();
            connects(&port).await
        })
        .await;
        Self {
            server,
            port,
            _folder: folder,
        }
    }

    /// A client of it.
    pub fn client(&self, secrets: &Secrets) -> Client {
        Client::new(format!("http://{}", address(&self.port)), secrets.clone(), false)
    }

    /// Checks that it has not ended.
    ///
    /// # Panics
    /// When it has.
    pub fn assert_runs(&self) {
        self.server.assert_runs();
    }

    /// Ends it in order.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn finish(self) {
        self.server.assert_runs();
        process::signal(self.server.id(), Signal::TERM);
        let ended = async || self.server.fallen();
        let told = until("Envoy ends", PATIENCE, ended).await;
        assert!(told.contains("exit status: 0"), "{told}");
    }
}

fn address(port: &Port) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()))
}

impl Drop for Envoy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Envoy's log ends:\n{}", self.server.tail());
        }
    }
}
