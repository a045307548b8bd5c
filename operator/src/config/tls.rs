//! TLS of the config port: whose certificate can change at any time, and which nobody reaches without TLS.

mod admitted;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use self::admitted::Admitted;

use super::certificate::Pair;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 64;
/// Connections at once, far more than there are data planes; others wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 4_096;
/// How long to wait after a failed accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The certificate that is shown now. Cheap to clone: all clones are one. Without one handshakes fail.
#[derive(Clone, Default)]
pub struct Shown(Arc<ArcSwapOption<CertifiedKey>>);

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM.
    #[error("not a certificate and a key in PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// Not usable for TLS.
    #[error("cannot be used for TLS: {0}")]
    Unusable(#[from] rustls::Error),
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Shown").field(&self.0.load().is_some()).finish()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

impl Shown {
    /// Shows this one from now on; connections that stand keep theirs.
    ///
    /// # Errors
    /// When it cannot be used: then nothing changes.
    pub fn show(&self, pair: &Pair) -> Result<(), TlsError> {
        let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(pair.key.expose().as_bytes())?;
        let provider = rustls::crypto::ring::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider)?;
        self.0.store(Some(Arc::new(certified)));
        Ok(())
    }

    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// The connections that have shaken hands, until `closing`. A client that speaks plain text, or dawdles, holds up nobody.
///
/// # Errors
/// When TLS itself cannot be set up.
pub fn connections(
    listener: TcpListener,
    shown: &Shown,
    closing: CancellationToken,
) -> Result<mpsc::Receiver<io::Result<Admitted>>, TlsError> {
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
