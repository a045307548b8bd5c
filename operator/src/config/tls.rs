//! TLS of the config port, which nobody reaches without it.

mod admitted;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use wayleave_tls::ServedCertificate;

pub use self::admitted::Admitted;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 64;
/// Connections at once, far more than there are data planes; others wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 4_096;
/// How long to wait after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The connections that have shaken hands, until `closing`. A client that speaks plain text, or dawdles, holds up nobody.
///
/// # Errors
/// When TLS itself cannot be set up.
pub fn connections(
    listener: TcpListener,
    shown: &ServedCertificate,
    closing: CancellationToken,
) -> Result<mpsc::Receiver<io::Result<Admitted>>, rustls::Error> {
    let acceptor = shown.acceptor()?;
    let (sender, receiver) = mpsc::channel(MOST_HANDSHAKES);
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    tokio::spawn(async move {
        loop {
            let Ok(place) = sender.clone().reserve_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                () = closing.cancelled() => return,
                accepted = accept(&listener, &free) => accepted,
            };
            match accepted {
                Ok((stream, counted)) => {
                    drop(tokio::spawn(handshake(acceptor.clone(), stream, place, counted)));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(receiver)
}

async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let counted = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, counted))
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    place: mpsc::OwnedPermit<io::Result<Admitted>>,
    counted: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => drop(place.send(Ok(Admitted {
            stream,
            _counted: counted,
        }))),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

#[cfg(test)]
mod tests;
