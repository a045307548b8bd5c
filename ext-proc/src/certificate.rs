//! The certificate that this process shows to those who connect by TLS. It comes with the configuration, and may change
//! at any time.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use wayleave_core::resource::Identity;

/// The certificate to show, if there is one. All clones are one.
#[derive(Clone, Default)]
pub struct ServedCertificate(Arc<ArcSwapOption<CertifiedKey>>);

impl ServedCertificate {
    /// Shows this one from now on; connections that stand are not touched.
    pub(crate) fn put(&self, certificate: Option<CertifiedKey>) {
        self.0.store(certificate.map(Arc::new));
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.0.load().is_some()
    }

    /// What shows it, to clients that speak HTTP/2. As long as there is none, handshakes fail.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, rustls::Error> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        let mut config = config
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

impl fmt::Debug for ServedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ServedCertificate({})",
            if self.is_there() { "some" } else { "none" }
        )
    }
}

/// A certificate and its key, ready for use.
///
/// # Errors
/// When they cannot be read, or do not belong together; the reason is for people.
pub(crate) fn certified(identity: &Identity) -> Result<CertifiedKey, String> {
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| format!("the certificate cannot be read: {error}"))?;
    if chain.is_empty() {
        return Err("there is no certificate: PEM is expected".to_owned());
    }
    // The reason might quote the key.
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes())
        .map_err(|_| "the key cannot be read: PEM is expected".to_owned())?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|error| format!("the certificate and its key cannot be used: {error}"))
}
