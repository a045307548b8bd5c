//! What the commands share that run until a signal comes.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::net::TcpListener;

use crate::parent::end_with_parent;

/// Serves to the end, which is also that of `parent`, if there is one.
pub(crate) fn run(
    parent: Option<u32>,
    serve: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<ExitCode> {
    if let Some(parent) = parent {
        end_with_parent(parent)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(serve)?;
    Ok(ExitCode::SUCCESS)
}

/// Listens on an address that the user gave, or could give, by `flag`.
pub(crate) async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: is another process there? Choose another address with {flag}")
    })
}
