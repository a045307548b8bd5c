//! A plain HTTP client, over HTTP/1.1 or HTTP/2.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wayleave_sim::{Sim, SimOptions};

pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";

pub(crate) fn start() -> Sim {
    Sim::start(SimOptions::default()).expect("a free port")
}

pub(crate) struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
}

/// An answer read to its end, or to where it broke.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
    /// The body ended as its framing promised.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The payloads of the events, as JSON; `[DONE]` as a string.
    pub(crate) fn events(&self) -> Vec<Value> {
        let payload = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| json!(line));
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(payload)
            .collect()
    }
}

impl Client {
    pub(crate) fn h1(sim: &Sim) -> Self {
        Self::new(sim, false)
    }

    pub(crate) fn h2(sim: &Sim) -> Self {
        Self::new(sim, true)
    }

    fn new(sim: &Sim, h2: bool) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new())
            .http2_only(h2)
            .build_http();
        Self {
            http,
            base: sim.base_url(),
            key: Some("sk-test".to_owned()),
            headers: Vec::new(),
        }
    }

    pub(crate) fn with_key(self, key: Option<&str>) -> Self {
        Self {
            key: key.map(str::to_owned),
            ..self
        }
    }

    /// Sends these headers and no key but theirs.
    pub(crate) fn with_headers(self, headers: &[(&'static str, &'static str)]) -> Self {
        Self {
            key: None,
            headers: headers.to_vec(),
            ..self
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if path.contains("/v1/messages") {
            request = request.header("anthropic-version", "2023-06-01");
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        self.http
            .request(request.body(Full::new(body)).expect("a request"))
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Response<Incoming>, legacy::Error> {
        self.send(Method::POST, path, body.to_string().into()).await
    }

    pub(crate) async fn call(&self, path: &str, body: &Value) -> Answer {
        read(self.post(path, body).await.expect("headers")).await
    }

    /// A short chat in the path's format.
    pub(crate) async fn ask(&self, path: &str, model: &str, stream: bool) -> Answer {
        self.call(path, &hello(model, stream)).await
    }
}

pub(crate) fn hello(model: &str, stream: bool) -> Value {
    json!({
        "model": model, "stream": stream, "max_tokens": 1_000,
        "messages": [{"role": "user", "content": "Hello there"}],
    })
}

pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    let complete = loop {
        match body.frame().await {
            None => break true,
            Some(Err(_)) => break false,
            Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
        }
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer {
        status: head.status,
        headers: head.headers,
        text,
        bytes,
        complete,
    }
}
