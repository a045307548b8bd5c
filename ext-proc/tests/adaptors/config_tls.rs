//! Calls by gRPC over TLS, with the certificate that the configuration server hands out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use envoy_types::pb::envoy::service::discovery::v3::Resource as Entry;
use http::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use wayleave_core::resource::{Identity, Resource};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;
use wayleave_ext_proc::envoy::bootstrap::Adaptor;

use crate::client::{Client, Version, request};
use crate::config_plane::{DataPlane, Grpc, TOKEN, sim, whole};
use crate::config_server::{FakeServer, Gate, certificate, entry};
use crate::envoy_process::Gateway;
use crate::life::chat;

/// The resource with a certificate of the data plane.
fn identity(certificate: &CertifiedKey<KeyPair>, key: &KeyPair, version: &str) -> Entry {
    let identity = Identity {
        name: ObjectName::new("wayleave", "ext-proc"),
        chain: certificate.cert.pem().into(),
        key: Secret::new(key.serialize_pem()),
    };
    entry(&Resource::Certificate(Arc::new(identity)), version)
}

async fn handshake(address: SocketAddr, trusted: &CertifiedKey<KeyPair>) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn the_certificate_comes_with_the_configuration_and_is_renewed() {
    let (first, second, authority) = (certificate(), certificate(), certificate());
    let mut server = FakeServer::start(&authority, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start_with(&[server.url()], &authority, Grpc::On).await;
    let address = data_plane.grpc.unwrap();
    let mut stream = server.stream().await;
    stream.complete(vec![], &[]).await;
    data_plane.says("not ready: no certificate yet").await;
    assert!(handshake(address, &first).await.is_err(), "there is none to show");

    stream
        .complete(vec![identity(&first, &first.signing_key, "1")], &[])
        .await;
    assert_eq!(data_plane.text("/readyz").await, "ready\n");
    let tls = handshake(address, &first).await.unwrap();
    let mut old = Client::over(TokioIo::new(tls), Version::Two).await;
    let unknown = || request(Method::POST, "/no.such.Service/Method", Bytes::new());
    let answer = old.ask(unknown()).await;
    assert_eq!(answer.headers["grpc-status"], "12", "gRPC is spoken: {answer:?}");

    stream
        .complete(vec![identity(&second, &second.signing_key, "2")], &[])
        .await;
    assert!(
        handshake(address, &first).await.is_err(),
        "it is not shown any longer"
    );
    handshake(address, &second).await.unwrap();
    assert_eq!(
        old.ask(unknown()).await.headers["grpc-status"],
        "12",
        "what stands is not touched"
    );

    // A key of another certificate.
    let mixed = identity(&first, &second.signing_key, "3");
    stream.send("mixed", "v", vec![mixed], &[]).await;
    let (_, rejected) = stream.answer().await;
    assert!(rejected[0].reason.contains("cannot be used"), "{rejected:?}");
    handshake(address, &second).await.unwrap();
}

/// Envoy's cluster at a TLS port, trusting these certificates.
fn to_tls(config: &mut Value, address: SocketAddr, trusted: &str) {
    let cluster = config.pointer_mut("/static_resources/clusters/0").unwrap();
    let endpoint = cluster
        .pointer_mut("/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address")
        .unwrap();
    *endpoint =
        json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}});
    cluster["transport_socket"] = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": "localhost",
            "common_tls_context": {"validation_context": {
                "trusted_ca": {"inline_string": trusted},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "localhost"}}],
            }},
        },
    });
}

#[tokio::test]
async fn an_envoy_elsewhere_calls_by_tls() {
    let (sim, first, second) = (sim(), certificate(), certificate());
    let mut server = FakeServer::start(&first, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start_with(&[server.url()], &first, Grpc::On).await;
    let mut stream = server.stream().await;
    let mut resources = whole(&sim);
    resources.push(identity(&first, &first.signing_key, "1"));
    stream.complete(resources, &[]).await;
    let address = data_plane.grpc.unwrap();
    let trusted = first.cert.pem() + &second.cert.pem();
    let gateway = Gateway::start(Adaptor::ExtProc, |config| to_tls(config, address, &trusted)).await;
    let Some(gateway) = gateway else { return };
    let mut client = gateway.client(Version::One).await;
    let answer = client.ask(chat("m")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    stream
        .complete(vec![identity(&second, &second.signing_key, "2")], &[])
        .await;
    let answer = client.ask(chat("m")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}
