//! A redis-server of a test's own, which it may kill and start again.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::cluster::port::Port;
use crate::cluster::server::Server;
use crate::wait::until;
use crate::{process, program};

/// How long something may take on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a port that nobody else gets while it is down. Dropped, it is killed; it ends with the test's process too.
#[derive(Debug)]
pub struct Redis {
    // In this order: it goes before its folder.
    server: Option<Server>,
    /// While it is down.
    reserved: Option<Port>,
    port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts one with these arguments, and waits until it takes connections. `None`: there is none on this machine,
    /// which is said, and is a failure where CI is set.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(arguments: &[&str]) -> Option<Self> {
        let program = program::redis()?;
        let reserved = Port::reserve();
        let port = reserved.number();
        let own = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""].map(str::to_owned);
        let given = arguments.iter().map(|argument| (*argument).to_owned());
        let mut redis = Self {
            server: None,
            reserved: Some(reserved),
            port,
            program,
            arguments: own.into_iter().chain(given).collect(),
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        redis.restart().await;
        Some(redis)
    }

    /// Its URL, without credentials.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection to it.
    ///
    /// # Panics
    /// When it takes none.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = ::redis::Client::open(self.url()).expect("its URL");
        let connection = client.get_multiplexed_async_connection().await;
        connection.expect("a connection")
    }

    /// Lets it hang: it keeps its connections, and answers nobody.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(server) = &self.server {
            process::signal(server.id(), signal);
        }
    }

    /// Ends it without a word, as `kill -9` does; its entries are gone, and connections are refused.
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

    /// Starts it again, empty, and waits until it takes connections.
    ///
    /// # Panics
    /// When it does not.
    pub async fn restart(&mut self) {
        // It does not share its port: it takes it in the moment that we let go of it.
        self.reserved = None;
        let server = Server::start("redis", &self.program, &self.arguments, self.folder.path());
        until("redis-server takes connections", PATIENCE, async || {
            server.assert_runs();
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.ok()
        })
        .await;
        self.server = Some(server);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn ask(redis: &Redis, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port)).await.ok()?;
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    #[tokio::test]
    async fn a_killed_server_comes_back_empty_on_its_port() {
        let Some(mut redis) = Redis::start(&[]).await else {
            return;
        };
        assert_eq!(ask(&redis, "SET key value").await.as_deref(), Some("+OK\r\n"));
        redis.kill().await;
        assert_eq!(ask(&redis, "PING").await, None);
        redis.restart().await;
        assert_eq!(ask(&redis, "GET key").await.as_deref(), Some("$-1\r\n"));
    }
}
