//! A key of a Google service account, and what is signed with it to get a token.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Uri;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;

use super::{BadCredential, from_json};
use crate::secret::Secret;

/// What a token may be used for: all of the cloud that the account's roles let it.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long an assertion holds; Google takes no more.
const LIFETIME_SECONDS: i64 = 3600;
/// Google's other kinds of credentials, so that one of them is named.
const OTHER_TYPES: [&str; 5] = [
    "authorized_user",
    "external_account",
    "external_account_authorized_user",
    "gdch_service_account",
    "impersonated_service_account",
];

/// A key of a service account. Cheap to clone.
#[derive(Clone)]
pub struct ServiceAccount {
    /// Whose key it is.
    client_email: Arc<str>,
    key_id: Option<Arc<str>>,
    token_uri: Arc<str>,
    key: Arc<RsaKeyPair>,
}

#[derive(Deserialize)]
struct Members {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

impl ServiceAccount {
    /// Reads the JSON that Google hands out.
    pub(super) fn parse(text: &str) -> Result<Self, BadCredential> {
        let members: Members = from_json(text)?;
        let kind = required("type", members.kind)?;
        if kind != "service_account" {
            let other = OTHER_TYPES.into_iter().find(|other| *other == kind);
            return Err(BadCredential::Type(other.unwrap_or("unknown")));
        }
        let client_email = required("client_email", members.client_email)?;
        let private_key = required("private_key", members.private_key)?;
        let token_uri = required("token_uri", members.token_uri)?;
        if !is_url(&token_uri) {
            return Err(BadCredential::TokenUri);
        }
        let der = PrivatePkcs8KeyDer::from_pem_slice(private_key.as_bytes());
        let der = der.map_err(|_| BadCredential::PrivateKey)?;
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| BadCredential::PrivateKey)?;
        Ok(Self {
            client_email: client_email.into(),
            key_id: members.private_key_id.map(Arc::from),
            token_uri: token_uri.into(),
            key: Arc::new(key),
        })
    }

    /// Where it gets tokens.
    pub fn token_uri(&self) -> &str {
        &self.token_uri
    }

    /// A signed demand for a token (RFC 7523): a JWT with RS256. It is a credential itself for as long as it holds.
    ///
    /// # Errors
    /// When the key signs nothing.
    pub fn assertion(&self, now: Timestamp) -> Result<Secret, BadCredential> {
        let now = now.as_second();
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let (Some(key_id), Some(header)) = (&self.key_id, header.as_object_mut()) {
            header.insert("kid".to_owned(), json!(key_id));
        }
        let claims = json!({
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        });
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| BadCredential::PrivateKey)?;
        Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("client_email", &self.client_email)
            .field("token_uri", &self.token_uri)
            .finish_non_exhaustive()
    }
}

fn required(name: &'static str, member: Option<String>) -> Result<String, BadCredential> {
    member
        .filter(|text| !text.trim().is_empty())
        .ok_or(BadCredential::Missing(name))
}

fn is_url(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
    })
}

#[cfg(test)]
mod tests {
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    const ACCOUNT: &str = include_str!("testdata/service_account.json");

    fn changed(change: impl FnOnce(&mut Value)) -> Result<ServiceAccount, BadCredential> {
        let mut account: Value = serde_json::from_str(ACCOUNT).expect("JSON");
        change(&mut account);
        ServiceAccount::parse(&account.to_string())
    }

    fn part(text: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64")).expect("JSON")
    }

    #[test]
    fn an_assertion_is_signed_by_the_account() {
        let account = ServiceAccount::parse(ACCOUNT).expect("a key");
        assert_eq!(account.token_uri(), "https://oauth2.googleapis.com/token");
        let now = Timestamp::from_second(1_750_000_000).expect("a date");
        let assertion = account.assertion(now).expect("signed");
        let (signed, signature) = assertion.expose().rsplit_once('.').expect("three parts");
        let (header, claims) = signed.split_once('.').expect("three parts");
        assert_eq!(
            part(header),
            json!({"alg": "RS256", "typ": "JWT", "kid": "0123456789abcdef"})
        );
        assert_eq!(
            part(claims),
            json!({
                "iss": "gateway@wayleave-tests.iam.gserviceaccount.com",
                "scope": "https://www.googleapis.com/auth/cloud-platform",
                "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_750_000_000,
                "exp": 1_750_003_600,
            })
        );
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, account.key.public_key().as_ref());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        public
            .verify(signed.as_bytes(), &signature)
            .expect("its signature");
        assert!(public.verify(header.as_bytes(), &signature).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told() {
        let without =
            |name: &str| changed(|account| drop(account.as_object_mut().expect("an object").remove(name)));
        for name in ["type", "client_email", "private_key", "token_uri"] {
            assert_eq!(without(name).err(), Some(BadCredential::Missing(name)));
        }
        assert!(without("private_key_id").is_ok());
        let with = |name: &str, text: &str| changed(|account| account[name] = text.into()).err();
        assert_eq!(
            with("type", "external_account"),
            Some(BadCredential::Type("external_account"))
        );
        assert_eq!(with("type", "x"), Some(BadCredential::Type("unknown")));
        for pem in [
            "x",
            "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(with("private_key", pem), Some(BadCredential::PrivateKey), "{pem}");
        }
        for url in [
            "oauth2.googleapis.com/token",
            "ftp://host/token",
            "https://user:pass@host/token",
            "/token",
        ] {
            assert_eq!(with("token_uri", url), Some(BadCredential::TokenUri), "{url}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let account = ServiceAccount::parse(ACCOUNT).expect("a key");
        let debug = format!("{account:?}");
        assert!(
            debug.contains("gateway@") && !debug.contains("PRIVATE") && !debug.contains("modulus"),
            "{debug}"
        );
    }
}
