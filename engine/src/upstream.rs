//! The HTTP side: clients by what they trust, requests by what a provider wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use reqwest::{Certificate, Client, Request, Url};
use wayleave_core::credential::BadCredential;
use wayleave_core::plan::KeyChoice;
use wayleave_core::snapshot::Endpoint;
use wayleave_core::table::Table;

use crate::clock::Clock;
use crate::credential::{Accounts, Authorisation, NoToken};

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
    #[error("the credential {name} {why}")]
    Credential { name: Arc<str>, why: BadCredential },
    #[error("there is no region that the request could be signed for")]
    Region,
    #[error("the request cannot be signed: {0}")]
    Signature(String),
    #[error("cannot set up TLS for {url}: {error}")]
    Client { url: Arc<str>, error: String },
}

/// A request on its way, until the head of its answer.
pub(crate) type Sending = BoxFuture<'static, Result<reqwest::Response, SendError>>;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("{}", describe(.0))]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Token(#[from] NoToken),
}

/// All clients. They outlive configurations, so that a reload drops no connection.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    pool: Mutex<HashMap<Trust, Client>>,
    accounts: Accounts,
    /// Answers instead of the network.
    #[cfg(test)]
    pub(crate) script: Option<crate::tests::Script>,
}

impl Clients {
    /// What shows this credential of an endpoint.
    pub(crate) fn authorisation(
        &self,
        endpoint: &Endpoint,
        key: KeyChoice,
    ) -> Result<Authorisation, UpstreamError> {
        self.accounts.authorisation(endpoint, key)
    }

    /// Begins to send a request. It goes out when the future is first polled, and a token that it needs is got before.
    pub(crate) fn send(
        &self,
        endpoint: &Endpoint,
        connect: Duration,
        authorisation: &Authorisation,
        clock: Clock,
        request: Request,
    ) -> Result<Sending, UpstreamError> {
        #[cfg(test)]
        if let Some(script) = &self.script {
            return Ok(script.answer(&request));
        }
        let client = self.get(endpoint, &endpoint.url, connect)?;
        if let Authorisation::Account(account) = authorisation {
            let tokens = self.get(endpoint, account.token_uri(), connect)?;
            return Ok(Box::pin(Arc::clone(account).send(client, tokens, clock, request)));
        }
        Ok(Box::pin(async move { Ok(client.execute(request).await?) }))
    }

    /// The client for a URL that belongs to an endpoint.
    fn get(&self, endpoint: &Endpoint, url: &str, connect: Duration) -> Result<Client, UpstreamError> {
        let trust = Trust {
            ca_pem: endpoint.ca_pem.clone(),
            connect,
            plain: url.starts_with("http://"),
        };
        let mut clients = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&trust) {
            return Ok(client.clone());
        }
        let client = build(&trust).map_err(|error| UpstreamError::Client {
            url: Arc::from(url),
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
        self.get(endpoint, &endpoint.url, connect).map(drop)
    }

    /// Makes the clients that a configuration needs: reading the system's certificates takes time that no call should
    /// wait for.
    pub(crate) fn warm(&self, table: &Table) {
        for (rule, endpoint) in table.endpoints() {
            if let Err(error) = self.get(endpoint, &endpoint.url, rule.timeouts.connect) {
                tracing::warn!(%error, "an endpoint cannot be used");
            }
        }
        self.accounts.keep(table);
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

/// What went wrong, down to the cause, without the URL (the ledger names the target).
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_connect() {
        "cannot connect"
    } else if error.is_timeout() {
        "timed out"
    } else {
        "the connection failed"
    };
    match std::error::Error::source(error) {
        Some(_) => format!("{what}: {}", innermost(error)),
        None => what.to_owned(),
    }
}

/// A `POST` to a provider with its credential, marked sensitive.
pub(crate) fn request(
    endpoint: &Endpoint,
    path: &str,
    headers: HeaderMap,
    body: Bytes,
    authorisation: &Authorisation,
    at: Timestamp,
) -> Result<Request, UpstreamError> {
    let mut request = Request::new(Method::POST, url(endpoint, path)?);
    *request.headers_mut() = headers;
    *request.body_mut() = Some(body.into());
    authorisation.show(&mut request, at)?;
    Ok(request)
}

fn url(endpoint: &Endpoint, path: &str) -> Result<Url, UpstreamError> {
    let text = format!("{}{path}", endpoint.url);
    Url::parse(&text).map_err(|error| UpstreamError::Url {
        url: text,
        error: error.to_string(),
    })
}
