//! The redis-server that a cache keeps its answers in.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::child::Child;
use crate::options::Options;

/// How long it may take to accept connections.
const READY: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The command that runs it at `listen`. It writes nothing to disk.
///
/// # Errors
/// When there is none.
pub fn command(options: &Options, listen: SocketAddr) -> Result<Command> {
    let program = options.redis.clone().or_else(on_path).context(
        "there is no redis-server on PATH: use `make bench`, which fetches one, give --redis PATH, or leave the \
         scenario `cache` out",
    )?;
    if !program.is_file() {
        bail!("there is no {}: give --redis PATH", program.display());
    }
    let mut command = Command::new(program);
    command
        .args(["--bind", &listen.ip().to_string()])
        .args(["--port", &listen.port().to_string()])
        .args(["--save", ""]);
    Ok(command)
}

/// Waits until it takes connections.
///
/// # Errors
/// When it ends, or takes none within 10 seconds.
pub async fn ready(child: &mut Child, address: SocketAddr) -> Result<()> {
    let end = Instant::now() + READY;
    while TcpStream::connect(address).await.is_err() {
        child.check()?;
        if Instant::now() >= end {
            bail!(
                "redis-server takes no connection; its output ends:\n{}",
                child.output()
            );
        }
        sleep(ASK_AGAIN).await;
    }
    Ok(())
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join("redis-server"))
        .find(|file| file.is_file())
}
