use std::collections::BTreeMap;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsConnector, client};
use wayleave_core::secret::Secret;
use wayleave_tls::{BadCertificate, certified};

use super::*;
use crate::config::certificate::{Bearer, Pair, Store};

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

fn ready(pair: &Pair) -> Result<CertifiedKey, BadCertificate> {
    certified(&pair.certificate, &pair.key)
}

/// The port, and clients of it.
struct Port {
    shown: ServedCertificate,
    address: std::net::SocketAddr,
    connections: mpsc::Receiver<io::Result<Admitted>>,
    closing: CancellationToken,
}

impl Port {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("is bound");
        let (shown, closing) = (ServedCertificate::default(), CancellationToken::new());
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
    async fn accepted(&mut self) -> Admitted {
        let next = timeout(SOON, self.connections.recv()).await.expect("comes soon");
        next.expect("is open").expect("has shaken hands")
    }
}

#[tokio::test]
async fn the_certificate_changes_and_connections_stay() {
    let (first, second) = (store(), store());
    let mut port = Port::open().await;
    assert!(port.tls(&first).await.is_err(), "there is none yet");
    port.shown.put(Some(ready(pair(&first)).expect("can be used")));
    let mut old = port.tls(&first).await.expect("shakes hands");
    assert_eq!(old.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut ours = port.accepted().await;

    port.shown.put(Some(ready(pair(&second)).expect("can be used")));
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
async fn what_cannot_be_used_is_refused() {
    let (good, other) = (store(), store());
    let port = Port::open().await;
    port.shown.put(Some(ready(pair(&good)).expect("can be used")));
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
        assert!(ready(&bad).is_err(), "{bad:?}");
    }
    port.tls(&good).await.expect("shakes hands");
}

#[tokio::test]
async fn plain_text_is_refused_and_nobody_waits_for_the_slow() {
    let store = store();
    let mut port = Port::open().await;
    port.shown.put(Some(ready(pair(&store)).expect("can be used")));
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

#[tokio::test]
async fn a_connection_counts_as_long_as_it_stands() {
    let free = Arc::new(Semaphore::new(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let _clients = [
        TcpStream::connect(address).await.expect("connects"),
        TcpStream::connect(address).await.expect("connects"),
    ];
    let first = accept(&listener, &free).await.expect("accepted");
    // The next waits in the kernel's queue.
    let waiting = timeout(Duration::from_millis(50), accept(&listener, &free)).await;
    assert!(waiting.is_err());
    drop(first);
    drop(accept(&listener, &free).await.expect("accepted"));
}
