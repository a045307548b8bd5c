//! Encrypted connections.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::process::free_port;
use super::*;

/// A certificate for the server, in a folder, and the one to trust.
fn certificates(folder: &std::path::Path) -> String {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let trusted = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &issuer).unwrap();
    fs::write(folder.join("server.crt"), server.pem()).unwrap();
    fs::write(folder.join("server.key"), server_key.serialize_pem()).unwrap();
    trusted.pem()
}

#[tokio::test]
async fn only_a_server_whose_certificate_is_trusted_gets_anything() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = certificates(folder.path());
    let port = free_port().to_string();
    let certificate = folder.path().join("server.crt").display().to_string();
    let private = folder.path().join("server.key").display().to_string();
    let arguments = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &private,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "secret",
    ];
    let Some(_process) = Process::start(&arguments).await else {
        return;
    };
    let url = format!("rediss://:secret@localhost:{port}");
    let given = connected(RedisStore {
        ca_pem: Some(Arc::from(trusted)),
        ..spec(&url)
    })
    .await;
    let one = key("a/r", "one", 1);
    given.put(&one).await;
    assert_eq!(given.store.get(&one).await, Lookup::Found(entry()));
    // The system does not trust it.
    let without = open(spec(&url));
    until("it is refused", async || {
        without.failed("connect", "connection").then_some(())
    })
    .await;
    assert_eq!(without.store.get(&one).await, Lookup::Unavailable);
}
