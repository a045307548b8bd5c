//! The configuration server, as the user names it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;
use wayleave_tls::ServedCertificate;

/// How to reach the configuration server.
#[derive(Clone, Debug)]
pub struct ConfigServer {
    /// Where it may be; each name may have several addresses, of which one serves.
    pub servers: Vec<ServerUrl>,
    /// The certificates that it is trusted by, as PEM. Read at each connection.
    pub ca_file: PathBuf,
    /// What this data plane shows that it is one. Read at each connection, since it is renewed.
    pub token_file: PathBuf,
    /// What this data plane calls itself.
    pub node: String,
    /// Where the certificate goes that the server hands out; `None`: there is no use for one.
    pub certificate: Option<ServedCertificate>,
}

/// `https://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) uri: Uri,
}

/// A text that is no address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as https://HOST:PORT; credentials do not travel without TLS")]
pub struct BadServerUrl;

impl FromStr for ServerUrl {
    type Err = BadServerUrl;

    fn from_str(text: &str) -> Result<Self, BadServerUrl> {
        let uri: Uri = text.parse().map_err(|_| BadServerUrl)?;
        let authority = uri.authority().ok_or(BadServerUrl)?;
        let bare = uri
            .path_and_query()
            .is_none_or(|path| path.as_str().is_empty() || path == "/");
        if uri.scheme() != Some(&Scheme::HTTPS) || !bare || authority.as_str().contains('@') {
            return Err(BadServerUrl);
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(BadServerUrl);
        }
        let port = authority.port_u16().unwrap_or(443);
        Ok(Self { host, port, uri })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.uri.to_string();
        f.write_str(text.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_addresses() {
        for (text, host, port) in [
            (
                "https://wayleave-config.wayleave.svc:18000",
                "wayleave-config.wayleave.svc",
                18000,
            ),
            ("https://10.0.0.1:1/", "10.0.0.1", 1),
            ("https://[::1]:18000", "::1", 18000),
            ("https://operator", "operator", 443),
        ] {
            let url: ServerUrl = text.parse().expect(text);
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
            assert_eq!(url.to_string(), text.trim_end_matches('/'));
        }
    }

    #[test]
    fn refuses_what_is_not_safe_or_no_server() {
        for text in [
            "",
            "operator:18000",
            "http://operator:18000",
            "https://a/b",
            "https://u:p@a",
            "https://",
        ] {
            assert_eq!(text.parse::<ServerUrl>(), Err(BadServerUrl), "{text}");
        }
    }
}
