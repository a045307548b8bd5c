//! One call of a client.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::vendors::Format;

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A client without keep-alive limits, proxies or TLS.
pub(super) fn client() -> reqwest::Client {
    // A second installation fails, and is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Posts a body and reads the answer to its end.
pub(super) async fn post(
    client: &reqwest::Client,
    base: &str,
    format: Format,
    body: &Value,
) -> Result<Reply, String> {
    let mut request = client.post(format!("{base}{}", format.path()));
    request = match format {
        Format::Chat => request.header("authorization", "Bearer client-key"),
        Format::Messages => request
            .header("x-api-key", "client-key")
            .header("anthropic-version", "2023-06-01"),
    };
    let request = request
        .header("content-type", "application/json")
        .body(body.to_string());
    let told = |error: reqwest::Error| format!("the call broke: {error:?}");
    let response = request.send().await.map_err(told)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(told)?;
    Ok(Reply {
        status,
        headers,
        body,
    })
}

impl Reply {
    /// A header as text; empty if it is not there.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body for a message to people.
    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(500).collect()
    }
}
