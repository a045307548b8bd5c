//! A client's request on its way in, in no adaptor's words: what both adaptors check and gather alike.

pub(crate) mod encoding;
pub(crate) mod gathering;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method};
use wayleave_core::endpoint::{Endpoint, Recognised};
use wayleave_core::format::WireFormat;
use wayleave_core::refusal::{Refusal, client_format};
use wayleave_engine::call::{Answer, Body, Call};

use crate::request::encoding::Encoding;
use crate::request::gathering::Gathering;

/// How long a client may pause in its body.
pub(crate) const BODY_PAUSE: Duration = Duration::from_secs(60);

/// What one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body, both as sent and decoded.
    pub body: usize,
    /// The most bytes of all header names and values together.
    pub headers: usize,
}

impl Default for Limits {
    /// 32 MiB of body; 60 KiB of headers, which is what Envoy takes by default.
    fn default() -> Self {
        Self {
            body: 32 << 20,
            headers: 60 << 10,
        }
    }
}

/// The head of a request.
#[derive(Debug)]
pub(crate) struct Head {
    /// Its method.
    pub method: Method,
    /// Its path with the query, if any.
    pub path: String,
    /// Its headers, without pseudo headers.
    pub headers: HeaderMap,
}

/// A request whose head is accepted and whose body is to come.
#[derive(Debug)]
pub(crate) struct Arriving {
    endpoint: Endpoint,
    format: WireFormat,
    path: String,
    headers: HeaderMap,
    encoding: Encoding,
    body: Gathering,
}

/// A request that is turned away, and how its client reads errors.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// Why.
    pub(crate) refusal: Refusal,
    format: WireFormat,
    bodiless: bool,
}

impl Arriving {
    /// Checks a head.
    pub(crate) fn new(head: Head, limits: Limits) -> Result<Self, Rejection> {
        let Head {
            method,
            path,
            mut headers,
        } = head;
        let format = client_format(&path, &headers);
        let (endpoint, encoding) = check(&method, &path, &headers, limits).map_err(|refusal| Rejection {
            refusal,
            format,
            bodiless: method == Method::HEAD,
        })?;
        for name in [CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        Ok(Self {
            endpoint,
            format,
            path,
            headers,
            encoding,
            body: Gathering::new(limits.body),
        })
    }

    /// Takes the next bytes of the body.
    pub(crate) fn push(mut self, bytes: Bytes) -> Result<Self, Rejection> {
        match self.body.push(bytes) {
            Ok(()) => Ok(self),
            Err(refusal) => Err(self.rejection(refusal)),
        }
    }

    /// The body is whole: decodes it.
    pub(crate) async fn finish(self) -> Result<Call, Rejection> {
        let Self {
            endpoint,
            format,
            path,
            headers,
            encoding,
            body,
        } = self;
        let limit = body.limit();
        match encoding.decode(body.finish(), limit).await {
            Ok(body) => Ok(Call {
                endpoint,
                path,
                headers,
                body,
            }),
            Err(refusal) => Err(Rejection {
                refusal,
                format,
                bodiless: false,
            }),
        }
    }

    /// Turns the request away.
    pub(crate) fn rejection(self, refusal: Refusal) -> Rejection {
        Rejection {
            refusal,
            format: self.format,
            bodiless: false,
        }
    }
}

impl Rejection {
    /// As the client reads it.
    pub(crate) fn into_answer(self) -> Answer {
        let allowed = if let Refusal::WrongMethod { endpoint } = &self.refusal {
            HeaderValue::from_str(endpoint.method().as_str()).ok()
        } else {
            None
        };
        let mut answer = Answer::error(&self.refusal.into_error(), self.format);
        if let Some(method) = allowed {
            answer.headers.insert(ALLOW, method);
        }
        if self.bodiless {
            answer.body = Body::Whole(Bytes::new(), None);
        }
        answer
    }
}

fn check(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    limits: Limits,
) -> Result<(Endpoint, Encoding), Refusal> {
    if let Some(refusal) = Refusal::of_request(method, path) {
        return Err(refusal);
    }
    let Recognised::Endpoint(endpoint) = Endpoint::recognise(method, path) else {
        return Err(Refusal::UnknownPath {
            path: path.to_owned(),
        });
    };
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size + path.len() > limits.headers {
        return Err(Refusal::HeadersTooLarge {
            limit: limits.headers,
        });
    }
    if endpoint.method() == Method::POST {
        check_content_type(headers)?;
    }
    let encoding = Encoding::of(headers)?;
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.body) {
        return Err(Refusal::BodyTooLarge { limit: limits.body });
    }
    Ok((endpoint, encoding))
}

/// Takes JSON, and what says nothing.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        Ok(())
    } else {
        Err(Refusal::WrongContentType {
            found: shortened(&text),
        })
    }
}

/// A client's own words, cut to what an error message should repeat.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
