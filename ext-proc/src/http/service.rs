//! The HTTP service.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::service::Service;
use wayleave_core::refusal::Refusal;
use wayleave_engine::call::{Answer, Call};

use crate::backend::Backend;
use crate::http::body::ReplyBody;
use crate::request::{Arriving, BODY_PAUSE, Head, Limits, Rejection};

/// How long a request that is turned away may still be sent.
const LINGER: Duration = Duration::from_secs(10);

/// How many bytes of it.
const LINGER_BYTES: usize = 64 << 20;

/// Answers HTTP requests by a backend.
#[derive(Clone, Debug)]
pub(crate) struct Handler<B> {
    backend: B,
    limits: Limits,
}

impl<B: Backend> Handler<B> {
    /// Before this backend.
    pub(crate) const fn new(backend: B, limits: Limits) -> Self {
        Self { backend, limits }
    }

    async fn answer(self, request: Request<Incoming>) -> Answer {
        let (head, mut body) = request.into_parts();
        match read(head, &mut body, self.limits).await {
            Ok(call) => self.backend.run(call).await,
            Err(rejection) => {
                if !body.is_end_stream() {
                    tokio::spawn(linger(body));
                }
                rejection.into_answer()
            }
        }
    }
}

impl<B: Backend> Service<Request<Incoming>> for Handler<B> {
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let handler = self.clone();
        Box::pin(async move {
            let Answer {
                status,
                headers,
                body,
            } = handler.answer(request).await;
            let mut response = Response::new(ReplyBody::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

/// Reads a request to its end.
async fn read(parts: Parts, body: &mut Incoming, limits: Limits) -> Result<Call, Rejection> {
    let headers = with_host(parts.headers, &parts.uri);
    let path = parts
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let mut arriving = Arriving::new(
        Head {
            method: parts.method,
            path,
            headers,
        },
        limits,
    )?;
    loop {
        arriving = match tokio::time::timeout(BODY_PAUSE, body.frame()).await {
            Ok(None) => return arriving.finish().await,
            Ok(Some(Ok(frame))) => arriving.push(Frame::into_data(frame).unwrap_or_default())?,
            Ok(Some(Err(_))) | Err(_) => return Err(arriving.rejection(Refusal::BodyUnreadable)),
        };
    }
}

/// Takes what a client still sends that is turned away: on HTTP/1.1 it would find its connection broken before it finds the
/// answer. Not for ever.
async fn linger(mut body: Incoming) {
    let taking = async {
        let mut taken = 0;
        while taken < LINGER_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            taken += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Whoever still sends then has had its time.
    let _ = tokio::time::timeout(LINGER, taking).await;
}

/// HTTP/2 has the host in its URI.
fn with_host(mut headers: HeaderMap, uri: &Uri) -> HeaderMap {
    if let (None, Some(authority)) = (headers.get(HOST), uri.authority())
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, host);
    }
    headers
}
