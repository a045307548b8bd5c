//! The certificate that a server of ours shows. It comes at run time, and may change at any time: the operator's own, and
//! that of data planes towards Envoys elsewhere.
//!
//! ```text
//! PEM ──certified──► CertifiedKey ──put──► ServedCertificate ◄──resolve── acceptor (TLS, HTTP/2)
//! ```

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use wayleave_core::secret::Secret;

/// The certificate to show, if there is one. All clones are one.
#[derive(Clone, Default)]
pub struct ServedCertificate(Arc<ArcSwapOption<CertifiedKey>>);

/// Why a certificate and a key cannot be shown. No text of either stands in it.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// The certificate is not PEM.
    #[error("the certificate cannot be read: PEM is expected")]
    Certificate,
    /// There is none.
    #[error("there is no certificate: PEM is expected")]
    Missing,
    /// The key is not PEM.
    #[error("the key cannot be read: PEM is expected")]
    Key,
    /// They do not belong together, or TLS cannot use them.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl ServedCertificate {
    /// Shows this one from now on; connections that stand are not touched.
    pub fn put(&self, certificate: Option<CertifiedKey>) {
        self.0.store(certificate.map(Arc::new));
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.0.load().is_some()
    }

    /// What shows it, to clients that speak HTTP/2. As long as there is none, handshakes fail.
    ///
    /// # Errors
    /// None that can be provoked: the versions of TLS are the provider's own.
    pub fn acceptor(&self) -> Result<TlsAcceptor, rustls::Error> {
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
        let some = if self.is_there() { "some" } else { "none" };
        write!(f, "ServedCertificate({some})")
    }
}

/// A certificate (PEM, the server's own first) and its key (PEM), ready for use.
///
/// # Errors
/// When they cannot be read, or do not belong together.
pub fn certified(chain: &str, key: &Secret) -> Result<CertifiedKey, BadCertificate> {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|_| BadCertificate::Certificate)?;
    if chain.is_empty() {
        return Err(BadCertificate::Missing);
    }
    // The parser's own reason might quote the key.
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| BadCertificate::Key)?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}
