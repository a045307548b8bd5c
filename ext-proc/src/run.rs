//! The life of the data-plane process, from bound listeners to the last flushed record.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wayleave_core::snapshot::Snapshot;
use wayleave_engine::{Engine, EngineOptions, StartError};

use crate::admin::serve_admin;
use crate::front::Front;
use crate::listener::Listener;
use crate::request::Limits;

/// How long connections may take to close after the last call has ended.
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
    /// One of its tasks is gone; the log says why.
    #[error("the task `{0}` has stopped. This is a bug; the log says more")]
    TaskStopped(&'static str),
}

/// Serves calls on `fronts` and the admin pages on `admin`, each snapshot in force from when it comes, until `shutdown`.
///
/// Then it drains: `/readyz` is 503, new calls are refused with 503, those in flight end within
/// [`Options::drain_timeout`] or are broken off, and the ledger is written.
pub async fn run(
    options: Options,
    fronts: Vec<Front>,
    admin: TcpListener,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let engine = Engine::start(options.engine)?;
    let draining = CancellationToken::new();
    let closing = CancellationToken::new();
    let mut tasks = JoinSet::new();
    for front in fronts {
        let serving = front.serve(engine.clone(), options.limits, closing.clone());
        tasks.spawn(named("front", serving));
    }
    let pages = serve_admin(
        Listener::from(admin),
        engine.clone(),
        draining.clone(),
        closing.clone(),
    );
    tasks.spawn(named("admin", pages));
    let applying = tokio::spawn(apply(engine.clone(), snapshots));

    let early = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = tasks.join_next() => Some(ended.and_then(Result::ok).unwrap_or("a server")),
    };
    applying.abort();
    if let Some(name) = early {
        return Err(RunError::TaskStopped(name));
    }
    draining.cancel();
    drain(&engine, options.drain_timeout).await;
    closing.cancel();
    let closed = tokio::time::timeout(CLOSE_TIMEOUT, async {
        while tasks.join_next().await.is_some() {}
    })
    .await;
    if closed.is_err() {
        // Breaks off what is left, so that the engine books it.
        tasks.shutdown().await;
    }
    if tokio::time::timeout(CLOSE_TIMEOUT, engine.drained())
        .await
        .is_err()
    {
        tracing::warn!(
            calls = engine.in_flight(),
            "calls have not let go; the ledger may lack them"
        );
    }
    Ok(())
}

async fn named(name: &'static str, task: impl Future<Output = ()>) -> &'static str {
    task.await;
    name
}

/// Puts each snapshot in force. Ends when no more can come.
async fn apply(engine: Engine, mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>) {
    loop {
        let snapshot = snapshots.borrow_and_update().clone();
        if let Some(snapshot) = snapshot {
            engine.apply(Snapshot::clone(&snapshot));
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

async fn drain(engine: &Engine, timeout: Duration) {
    engine.drain();
    tracing::info!(calls = engine.in_flight(), ?timeout, "draining");
    if tokio::time::timeout(timeout, engine.drained()).await.is_err() {
        tracing::warn!(
            calls = engine.in_flight(),
            "these calls did not end in time and are broken off"
        );
    }
}
