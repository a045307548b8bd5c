//! The life of the data-plane process, from bound listeners to the last flushed record.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use wayleave_core::snapshot::Snapshot;
use wayleave_engine::{Engine, EngineOptions, StartError};

use crate::admin::serve_admin;
use crate::front::Front;
use crate::listener::Listener;
use crate::request::Limits;

/// How long connections may take to close at least, when the time to drain has run out.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How the process is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// What one request may take.
    pub limits: Limits,
    /// How long calls in flight may take to end after `shutdown`.
    pub drain_timeout: Duration,
    /// The engine's own.
    pub engine: EngineOptions,
}

/// Why the process cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The engine does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A server is gone.
    #[error("a server of the data plane has stopped. This is a bug; the log says more")]
    ServerStopped(#[source] Option<JoinError>),
}

/// Serves calls on `fronts` and the admin pages on `admin`, each snapshot in force from when it comes, until `shutdown`.
///
/// Then it drains: `/readyz` is 503, new calls are refused with 503, those in flight end within
/// [`Options::drain_timeout`] or are broken off, and the ledger is written.
pub async fn run(
    options: Options,
    fronts: Vec<Front>,
    admin: TcpListener,
    mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let engine = Engine::start(options.engine)?;
    // What is there already is in force before the first call.
    apply_latest(&engine, &mut snapshots);
    let applying = tokio::spawn(apply(engine.clone(), snapshots));
    let closing = CancellationToken::new();
    let mut servers = JoinSet::new();
    for front in fronts {
        servers.spawn(front.serve(engine.clone(), options.limits, closing.clone()));
    }
    servers.spawn(serve_admin(
        Listener::from(admin),
        engine.clone(),
        closing.clone(),
    ));

    let stopped = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = servers.join_next() => ended,
    };
    applying.abort();
    if let Some(ended) = stopped {
        return Err(RunError::ServerStopped(ended.err()));
    }
    let deadline = Instant::now() + options.drain_timeout;
    drain(&engine, deadline).await;
    closing.cancel();
    close(servers, deadline.max(Instant::now() + CLOSE_TIMEOUT)).await;
    if timeout(CLOSE_TIMEOUT, engine.drained()).await.is_err() {
        tracing::warn!(
            calls = engine.in_flight(),
            "calls have not let go; the ledger may lack them"
        );
    }
    Ok(())
}

/// Puts each further snapshot in force. Ends when no more can come.
async fn apply(engine: Engine, mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>) {
    while snapshots.changed().await.is_ok() {
        apply_latest(&engine, &mut snapshots);
    }
}

fn apply_latest(engine: &Engine, snapshots: &mut watch::Receiver<Option<Arc<Snapshot>>>) {
    let latest = snapshots.borrow_and_update().clone();
    if let Some(snapshot) = latest {
        engine.apply(Snapshot::clone(&snapshot));
    }
}

/// Refuses new calls and waits for those in flight.
async fn drain(engine: &Engine, deadline: Instant) {
    engine.drain();
    tracing::info!(calls = engine.in_flight(), "draining");
    if timeout_at(deadline, engine.drained()).await.is_err() {
        tracing::warn!(
            calls = engine.in_flight(),
            "these calls did not end in time and are broken off"
        );
    }
}

/// Waits for the last bytes to leave, then breaks off what is left, so that the engine books it.
async fn close(mut servers: JoinSet<()>, deadline: Instant) {
    let closed = timeout_at(deadline, async { while servers.join_next().await.is_some() {} }).await;
    if closed.is_err() {
        servers.shutdown().await;
    }
}
