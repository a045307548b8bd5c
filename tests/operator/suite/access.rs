//! Who gets the configuration, and who gets nothing.

use std::fs;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wayleave_tests::{Cluster, Operator, Plane, Site, until};

use super::support::{SOON, sim, site};

/// A data plane that must not get ready; what it says why.
async fn refused(site: &Site<'_>, operator: &Operator, prepare: impl FnOnce(&Plane), why: &str) {
    let plane = Plane::start(site, &[operator], &[]).await;
    prepare(&plane);
    until(&format!("the data plane says: {why}"), SOON, async || {
        let (status, text) = plane.daemon.page("/readyz").await;
        assert_eq!(status, 503, "{text}");
        text.contains(why).then_some(())
    })
    .await;
    assert_eq!(plane.daemon.page("/config").await.1.trim(), "null");
    plane.daemon.finish().await;
}

#[tokio::test]
async fn only_a_data_plane_s_own_token_opens_the_door() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    operator.leads().await;
    let cluster = site.cluster;
    // Another account of the same namespace, with a token for the right audience.
    let other = cluster
        .token(&site.own, "wayleave-operator", "wayleave-config")
        .await;
    // The right account, with a token for the API server.
    let elsewhere = cluster
        .token(&site.own, "wayleave-gateway", "https://kubernetes.default.svc")
        .await;
    let cases = [
        (other.as_str(), "may not have the configuration"),
        (elsewhere.as_str(), "does not accept the token"),
        ("not-a-token", "does not accept the token"),
    ];
    for (token, why) in cases {
        let write = |plane: &Plane| fs::write(&plane.token, token).expect("a file");
        refused(&site, &operator, write, why).await;
    }
    let remove = |plane: &Plane| fs::remove_file(&plane.token).expect("a file");
    refused(&site, &operator, remove, "token").await;
    // The right one.
    site.plane(&[&operator]).await.daemon.finish().await;
    operator.daemon.finish().await;
}

#[tokio::test]
async fn a_data_plane_trusts_no_other_authority() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    operator.leads().await;
    let key = KeyPair::generate().expect("a key");
    let foreign = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let foreign = foreign.self_signed(&key).expect("a certificate").pem();
    let write = |plane: &Plane| {
        let ca = plane.token.with_file_name("ca.crt");
        fs::write(ca, &foreign).expect("a file");
    };
    refused(&site, &operator, write, "certificate").await;
}

#[tokio::test]
async fn plain_text_gets_no_answer() {
    let site = Site::new(Cluster::shared().await).await;
    let operator = site.operator().await;
    operator.leads().await;
    for greeting in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(operator.config).await.expect("a connection");
        stream.write_all(greeting.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
        // Closed or reset, with no more than a TLS alert.
        assert!(read.is_ok(), "the connection stays open");
        assert!(answer.len() <= 7 && !answer.starts_with(b"HTTP"), "{answer:?}");
    }
}
