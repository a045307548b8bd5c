//! The HTTP side: clients by what they trust, requests by what a provider wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::{Certificate, Client, Request, Url};
use wayleave_core::plan::KeyChoice;
use wayleave_core::snapshot::Endpoint;
use wayleave_core::table::Table;
use wayleave_core::vendor::Auth;

/// How long an idle connection is kept. Providers close theirs after a minute or more; ours goes first.
const POOL_IDLE: Duration = Duration::from_secs(50);
/// Clients kept at most, one for each pair of trust and connect timeout; more than a sane configuration has.
const MOST_CLIENTS: usize = 256;

/// What tells clients apart. Connections are pooled by host within a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Trust {
    ca_pem: Option<Arc<str>>,
    connect: Duration,
    /// Plain upstreams are in-cluster: no proxy stands before them.
    plain: bool,
}

/// Why a request cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the endpoint {url:?} is not a URL: {error}")]
    Url { url: String, error: String },
    #[error("the credential {0} has characters that no header can carry")]
    Credential(Arc<str>),
    #[error("cannot set up TLS for {url}: {error}")]
    Client { url: Arc<str>, error: String },
}

/// A request on its way, until the head of its answer.
pub(crate) type Sending = BoxFuture<'static, reqwest::Result<reqwest::Response>>;

/// All clients. They outlive configurations, so that a reload drops no connection.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pool: Mutex<HashMap<Trust, Client>>,
    /// Answers instead of the network.
    #[cfg(test)]
    pub(crate) script: Option<crate::tests::Script>,
}

impl Clients {
    /// Begins to send a request. It goes out when the future is first polled.
    pub(crate) fn send(
        &self,
        endpoint: &Endpoint,
        connect: Duration,
        request: Request,
    ) -> Result<Sending, UpstreamError> {
        #[cfg(test)]
        if let Some(script) = &self.script {
            return Ok(script.answer(&request));
        }
        let client = self.get(endpoint, connect)?;
        Ok(Box::pin(async move { client.execute(request).await }))
    }

    fn get(&self, endpoint: &Endpoint, connect: Duration) -> Result<Client, UpstreamError> {
        let plain = endpoint.url.starts_with("http://");
        let trust = Trust {
            ca_pem: endpoint.ca_pem.clone(),
            connect,
            plain,
        };
        let mut clients = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&trust) {
            return Ok(client.clone());
        }
        let client = build(&trust).map_err(|error| UpstreamError::Client {
            url: Arc::clone(&endpoint.url),
            error,
        })?;
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        clients.insert(trust, client.clone());
        Ok(client)
    }
}

impl Clients {
    /// Whether requests can be made to an endpoint.
    pub(crate) fn check(&self, endpoint: &Endpoint, connect: Duration) -> Result<(), UpstreamError> {
        url(endpoint, "")?;
        self.get(endpoint, connect).map(drop)
    }

    /// Makes the clients that a configuration needs: reading the system's certificates takes time that no call should
    /// wait for.
    pub(crate) fn warm(&self, table: &Table) {
        for (rule, endpoint) in table.endpoints() {
            if let Err(error) = self.get(endpoint, rule.timeouts.connect) {
                tracing::warn!(%error, "an endpoint cannot be used");
            }
        }
    }
}

fn build(trust: &Trust) -> Result<Client, String> {
    let mut builder = Client::builder()
        .user_agent(concat!("wayleave/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(trust.connect)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
        .http2_adaptive_window(true);
    if trust.plain {
        builder = builder.no_proxy();
    }
    if let Some(pem) = &trust.ca_pem {
        builder = builder.tls_certs_only(certificates(pem)?);
    }
    builder.build().map_err(|error| innermost(&error))
}

/// Without any, no provider would be trusted.
fn certificates(pem: &str) -> Result<Vec<Certificate>, String> {
    let certificates = Certificate::from_pem_bundle(pem.as_bytes());
    let certificates =
        certificates.map_err(|error| format!("its CA certificates cannot be read: {}", innermost(&error)))?;
    if certificates.is_empty() {
        return Err("its CA certificates are none: PEM is expected".to_owned());
    }
    Ok(certificates)
}

/// What was wrong in the end; what stands before it says that it was building a client.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A `POST` to a provider with its credential, marked sensitive.
pub(crate) fn request(
    endpoint: &Endpoint,
    path: &str,
    mut headers: HeaderMap,
    key: KeyChoice,
    body: Bytes,
) -> Result<Request, UpstreamError> {
    let url = url(endpoint, path)?;
    authorise(endpoint, key, &mut headers)?;
    let mut request = Request::new(Method::POST, url);
    *request.headers_mut() = headers;
    *request.body_mut() = Some(body.into());
    Ok(request)
}

fn url(endpoint: &Endpoint, path: &str) -> Result<Url, UpstreamError> {
    let text = format!("{}{path}", endpoint.url);
    Url::parse(&text).map_err(|error| UpstreamError::Url {
        url: text,
        error: error.to_string(),
    })
}

fn authorise(endpoint: &Endpoint, key: KeyChoice, headers: &mut HeaderMap) -> Result<(), UpstreamError> {
    let KeyChoice::Key(index) = key else { return Ok(()) };
    let Some(key) = endpoint.keys.get(index) else {
        return Ok(());
    };
    let (name, text) = match endpoint.vendor.auth {
        Auth::Bearer | Auth::AwsSignature | Auth::GoogleToken => {
            (AUTHORIZATION, format!("Bearer {}", key.secret.expose()))
        }
        Auth::Header(name) => (HeaderName::from_static(name), key.secret.expose().to_owned()),
    };
    let mut value =
        HeaderValue::try_from(text).map_err(|_| UpstreamError::Credential(Arc::clone(&key.name)))?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
