//! What the operator and the data plane ask of the texts of a [`RedisStore`]. Neither is ever repeated: they are secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;

use super::RedisStore;
use crate::secret::Secret;

/// How long an encryption key is.
const KEY_BYTES: usize = 32;

/// Why a store cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRedis {
    /// By its URL.
    #[error("the URL {0}")]
    Url(#[from] BadUrl),
    /// By its encryption key.
    #[error("the encryption key {0}")]
    Key(#[from] BadKey),
}

/// Why a text is not the URL of a Redis server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Of no form that is known.
    #[error(
        "is not a URL: write one such as rediss://user:password@host:6379, with %XX for characters of the password that \
         a URL cannot have"
    )]
    Malformed,
    /// Another scheme.
    #[error("has no scheme redis or rediss: write rediss://, or redis:// without TLS")]
    Scheme,
    /// Options, one of which would turn the check of certificates off.
    #[error("has a query or a fragment: write scheme, credentials, host, port and database only")]
    Query,
    /// What follows on the host is no number.
    #[error("has a path that is not the number of a database, such as /0")]
    Database,
    /// A cluster has one database.
    #[error("names a database, but a cluster has no other than 0")]
    ClusterDatabase,
}

/// Why a text is not an encryption key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not base64.
    #[error("is not base64: write what `openssl rand -base64 32` prints")]
    Base64,
    /// Too few or too many bytes.
    #[error("is not 32 bytes in base64: write what `openssl rand -base64 32` prints")]
    Length,
}

impl RedisStore {
    /// Whether its texts can be used.
    ///
    /// # Errors
    /// When one cannot.
    pub fn check(&self) -> Result<(), BadRedis> {
        Self::check_url(&self.url, self.cluster)?;
        let key = self.encryption_key.as_ref();
        key.map_or(Ok(()), |key| Ok(Self::check_key(key)?))
    }

    /// Whether a text is the URL of a server, or of a node of a cluster.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_url(url: &Secret, cluster: bool) -> Result<(), BadUrl> {
        let text = url.expose();
        if text.contains(['?', '#']) {
            return Err(BadUrl::Query);
        }
        let uri: Uri = text.parse().map_err(|_| BadUrl::Malformed)?;
        if !matches!(uri.scheme_str(), Some("redis" | "rediss")) {
            return Err(BadUrl::Scheme);
        }
        let authority = (uri.authority())
            .filter(|authority| !authority.host().is_empty())
            .ok_or(BadUrl::Malformed)?;
        let place = authority.as_str();
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        // `host:` and `host:99999` are authorities, but no port is in them.
        if place != authority.host() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(BadUrl::Malformed);
        }
        let database: u32 = match uri.path().trim_start_matches('/') {
            "" => 0,
            digits => digits.parse().map_err(|_| BadUrl::Database)?,
        };
        if cluster && database > 0 {
            Err(BadUrl::ClusterDatabase)
        } else {
            Ok(())
        }
    }

    /// Whether a text is an encryption key.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_key(key: &Secret) -> Result<(), BadKey> {
        let bytes = STANDARD.decode(key.expose().trim()).map_err(|_| BadKey::Base64)?;
        (bytes.len() == KEY_BYTES).then_some(()).ok_or(BadKey::Length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str, cluster: bool) -> Result<(), BadUrl> {
        RedisStore::check_url(&Secret::new(text), cluster)
    }

    #[test]
    fn takes_urls_of_servers_and_clusters() {
        for text in [
            "redis://localhost",
            "redis://localhost/",
            "rediss://host:6380",
            "rediss://user:pass@host:6380/3",
            "redis://:p%40ss@10.0.0.1:6379/0",
            "redis://[::1]:6379",
            "redis://user@host",
            "redis://user:p@ss@host",
        ] {
            assert_eq!(url(text, false), Ok(()), "{text}");
        }
        for text in ["rediss://user:pass@host:6380", "redis://host/0"] {
            assert_eq!(url(text, true), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for (text, error) in [
            ("", BadUrl::Malformed),
            ("host:6379", BadUrl::Scheme),
            ("host", BadUrl::Scheme),
            ("http://host:6379", BadUrl::Scheme),
            ("redis+unix:///run/redis", BadUrl::Malformed),
            ("unix:///run/redis.sock", BadUrl::Malformed),
            ("redis://", BadUrl::Malformed),
            ("redis://user:pass@", BadUrl::Malformed),
            ("redis://host:", BadUrl::Malformed),
            ("redis://host:0", BadUrl::Malformed),
            ("redis://host:99999", BadUrl::Malformed),
            ("redis://ho st", BadUrl::Malformed),
            ("redis://host/zero", BadUrl::Database),
            ("redis://host/0/1", BadUrl::Database),
            ("redis://host?protocol=resp3", BadUrl::Query),
            ("rediss://host/#insecure", BadUrl::Query),
        ] {
            assert_eq!(url(text, false), Err(error), "{text}");
        }
        assert_eq!(url("redis://host/1", true), Err(BadUrl::ClusterDatabase));
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let key = |text: &str| RedisStore::check_key(&Secret::new(text));
        assert_eq!(key(&STANDARD.encode([7; 32])), Ok(()));
        for (text, error) in [
            (String::new(), BadKey::Length),
            (STANDARD.encode([7; 31]), BadKey::Length),
            (STANDARD.encode([7; 33]), BadKey::Length),
            ("7".repeat(65), BadKey::Base64),
            ("no base64!".to_owned(), BadKey::Base64),
        ] {
            assert_eq!(key(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_store_is_judged_by_both() {
        let store = |url: &str, key: &str| RedisStore {
            url: Secret::new(url),
            cluster: false,
            ca_pem: None,
            timeout: std::time::Duration::from_millis(20),
            encryption_key: Some(Secret::new(key)),
        };
        let good = STANDARD.encode([7; 32]);
        assert_eq!(store("redis://host", &good).check(), Ok(()));
        assert_eq!(
            store("http://host", &good).check(),
            Err(BadRedis::Url(BadUrl::Scheme))
        );
        let bad = store("redis://host", "secret").check().expect_err("no key");
        assert_eq!(bad, BadRedis::Key(BadKey::Base64));
        assert!(!bad.to_string().contains("secret"), "{bad}");
    }
}
