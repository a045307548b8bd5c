//! Accepts connections and serves HTTP on them, until told to stop.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::listener::{Accepted, Connection, Listener};

/// Connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16_384;

/// How long a client may take for its first request's head, and for each later head on HTTP/1.1. Longer than what
/// clients' pools keep idle connections for, so that they are the ones who close.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is spoken on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1, or HTTP/2 with prior knowledge, with clients that nobody vouches for.
    Http,
    /// gRPC with an Envoy of ours.
    Grpc,
}

/// Serves until `closing`, then lets the requests in flight end. Dropping the future breaks them off.
pub(crate) async fn serve<S, B>(
    listener: Listener,
    protocol: Protocol,
    service: S,
    closing: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let builder = Arc::new(protocol.builder());
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
                continue;
            }
            accepted = accept(&listener, &free) => accepted,
        };
        match accepted {
            Ok((accepted, permit)) => {
                let (builder, service, closing) = (Arc::clone(&builder), service.clone(), closing.clone());
                connections.spawn(async move {
                    if let Some(connection) = open(accepted, &closing).await {
                        serve_connection(builder, connection, service, closing).await;
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn accept(listener: &Listener, free: &Arc<Semaphore>) -> io::Result<(Accepted, OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
    Ok((listener.accept().await?, permit))
}

/// `None`: the client and we do not come together.
async fn open(accepted: Accepted, closing: &CancellationToken) -> Option<Connection> {
    let opened = tokio::select! {
        opened = tokio::time::timeout(HANDSHAKE_TIMEOUT, accepted.open()) => opened.ok()?,
        () = closing.cancelled() => return None,
    };
    opened
        .inspect_err(|error| tracing::debug!(%error, "a connection's TLS handshake failed"))
        .ok()
}

async fn serve_connection<S, B>(
    builder: Arc<Builder<TokioExecutor>>,
    connection: Connection,
    service: S,
    closing: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let began = Arc::new(AtomicBool::new(false));
    let noting = Arc::clone(&began);
    let service = service_fn(move |request| {
        noting.store(true, Ordering::Relaxed);
        service.call(request)
    });
    let serving = builder.serve_connection(TokioIo::new(connection), service);
    let mut serving = std::pin::pin!(serving);
    let mut deadline = std::pin::pin!(tokio::time::sleep(HEAD_TIMEOUT));
    let mut waiting = true;
    let mut open = true;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    // Clients leave at all times: nothing to worry about.
                    tracing::debug!(error = &*error, "a connection ended early");
                }
                return;
            }
            () = closing.cancelled(), if open => {
                open = false;
                serving.as_mut().graceful_shutdown();
            }
            () = deadline.as_mut(), if waiting => {
                waiting = false;
                if !began.load(Ordering::Relaxed) {
                    return;
                }
            }
        }
    }
}

impl Protocol {
    fn builder(self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        let mut http2 = builder.http2();
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20))
            .initial_stream_window_size(1 << 20);
        match self {
            Self::Grpc => {
                // One connection carries all of an Envoy worker's calls, and clients that leave reset theirs at once.
                http2
                    .initial_connection_window_size(64 << 20)
                    .max_concurrent_streams(65_536)
                    .max_pending_accept_reset_streams(65_536)
                    .max_local_error_reset_streams(None);
                builder.http2_only()
            }
            Self::Http => {
                // Room for heads that are too large by far, so that our own error tells their senders.
                http2
                    .initial_connection_window_size(16 << 20)
                    .max_concurrent_streams(1_024)
                    .max_pending_accept_reset_streams(1_024)
                    .max_header_list_size(512 << 10);
                builder
                    .http1()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT)
                    .max_buf_size(512 << 10)
                    .max_headers(1_000);
                builder
            }
        }
    }
}
