//! Keys and certificates of a cluster, and the kubeconfigs that clients use.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::json;

use super::folder::Folder;

/// Who the server is, to clients that reach it by loopback.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "kubernetes.default.svc"];
/// Files that the server reads.
pub(super) const CERTIFICATE: &str = "server.crt";
pub(super) const KEY: &str = "server.key";
pub(super) const TOKENS: &str = "tokens.csv";
pub(super) const SERVICE_ACCOUNT_KEY: &str = "service-accounts.key";
pub(super) const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "service-accounts.pub";

/// What clients need.
#[derive(Debug)]
pub(super) struct Credentials {
    authority: String,
    /// Of a user who may do everything.
    pub(super) admin_token: String,
}

impl Credentials {
    /// Makes all keys anew, and writes the server's files.
    ///
    /// # Panics
    /// When that fails.
    pub(super) fn make(folder: &Folder) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate().expect("a key");
        let names = NAMES.map(str::to_owned);
        let certificate = CertificateParams::new(names).expect("names of a server");
        let certificate = certificate.signed_by(&key, &issuer).expect("a certificate");
        folder.write(CERTIFICATE, &certificate.pem());
        folder.write(KEY, &key.serialize_pem());

        let service_accounts = KeyPair::generate().expect("a key");
        folder.write(SERVICE_ACCOUNT_KEY, &service_accounts.serialize_pem());
        folder.write(SERVICE_ACCOUNT_PUBLIC_KEY, &service_accounts.public_key_pem());

        let admin_token = format!("{:032x}", fastrand::u128(..));
        folder.write(TOKENS, &format!("{admin_token},admin,admin,system:masters\n"));
        Self {
            authority: STANDARD.encode(authority_certificate.pem()),
            admin_token,
        }
    }

    /// The kubeconfig of somebody with this token. JSON is YAML.
    pub(super) fn kubeconfig(&self, port: u16, namespace: &str, token: &str) -> String {
        let server = format!("https://127.0.0.1:{port}");
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": server, "certificate-authority-data": self.authority,
            }}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {
                "cluster": "test", "user": "test", "namespace": namespace,
            }}],
            "current-context": "test",
        })
        .to_string()
    }
}
