//! Providers behind TLS: HTTP/2 where they speak it, and certificates of the user's own.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Version;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use wayleave_core::snapshot::{Access, Endpoint};
use wayleave_engine::{Engine, EngineOptions};
use wayleave_sim::{Outcome, Sim, SimOptions};

use super::support::{Ask, Gateway, Key, SOON, pick, rule, snapshot};

/// A port with TLS before the simulator, closed when dropped.
struct TlsPort {
    address: SocketAddr,
    certificate: String,
    _tasks: JoinSet<()>,
}

async fn tls(sim: &Sim, protocols: &[&str]) -> TlsPort {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a configuration");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("bound");
    let mut tasks = JoinSet::new();
    tasks.spawn(forward(listener, TlsAcceptor::from(Arc::new(config)), sim.addr()));
    TlsPort {
        address,
        certificate: cert.pem(),
        _tasks: tasks,
    }
}

async fn forward(listener: TcpListener, acceptor: TlsAcceptor, to: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        connections.spawn(async move {
            // A client that does not trust the certificate goes away here.
            let Ok(mut inside) = acceptor.accept(stream).await else {
                return;
            };
            let mut outside = TcpStream::connect(to).await.expect("the simulator");
            let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
        });
    }
}

fn gateway(sim: Sim, port: &TlsPort, certificate: Option<&str>, model: &str) -> Gateway {
    let engine = Engine::start(EngineOptions::default()).expect("an engine");
    let mut key = Key::new("a").at(format!("https://localhost:{}/a/v1", port.address.port()));
    if let Some(certificate) = certificate {
        key = key.trusting(certificate);
    }
    engine.apply(snapshot(
        &sim.base_url(),
        &[key, Key::new("b")],
        rule(vec![pick("a", model), pick("b", "m")]),
    ));
    Gateway { engine, sim }
}

fn sim() -> Sim {
    Sim::start(SimOptions::default()).expect("a simulator")
}

#[tokio::test]
async fn http_2_is_spoken_where_the_provider_does() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
    ] {
        let sim = sim();
        let port = tls(&sim, protocols).await;
        let gateway = gateway(sim, &port, Some(&port.certificate), "m");
        for ask in [Ask::chat(), Ask::chat().streamed()] {
            let got = gateway.ask(ask).await.ok();
            assert_eq!(gateway.books(got.call_id()).await.lines(), ["primary a ok 200"]);
        }
        assert!(
            gateway
                .sim
                .requests()
                .iter()
                .all(|request| request.version == version)
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_network_error() {
    let sim = sim();
    let port = tls(&sim, &["h2"]).await;
    let other = tls(&sim, &["h2"]).await;
    let gateway = gateway(sim, &port, Some(&other.certificate), "m");
    let got = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(
        gateway.books(got.call_id()).await.lines(),
        ["primary a network -", "fallback b ok 200"]
    );
    assert!(gateway.sent_to("a").is_empty());
}

#[tokio::test]
async fn a_certificate_that_is_none_makes_the_target_unusable() {
    let sim = sim();
    let port = tls(&sim, &["h2"]).await;
    let broken = "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n";
    let gateway = gateway(sim, &port, Some(broken), "m");
    let got = gateway.ask(Ask::chat()).await.ok();
    assert_eq!(
        gateway.books(got.call_id()).await.lines(),
        ["primary a unusable -", "fallback b ok 200"]
    );
}

fn endpoint(url: &str) -> Endpoint {
    let keys = [Key::new("a").at(url.to_owned())];
    let mut snapshot = snapshot("unused", &keys, rule(vec![pick("a", "m")]));
    match snapshot.providers.remove(0).access {
        Access::Ready(endpoint) => Endpoint::clone(&endpoint),
        Access::Broken(reason) => panic!("{reason}"),
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_known_before_a_call() {
    let sim = sim();
    let port = tls(&sim, &["h2"]).await;
    let engine = Engine::start(EngineOptions::default()).expect("starts");
    let broken = "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n";
    let url = "https://localhost/v1";
    for (url, ca, expected) in [
        (url, None, None),
        (url, Some(port.certificate.as_str()), None),
        (
            url,
            Some(broken),
            Some("cannot set up TLS for https://localhost/v1"),
        ),
        (url, Some("no certificate"), Some("PEM is expected")),
        ("nowhere", None, Some("is not a URL")),
    ] {
        let mut endpoint = endpoint(url);
        endpoint.ca_pem = ca.map(Arc::from);
        match (engine.check(&endpoint), expected) {
            (Ok(()), None) => {}
            (Err(reason), Some(expected)) => assert!(reason.contains(expected), "{reason}"),
            (found, _) => panic!("{url}, {ca:?}: {found:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_resets_its_stream_and_not_the_connection() {
    let sim = sim();
    let port = tls(&sim, &["h2"]).await;
    let gateway = gateway(sim, &port, Some(&port.certificate), "m?hang=headers");
    let mut call = Box::pin(gateway.answer(Ask::chat()));
    tokio::select! {
        answer = &mut call => panic!("no answer was to come: {answer:?}"),
        () = gateway.asked(1) => {}
    }
    let since = Instant::now();
    drop(call);
    gateway
        .sim
        .wait_for(|requests| requests[0].ended.is_some(), SOON)
        .await
        .expect("the end");
    let request = &gateway.sim.requests()[0];
    assert!(matches!(request.outcome, Outcome::ClientLeft { .. }));
    let after = request.ended.expect("ended").saturating_duration_since(since);
    assert!(after < std::time::Duration::from_millis(100), "{after:?}");
    assert_eq!(gateway.only_books().await.lines(), ["primary a client_left -"]);
}

#[tokio::test]
async fn one_connection_carries_many_calls_at_once() {
    let sim = sim();
    let port = tls(&sim, &["h2"]).await;
    let gateway = gateway(sim, &port, Some(&port.certificate), "m?ttft=50ms");
    let calls = (0..50).map(|_| gateway.ask(Ask::chat().streamed()));
    for got in futures_util::future::join_all(calls).await {
        got.ok();
    }
    assert_eq!(gateway.sent_to("a").len(), 50);
}
