//! A client of the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::format::Format;
use crate::secrets::Secrets;

/// No call of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// So much of each answer is searched for credentials.
const SCANNED: usize = 1 << 20;

/// A client with a connection pool of its own. Clones are one.
#[derive(Clone, Debug)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
    credential: String,
    secrets: Secrets,
}

/// An answer, read to its end or to where it broke.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the body ended as its framing promised.
    pub complete: bool,
}

/// An answer that is being read. Dropped, the client leaves.
#[derive(Debug)]
pub struct Streaming {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
}

impl Client {
    /// A client over HTTP/1.1, or HTTP/2 with prior knowledge. It has a credential that providers must not get.
    pub fn new(base: String, secrets: Secrets, http2: bool) -> Self {
        let credential = secrets.mint("of the client");
        Self {
            credential,
            ..Self::without_credential(base, secrets, http2)
        }
    }

    /// A client without a credential.
    pub fn without_credential(base: String, secrets: Secrets, http2: bool) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .http2_only(http2)
            .build_http();
        Self {
            http,
            base,
            credential: String::new(),
            secrets,
        }
    }

    /// The same client before another gateway.
    #[must_use]
    pub fn at(&self, gateway: SocketAddr) -> Self {
        Self {
            base: format!("http://{gateway}"),
            ..self.clone()
        }
    }

    /// The credential that it sends.
    pub fn credential(&self) -> &str {
        &self.credential
    }

    /// Sends a request as it is.
    ///
    /// # Errors
    /// When no head of an answer came.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Streaming> {
        let (mut head, body) = request.into_parts();
        head.uri = format!("{}{}", self.base, head.uri).parse()?;
        let response = timeout(PATIENCE, self.http.request(Request::from_parts(head, body))).await??;
        Ok(Streaming::of(response, &self.secrets))
    }

    /// Posts a body with the headers of a format, and further ones.
    ///
    /// # Errors
    /// When no head of an answer came.
    pub async fn post(
        &self,
        format: Format,
        path: &str,
        further: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Streaming> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse()?;
        let own = format.headers(&self.credential);
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in own.chain(further.iter().copied()) {
            request
                .headers_mut()
                .insert(http::HeaderName::try_from(name)?, value.parse()?);
        }
        self.send(request).await
    }

    /// Asks and reads the answer.
    ///
    /// # Panics
    /// When no head of an answer came.
    pub async fn ask(&self, format: Format, request: &Value) -> Answer {
        self.call(format, format.path(), &[], request.to_string()).await
    }

    /// Posts and reads the answer.
    ///
    /// # Panics
    /// When no head of an answer came.
    pub async fn call(
        &self,
        format: Format,
        path: &str,
        further: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let streaming = self.post(format, path, further, body).await;
        let streaming = streaming.unwrap_or_else(|error| panic!("{path} gave no answer: {error:#}"));
        self.read(streaming).await
    }

    /// A short chat in OpenAI's format, not streamed.
    pub async fn chat(&self, model: &str) -> Answer {
        self.ask(Format::OpenAi, &Format::OpenAi.request(model, false))
            .await
    }

    /// Starts a stream.
    ///
    /// # Panics
    /// When no head of an answer came.
    pub async fn stream(&self, format: Format, model: &str) -> Streaming {
        let body = format.request(model, true).to_string();
        self.post(format, format.path(), &[], body)
            .await
            .expect("the head of an answer")
    }

    /// Gets a page.
    ///
    /// # Errors
    /// When no head of an answer came.
    pub async fn try_get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = path.parse()?;
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(http::HeaderName::try_from(*name)?, value.parse()?);
        }
        Ok(self.read(self.send(request).await?).await)
    }

    /// Gets a page that is there.
    ///
    /// # Panics
    /// When no head of an answer came.
    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let answer = self.try_get(path, headers).await;
        answer.unwrap_or_else(|error| panic!("{path} gave no answer: {error:#}"))
    }

    /// Reads an answer to its end.
    ///
    /// # Panics
    /// When it shows a credential, or takes longer than any test.
    pub async fn read(&self, streaming: Streaming) -> Answer {
        let answer = timeout(PATIENCE, streaming.read())
            .await
            .expect("the answer's end");
        let scanned = answer
            .body
            .get(..answer.body.len().min(SCANNED))
            .unwrap_or_default();
        self.secrets.scan("an answer", &String::from_utf8_lossy(scanned));
        answer
    }
}

impl Streaming {
    fn of(response: Response<Incoming>, secrets: &Secrets) -> Self {
        let (head, body) = response.into_parts();
        secrets.scan("an answer's head", &format!("{:?}", head.headers));
        Self {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// The next bytes, and when they came; `None` at the end.
    ///
    /// # Errors
    /// When the body broke off.
    pub async fn next(&mut self) -> Option<Result<(Instant, Bytes), hyper::Error>> {
        loop {
            let frame = match self.body.frame().await? {
                Ok(frame) => frame,
                Err(error) => return Some(Err(error)),
            };
            if let Ok(bytes) = frame.into_data() {
                return Some(Ok((Instant::now(), bytes)));
            }
        }
    }

    /// Reads until `text` has come.
    ///
    /// # Panics
    /// When the body ends before.
    pub async fn read_until(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let next = timeout(PATIENCE, self.next())
                .await
                .expect("more of the answer in time");
            let (_, bytes) = next
                .expect("more of the answer")
                .expect("an answer that does not break");
            seen.extend_from_slice(&bytes);
        }
    }

    /// All the rest.
    pub async fn read(mut self) -> Answer {
        let mut body = Vec::new();
        let complete = loop {
            match self.next().await {
                None => break true,
                Some(Err(_)) => break false,
                Some(Ok((_, bytes))) => body.extend_from_slice(&bytes),
            }
        };
        Answer {
            status: self.status,
            headers: self.headers,
            body: body.into(),
            complete,
        }
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The payloads of a stream's events as JSON; what is not JSON as a string.
    pub fn events(&self) -> Vec<Value> {
        let payload = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| line.into());
        let text = self.text();
        text.lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(payload)
            .collect()
    }

    /// The text that the model said, streamed or not.
    pub fn said(&self, format: Format) -> String {
        if self.header("content-type").starts_with("text/event-stream") {
            self.events()
                .iter()
                .map(|event| format.text_of_event(event))
                .collect()
        } else {
            format.text(&self.json())
        }
    }

    /// A header's value, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The call's id in the ledger.
    ///
    /// # Panics
    /// When the gateway did not tell it.
    pub fn id(&self) -> &str {
        let id = self.header("x-wayleave-call-id");
        assert!(!id.is_empty(), "no call id: {} {}", self.status, self.text());
        id
    }
}
