//! What sinks that speak HTTP have in common.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};

use super::{Failure, Reason};
use crate::upstream::describe;

const CONNECT: Duration = Duration::from_secs(5);
/// How long a batch may take.
const WHOLE: Duration = Duration::from_secs(30);
/// What is told of a sink's answer.
const TOLD_CHARACTERS: usize = 300;

/// Where a sink is: `http` or `https`, without a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkUrl(Url);

/// A text that is no [`SinkUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as http://HOST:PORT or https://HOST:PORT, without a user or password in it")]
pub struct BadSinkUrl;

impl FromStr for SinkUrl {
    type Err = BadSinkUrl;

    fn from_str(text: &str) -> Result<Self, BadSinkUrl> {
        let url = Url::parse(text).map_err(|_| BadSinkUrl)?;
        let sane = matches!(url.scheme(), "http" | "https") && url.has_host();
        let shows = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        (sane && !shows).then_some(Self(url)).ok_or(BadSinkUrl)
    }
}

impl fmt::Display for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl SinkUrl {
    /// The URL with these segments behind its path.
    pub(super) fn with(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// A client of a sink.
pub(super) fn client(url: &SinkUrl) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("wayleave/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .timeout(WHOLE);
    if url.0.scheme() == "http" {
        // It is in the cluster: no proxy stands before it.
        builder = builder.no_proxy();
    }
    builder.build()
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self {
            reason: if error.is_timeout() {
                Reason::Timeout
            } else {
                Reason::Connection
            },
            message: describe(&error),
        }
    }
}

/// The body of an answer that says yes.
pub(super) async fn accepted(response: Response) -> Result<String, Failure> {
    let status = response.status();
    let text = response.text().await?;
    if status.is_success() {
        return Ok(text);
    }
    let reason = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reason::Credentials,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Reason::Overloaded,
        StatusCode::BAD_REQUEST => Reason::Invalid,
        _ => Reason::Refused,
    };
    let told: String = text.trim().chars().take(TOLD_CHARACTERS).collect();
    Err(Failure {
        reason,
        message: format!("{status}: {told}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_shows_no_credential() {
        for text in ["http://c:8123", "https://c.example/base/", "http://[::1]:8123"] {
            assert!(text.parse::<SinkUrl>().is_ok(), "{text}");
        }
        for text in [
            "",
            "c:8123",
            "tcp://c:9000",
            "http://u:p@c",
            "http://u@c",
            "http://c/?password=p",
        ] {
            assert_eq!(text.parse::<SinkUrl>(), Err(BadSinkUrl), "{text}");
        }
    }

    #[test]
    fn paths_are_put_behind_the_base() {
        let with = |base: &str| base.parse::<SinkUrl>().unwrap().with(&["v1", "logs"]).to_string();
        assert_eq!(with("http://c:4318"), "http://c:4318/v1/logs");
        assert_eq!(with("http://c:4318/otlp/"), "http://c:4318/otlp/v1/logs");
    }
}
