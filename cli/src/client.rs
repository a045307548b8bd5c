//! A small HTTP client: enough for Envoy's admin socket, our own admin port, and the demo's calls.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// How long a question to an admin port may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that is read whole.
const MOST_BYTES: usize = 64 << 20;

/// Who is asked.
#[derive(Clone, Debug)]
pub enum Peer {
    /// At an address.
    Tcp(SocketAddr),
    /// At a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Peer {
    /// Sends one request over a connection of its own. The body of the answer comes piece by piece.
    ///
    /// # Errors
    /// When nobody is there, or the connection breaks before the head of the answer.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> anyhow::Result<Response<Incoming>> {
        let asked = match self {
            Self::Tcp(address) => {
                let host = HeaderValue::try_from(address.to_string())?;
                request.headers_mut().insert(header::HOST, host);
                let stream = TcpStream::connect(address).await;
                let stream = stream.with_context(|| format!("nobody answers at {self}"))?;
                stream.set_nodelay(true).context("cannot set up a connection")?;
                exchange(TokioIo::new(stream), request).await
            }
            Self::Unix(path) => {
                request
                    .headers_mut()
                    .insert(header::HOST, HeaderValue::from_static("localhost"));
                let stream = UnixStream::connect(path).await;
                let stream = stream.with_context(|| format!("nobody answers at {self}"))?;
                exchange(TokioIo::new(stream), request).await
            }
        };
        asked.with_context(|| format!("{self} gave no answer"))
    }

    /// Reads a path whole.
    ///
    /// # Errors
    /// When nobody answers in 10 seconds, or with another status than 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Bytes> {
        self.ask(Method::GET, path).await
    }

    /// Posts nothing to a path.
    ///
    /// # Errors
    /// Like [`Peer::get`].
    pub async fn post(&self, path: &str) -> anyhow::Result<Bytes> {
        self.ask(Method::POST, path).await
    }

    async fn ask(&self, method: Method, path: &str) -> anyhow::Result<Bytes> {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Full::default()).context("not a path")?;
        let (status, body) = self.whole(request, path, PATIENCE).await?;
        if status != StatusCode::OK {
            bail!(
                "{self}{path} answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(body)
    }

    /// Posts JSON to a path, and reads what is said to it, whatever the status.
    ///
    /// # Errors
    /// When nobody answers in that time, or the answer is not JSON.
    pub async fn post_json(
        &self,
        path: &str,
        body: &Value,
        patience: Duration,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Full::from(body.to_string())).context("not a path")?;
        let (status, body) = self.whole(request, path, patience).await?;
        let body = serde_json::from_slice(&body)
            .with_context(|| format!("{self}{path} answered {status}, which is not JSON"))?;
        Ok((status, body))
    }

    async fn whole(
        &self,
        request: Request<Full<Bytes>>,
        path: &str,
        patience: Duration,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let asked = async {
            let answer = self.send(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!("{self}{path} broke off: {error}"))?;
            Ok((status, body.to_bytes()))
        };
        timeout(patience, asked)
            .await
            .with_context(|| format!("{self}{path} gave no answer in {} seconds", patience.as_secs()))?
    }

    /// Reads a path as text.
    ///
    /// # Errors
    /// Like [`Peer::get`], and when the answer is no text.
    pub async fn get_text(&self, path: &str) -> anyhow::Result<String> {
        let body = self.get(path).await?;
        String::from_utf8(body.into()).with_context(|| format!("the answer of {self}{path} is no text"))
    }

    /// Reads a path as JSON.
    ///
    /// # Errors
    /// Like [`Peer::get`], and when the answer is not JSON.
    pub async fn get_json(&self, path: &str) -> anyhow::Result<Value> {
        let body = self.get(path).await?;
        serde_json::from_slice(&body).with_context(|| format!("the answer of {self}{path} is not JSON"))
    }
}

async fn exchange(
    io: impl Read + Write + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> hyper::Result<Response<Incoming>> {
    let (mut sender, connection) = http1::handshake(io).await?;
    // Ends with the body of the answer; what breaks it, breaks the body as well.
    tokio::spawn(connection);
    sender.send_request(request).await
}
