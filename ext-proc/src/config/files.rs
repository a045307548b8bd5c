//! The files that a connection needs. They are renewed while the process runs, so each connection reads them anew.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::metadata::{Ascii, MetadataValue};

use crate::config::trouble::Trouble;

/// What trusts the certificates in a file and nothing else.
pub(super) async fn trust(path: &Path) -> Result<ClientConfig, Trouble> {
    let trouble = |error: String| Trouble::CaFile {
        path: path.to_owned(),
        error,
    };
    let pem = tokio::fs::read(path)
        .await
        .map_err(|error| trouble(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| trouble(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| trouble(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(trouble("there is no certificate in it".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| trouble(error.to_string()))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// `Bearer TOKEN`, marked sensitive.
pub(super) async fn bearer(path: &Path) -> Result<MetadataValue<Ascii>, Trouble> {
    let trouble = |error: String| Trouble::TokenFile {
        path: path.to_owned(),
        error,
    };
    let token = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| trouble(error.to_string()))?;
    let token = token.trim();
    if token.is_empty() {
        return Err(trouble("it is empty".to_owned()));
    }
    let mut value = MetadataValue::try_from(format!("Bearer {token}"))
        .map_err(|_| trouble("it has characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_read_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let missing = bearer(&path).await.unwrap_err().to_string();
        assert!(
            missing.contains("No such file") && missing.contains("token"),
            "{missing}"
        );
        std::fs::write(&path, "\n").unwrap();
        assert!(
            bearer(&path)
                .await
                .unwrap_err()
                .to_string()
                .ends_with("it is empty")
        );
        std::fs::write(&path, "very\nsecret").unwrap();
        let broken = bearer(&path).await.unwrap_err();
        assert!(!format!("{broken} {broken:?}").contains("very"));
        std::fs::write(&path, "very-secret\n").unwrap();
        let value = bearer(&path).await.unwrap();
        assert_eq!(value.to_str().unwrap(), "Bearer very-secret");
        assert!(!format!("{value:?}").contains("very-secret"), "{value:?}");
    }

    #[tokio::test]
    async fn what_is_no_certificate_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (pem, expected) in [
            ("", "there is no certificate in it"),
            (
                "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n",
                "invalid",
            ),
        ] {
            std::fs::write(file.path(), pem).unwrap();
            let error = trust(file.path()).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
