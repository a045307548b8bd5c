//! The admin server: what the process says of itself, and what it forgets. Meant for operators, on a port of its own.

mod experiments;
mod purge;

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio_util::sync::CancellationToken;
use wayleave_engine::Engine;

use crate::config::Status;
use crate::listener::Listener;
use crate::serve::{Protocol, serve};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The last line of the OpenMetrics text format.
const END_OF_METRICS: &str = "# EOF\n";

/// Ledger records of one answer, where the question does not say.
const LEDGER_LIMIT: usize = 100;

/// Every page, and what it shows.
const PAGES: [(&str, &str); 7] = [
    ("/metrics", "metrics, in the OpenMetrics text format"),
    (
        "/ledger",
        "the last attempts and calls as JSON; ?call=ID: of one call; ?limit=N: that many",
    ),
    (
        "/config",
        "the configuration in force as JSON, credentials as stars",
    ),
    (
        "/experiments",
        "the experiments in force as JSON; ?route=NAMESPACE/NAME: of one route",
    ),
    (
        "/cache/purge",
        "POST {\"route\": \"NAMESPACE/NAME\"}, with a \"client\" or not, or {\"key\": …}: forgets cached answers",
    ),
    ("/livez", "200 while the process runs"),
    (
        "/readyz",
        "200 while it takes calls: it has a configuration and is not about to stop",
    ),
];

/// What the pages tell of.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) engine: Engine,
    /// How it stands with the configuration server; `None`: there is none.
    pub(crate) status: Option<Arc<Status>>,
    /// Cancelled when the process is about to stop and takes calls all the same.
    pub(crate) stopping: CancellationToken,
}

/// Serves the pages until `closing`.
pub(crate) async fn serve_admin(listener: Listener, subject: Subject, closing: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let subject = subject.clone();
        async move {
            let response = if request.uri().path() == "/cache/purge" {
                purge::respond(request, &subject.engine).await
            } else {
                respond(request.method(), request.uri(), &subject)
            };
            Ok::<_, Infallible>(response)
        }
    });
    serve(listener, Protocol::Http, service, closing).await;
}

fn respond(method: &Method, uri: &http::Uri, subject: &Subject) -> Response<Full<Bytes>> {
    let engine = &subject.engine;
    if method != Method::GET && method != Method::HEAD {
        return wrong_method("Use GET.\n", "GET, HEAD");
    }
    match uri.path() {
        "/" => page(StatusCode::OK, TEXT, index()),
        "/metrics" => page(StatusCode::OK, OPEN_METRICS, subject.metrics()),
        "/ledger" => ledger(uri.query().unwrap_or_default(), engine),
        "/config" => page(StatusCode::OK, JSON, format!("{:#}\n", engine.config())),
        "/experiments" => experiments::respond(uri.query().unwrap_or_default(), engine),
        "/livez" => page(StatusCode::OK, TEXT, "live\n".to_owned()),
        "/readyz" => readiness(subject.obstacle()),
        _ => page(StatusCode::NOT_FOUND, TEXT, format!("No such page.\n{}", index())),
    }
}

impl Subject {
    /// Why no calls are taken; `None`: they are.
    fn obstacle(&self) -> Option<String> {
        if self.stopping.is_cancelled() || self.engine.draining() {
            return Some("it is about to stop".to_owned());
        }
        let why = self.status.as_ref().map(|status| status.why());
        if !self.engine.ready() {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            return Some(format!("no configuration yet{why}"));
        }
        let lacks = self
            .status
            .as_ref()
            .is_some_and(|status| status.lacks_certificate());
        lacks.then(|| "no certificate yet for the port of --grpc: the operator makes it".to_owned())
    }

    fn metrics(&self) -> String {
        let mut text = self.engine.metrics();
        text.extend(self.status.as_ref().map(|status| status.metrics()));
        text.push_str(END_OF_METRICS);
        text
    }
}

fn readiness(obstacle: Option<String>) -> Response<Full<Bytes>> {
    match obstacle {
        None => page(StatusCode::OK, TEXT, "ready\n".to_owned()),
        Some(why) => page(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            format!("not ready: {why}\n"),
        ),
    }
}

fn ledger(query: &str, engine: &Engine) -> Response<Full<Bytes>> {
    match LedgerQuery::read(query) {
        Ok(LedgerQuery { call, limit }) => {
            let records = serde_json::Value::from(engine.ledger(call, limit));
            page(StatusCode::OK, JSON, format!("{records:#}\n"))
        }
        Err(message) => page(StatusCode::BAD_REQUEST, TEXT, format!("{message}\n")),
    }
}

/// What `/ledger` is asked for.
#[derive(Debug, PartialEq, Eq)]
struct LedgerQuery<'a> {
    call: Option<&'a str>,
    limit: usize,
}

impl<'a> LedgerQuery<'a> {
    fn read(query: &'a str) -> Result<Self, String> {
        let mut read = Self {
            call: None,
            limit: LEDGER_LIMIT,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("call", call)) => read.call = Some(call),
                Some(("limit", limit)) => {
                    read.limit = limit
                        .parse()
                        .map_err(|_| format!("limit={limit}: not a number"))?;
                }
                _ => return Err(format!("{pair}: there are only call=ID and limit=N")),
            }
        }
        Ok(read)
    }
}

fn index() -> String {
    PAGES.iter().fold(String::new(), |mut text, (path, what)| {
        let _ = writeln!(text, "{path:<13} {what}");
        text
    })
}

fn wrong_method(text: &str, allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, text.to_owned());
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn page(status: StatusCode, content_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ledger_s_query() {
        assert_eq!(
            LedgerQuery::read(""),
            Ok(LedgerQuery {
                call: None,
                limit: LEDGER_LIMIT
            })
        );
        assert_eq!(
            LedgerQuery::read("call=a-1&limit=5"),
            Ok(LedgerQuery {
                call: Some("a-1"),
                limit: 5
            })
        );
        assert!(LedgerQuery::read("limit=-1").is_err());
        assert!(LedgerQuery::read("cal=1").unwrap_err().contains("call=ID"));
    }
}
