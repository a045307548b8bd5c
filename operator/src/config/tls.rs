//! TLS of the config port: whose certificate can change at any time, and which nobody reaches without TLS.

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
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::certificate::Pair;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the kernel's queue.
const MOST_HANDSHAKES: usize = 64;
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
) -> Result<mpsc::Receiver<io::Result<TlsStream<TcpStream>>>, TlsError> {
    let acceptor = shown.acceptor()?;
    let (sender, receiver) = mpsc::channel(MOST_HANDSHAKES);
    tokio::spawn(async move {
        loop {
            let Ok(place) = sender.clone().reserve_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                () = closing.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => drop(tokio::spawn(handshake(acceptor.clone(), stream, place))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(receiver)
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    place: mpsc::OwnedPermit<io::Result<TlsStream<TcpStream>>>,
) {
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => drop(place.send(Ok(stream))),
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::{TlsConnector, client};
    use wayleave_core::secret::Secret;

    use super::super::certificate::{Bearer, Store};
    use super::*;

    const NAME: &str = "wayleave-config.own.svc";
    const SOON: Duration = Duration::from_secs(4);

    fn store() -> Store {
        let names = BTreeMap::from([(Bearer::ConfigService, vec![NAME.to_owned()])]);
        let store = Store::default().renewed(&names, Timestamp::now());
        store.expect("can be made").expect("was empty")
    }

    fn pair(store: &Store) -> &Pair {
        store.leaf(Bearer::ConfigService).expect("is there")
    }

    /// The port, and clients of it.
    struct Port {
        shown: Shown,
        address: std::net::SocketAddr,
        connections: mpsc::Receiver<io::Result<TlsStream<TcpStream>>>,
        closing: CancellationToken,
    }

    impl Port {
        async fn open() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
            let address = listener.local_addr().expect("is bound");
            let (shown, closing) = (Shown::default(), CancellationToken::new());
            let connections = connections(listener, &shown, closing.clone()).expect("sets up");
            Self {
                shown,
                address,
                connections,
                closing,
            }
        }

        async fn plain(&self) -> TcpStream {
            TcpStream::connect(self.address).await.expect("connects")
        }

        /// A client that trusts the authority of this store.
        async fn tls(&self, store: &Store) -> io::Result<client::TlsStream<TcpStream>> {
            let mut roots = RootCertStore::empty();
            for root in CertificateDer::pem_slice_iter(store.bundle().as_bytes()) {
                roots.add(root.expect("is PEM")).expect("is an authority");
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("are there")
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"h2".to_vec()];
            let name = ServerName::try_from(NAME).expect("is a name");
            TlsConnector::from(Arc::new(config))
                .connect(name, self.plain().await)
                .await
        }

        /// Our end of the next connection.
        async fn accepted(&mut self) -> TlsStream<TcpStream> {
            let next = timeout(SOON, self.connections.recv()).await.expect("comes soon");
            next.expect("is open").expect("has shaken hands")
        }
    }

    #[tokio::test]
    async fn the_certificate_changes_and_connections_stay() {
        let (first, second) = (store(), store());
        let mut port = Port::open().await;
        assert!(port.tls(&first).await.is_err(), "there is none yet");
        port.shown.show(pair(&first)).expect("can be used");
        let mut old = port.tls(&first).await.expect("shakes hands");
        assert_eq!(old.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut ours = port.accepted().await;

        port.shown.show(pair(&second)).expect("can be used");
        assert!(port.tls(&first).await.is_err(), "another authority");
        port.tls(&second).await.expect("shakes hands");
        old.write_all(b"still here").await.expect("stands");
        let mut heard = [0; 10];
        timeout(SOON, ours.read_exact(&mut heard))
            .await
            .expect("comes soon")
            .expect("stands");
        assert_eq!(&heard, b"still here");
    }

    #[tokio::test]
    async fn what_cannot_be_used_changes_nothing() {
        let (good, other) = (store(), store());
        let port = Port::open().await;
        port.shown.show(pair(&good)).expect("can be used");
        let Pair { certificate, key } = pair(&good).clone();
        for bad in [
            Pair {
                key: pair(&other).key.clone(),
                certificate: certificate.clone(),
            },
            Pair {
                key: Secret::new("garbage"),
                certificate,
            },
            Pair {
                certificate: "garbage".to_owned(),
                key: key.clone(),
            },
            Pair {
                certificate: String::new(),
                key,
            },
        ] {
            assert!(port.shown.show(&bad).is_err(), "{bad:?}");
        }
        port.tls(&good).await.expect("shakes hands");
    }

    #[tokio::test]
    async fn plain_text_is_refused_and_nobody_waits_for_the_slow() {
        let store = store();
        let mut port = Port::open().await;
        port.shown.show(pair(&store)).expect("can be used");
        let mut slow = Vec::new();
        for _ in 0..MOST_HANDSHAKES / 2 {
            slow.push(port.plain().await);
        }
        let mut plain = port.plain().await;
        plain
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .expect("is sent");
        let mut heard = Vec::new();
        // Perhaps an alert, then the end.
        let end = timeout(SOON, plain.read_to_end(&mut heard))
            .await
            .expect("comes soon");
        assert!(end.is_err() || heard.len() < 16, "{heard:?}");

        timeout(SOON, port.tls(&store))
            .await
            .expect("does not wait")
            .expect("shakes hands");
        port.accepted().await;
        assert!(
            port.connections.try_recv().is_err(),
            "nobody else has shaken hands"
        );
    }

    #[tokio::test]
    async fn the_end_of_the_operator_closes_the_port() {
        let mut port = Port::open().await;
        port.closing.cancel();
        let end = timeout(SOON, port.connections.recv()).await.expect("comes soon");
        assert!(end.is_none());
        assert!(TcpStream::connect(port.address).await.is_err());
    }
}
