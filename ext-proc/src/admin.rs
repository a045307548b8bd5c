//! The admin server: what the process says of itself. Meant for operators, on a port of its own.

use std::convert::Infallible;
use std::fmt::Write;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio_util::sync::CancellationToken;
use wayleave_engine::Engine;

use crate::listener::Listener;
use crate::serve::{Protocol, serve};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Ledger records of one answer, where the question does not say.
const LEDGER_LIMIT: usize = 100;

/// Every page, and what it shows.
const PAGES: [(&str, &str); 5] = [
    ("/metrics", "metrics, in the OpenMetrics text format"),
    (
        "/ledger",
        "the last attempts and calls as JSON; ?call=ID: of one call; ?limit=N: that many",
    ),
    (
        "/config",
        "the configuration in force as JSON, credentials as stars",
    ),
    ("/livez", "200 while the process runs"),
    (
        "/readyz",
        "200 while it takes calls: it has a configuration and is not about to stop",
    ),
];

/// Serves the pages until `closing`.
pub(crate) async fn serve_admin(listener: Listener, engine: Engine, closing: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(request.method(), request.uri(), &engine);
        async move { Ok::<_, Infallible>(response) }
    });
    serve(listener, Protocol::Http, service, closing).await;
}

fn respond(method: &Method, uri: &http::Uri, engine: &Engine) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        let mut response = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Use GET.\n".to_owned());
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match uri.path() {
        "/" => page(StatusCode::OK, TEXT, index()),
        "/metrics" => page(StatusCode::OK, OPEN_METRICS, engine.metrics()),
        "/ledger" => ledger(uri.query().unwrap_or_default(), engine),
        "/config" => page(StatusCode::OK, JSON, format!("{:#}\n", engine.config())),
        "/livez" => page(StatusCode::OK, TEXT, "live\n".to_owned()),
        "/readyz" => readiness(engine.ready()),
        _ => page(StatusCode::NOT_FOUND, TEXT, format!("No such page.\n{}", index())),
    }
}

fn readiness(ready: bool) -> Response<Full<Bytes>> {
    if ready {
        page(StatusCode::OK, TEXT, "ready\n".to_owned())
    } else {
        let why = "not ready: there is no configuration yet, or it is about to stop\n";
        page(StatusCode::SERVICE_UNAVAILABLE, TEXT, why.to_owned())
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
        let _ = writeln!(text, "{path:<10} {what}");
        text
    })
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
