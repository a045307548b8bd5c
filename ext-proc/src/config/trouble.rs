//! Why there is no configuration from a server. All of it is for people, and none of it has a credential in it.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tonic::{Code, Status};

use crate::config::server::ServerUrl;

/// The most characters of what a server says of itself.
const MOST_WORDS: usize = 300;

/// One address of a server.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) server: ServerUrl,
    pub(super) address: SocketAddr,
}

/// Why a connection does not stand, or stands no longer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the CA file {path}: {error}", path = path.display())]
    CaFile { path: PathBuf, error: String },
    #[error("the token file {path}: {error}", path = path.display())]
    TokenFile { path: PathBuf, error: String },
    #[error("cannot find {server}: {error}")]
    Lookup { server: ServerUrl, error: String },
    #[error("cannot reach {target}: {error}")]
    Connect { target: Target, error: io::Error },
    #[error("cannot reach {target}: no connection in {seconds} seconds")]
    ConnectTimeout { target: Target, seconds: u64 },
    #[error("no TLS with {target}: {error}")]
    Tls { target: Target, error: io::Error },
    #[error("{target} does not speak HTTP/2")]
    NoHttp2 { target: Target },
    #[error("{target} is on standby: {words}")]
    Standby { target: Target, words: String },
    #[error("the server does not trust this token: {target} says: {words}")]
    Token { target: Target, words: String },
    #[error("{target} refuses: {code:?}: {words}")]
    Refused {
        target: Target,
        code: Code,
        words: String,
    },
    #[error("the connection to {target} is lost: {error}")]
    Lost { target: Target, error: String },
    #[error("{target} has sent no whole configuration in {seconds} seconds")]
    SetTimeout { target: Target, seconds: u64 },
    #[error("{target} has ended the stream before a whole configuration had come")]
    TooEarly { target: Target },
    #[error("{target} does not keep to the protocol: {what}")]
    Protocol { target: Target, what: String },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, address } = self;
        if server.host == address.ip().to_string() {
            write!(f, "{server}")
        } else {
            write!(f, "{server} ({address})")
        }
    }
}

impl Trouble {
    /// What the end of a call means.
    pub(super) fn of_status(target: &Target, status: &Status) -> Self {
        let target = target.clone();
        // With a source it is our own side that speaks: the connection broke.
        if let Some(error) = status.source() {
            let error = innermost(error).to_string();
            return Self::Lost { target, error };
        }
        let words = words(status.message());
        let code = status.code();
        if code == Code::Unavailable {
            Self::Standby { target, words }
        } else if matches!(code, Code::Unauthenticated | Code::PermissionDenied) {
            Self::Token { target, words }
        } else {
            Self::Refused { target, code, words }
        }
    }
}

/// What was wrong in the end.
pub(super) fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

/// What another side says: short, and on one line.
fn words(text: &str) -> String {
    let plain = text
        .chars()
        .map(|sign| if sign.is_control() { ' ' } else { sign });
    plain.take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target {
            server: url.parse().unwrap(),
            address: "127.0.0.1:7".parse().unwrap(),
        }
    }

    #[test]
    fn an_address_is_told_where_the_name_does_not_tell_it() {
        assert_eq!(target("https://127.0.0.1:7").to_string(), "https://127.0.0.1:7");
        assert_eq!(target("https://a:7").to_string(), "https://a:7 (127.0.0.1:7)");
    }

    #[test]
    fn what_the_server_says_is_kept_short_and_on_one_line() {
        let target = target("https://a:7");
        let text = |status| Trouble::of_status(&target, &status).to_string();
        let long = text(Status::internal("x\n".repeat(1_000)));
        assert!(long.len() < 400 && !long.contains('\n'), "{long}");
        assert!(text(Status::unavailable("not the leader")).contains("is on standby: not the leader"));
        for status in [
            Status::unauthenticated("expired"),
            Status::permission_denied("expired"),
        ] {
            assert!(text(status).starts_with("the server does not trust this token"));
        }
    }
}
