//! The life of the data-plane process, from bound listeners to the last flushed record.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use wayleave_core::snapshot::Snapshot;
use wayleave_engine::{Engine, EngineOptions, StartError};

use crate::admin::{Subject, serve_admin};
use crate::config::{ConfigSource, Follower, Status};
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
    /// How long calls are still taken after `shutdown`, so that those who send them can learn of it.
    pub shutdown_delay: Duration,
    /// How long calls in flight may take to end after that.
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

/// Serves calls on `fronts` and the admin pages on `admin`, each configuration in force from when it comes, until
/// `shutdown`.
///
/// Then `/readyz` is 503, and after [`Options::shutdown_delay`] it drains: new calls are refused with 503, those in
/// flight end within [`Options::drain_timeout`] or are broken off, and the ledger is written.
pub async fn run(
    options: Options,
    fronts: Vec<Front>,
    admin: TcpListener,
    source: ConfigSource,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let engine = Engine::start(options.engine)?;
    let (stopping, closing) = (CancellationToken::new(), CancellationToken::new());
    let mut servers = JoinSet::new();
    let status = configure(source, &engine, &mut servers, &closing);
    for front in fronts {
        servers.spawn(front.serve(engine.clone(), options.limits, closing.clone()));
    }
    let subject = Subject {
        engine: engine.clone(),
        status,
        stopping: stopping.clone(),
    };
    servers.spawn(serve_admin(Listener::from(admin), subject, closing.clone()));

    let stopped = tokio::select! {
        () = stop(&shutdown, &stopping, options.shutdown_delay) => None,
        ended = servers.join_next() => ended,
    };
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

/// Has the engine configured from now on, until `closing`. What is there already is in force before the first call.
fn configure(
    source: ConfigSource,
    engine: &Engine,
    servers: &mut JoinSet<()>,
    closing: &CancellationToken,
) -> Option<Arc<Status>> {
    let closing = closing.clone();
    match source {
        ConfigSource::Snapshots(mut snapshots) => {
            apply_latest(engine, &mut snapshots);
            let applying = apply(engine.clone(), snapshots);
            servers.spawn(async move {
                closing.run_until_cancelled_owned(applying).await;
            });
            None
        }
        ConfigSource::Server(server) => {
            let status = Arc::new(Status::new(&server));
            let following = Box::pin(Follower::new(server, engine.clone(), Arc::clone(&status)).run());
            servers.spawn(async move {
                closing.run_until_cancelled_owned(following).await;
            });
            Some(status)
        }
    }
}

/// Resolves when calls are no longer to be taken; `stopping` tells of it before.
async fn stop(shutdown: &CancellationToken, stopping: &CancellationToken, delay: Duration) {
    shutdown.cancelled().await;
    // Without a delay, what is not ready refuses calls.
    if !delay.is_zero() {
        stopping.cancel();
        sleep(delay).await;
    }
}

/// Puts each further snapshot in force.
async fn apply(engine: Engine, mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>) {
    while snapshots.changed().await.is_ok() {
        apply_latest(&engine, &mut snapshots);
    }
    // No more can come, and the last one stays in force.
    std::future::pending::<()>().await;
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
