//! An HTTP client that can leave at any time.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type RequestBody = UnsyncBoxBody<Bytes, Infallible>;

/// Which HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    One,
    Two,
}

/// One connection.
pub(crate) struct Client {
    sender: Sender,
    connection: JoinHandle<()>,
}

enum Sender {
    One(http1::SendRequest<RequestBody>),
    Two(http2::SendRequest<RequestBody>),
}

impl Client {
    pub(crate) async fn tcp(address: SocketAddr, version: Version) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(TokioIo::new(stream), version).await
    }

    pub(crate) async fn unix(path: &Path, version: Version) -> std::io::Result<Self> {
        Ok(Self::over(TokioIo::new(UnixStream::connect(path).await?), version).await)
    }

    pub(crate) async fn over(io: impl Read + Write + Send + Unpin + 'static, version: Version) -> Self {
        match version {
            Version::One => {
                let (sender, connection) = http1::Builder::new().handshake(io).await.unwrap();
                let connection = tokio::spawn(async { drop(connection.await) });
                Self {
                    sender: Sender::One(sender),
                    connection,
                }
            }
            Version::Two => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                let (sender, connection) = builder.max_header_list_size(1 << 20).handshake(io).await.unwrap();
                let connection = tokio::spawn(async { drop(connection.await) });
                Self {
                    sender: Sender::Two(sender),
                    connection,
                }
            }
        }
    }

    pub(crate) async fn send(
        &mut self,
        mut request: Request<RequestBody>,
    ) -> hyper::Result<Response<Incoming>> {
        let sent = async {
            match &mut self.sender {
                Sender::One(sender) => {
                    let path = request.uri().path_and_query().unwrap().clone();
                    *request.uri_mut() = path.into();
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Sender::Two(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
            }
        };
        tokio::time::timeout(PATIENCE, sent)
            .await
            .expect("an answer in time")
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: Request<RequestBody>) -> Reply {
        Reply::read(self.send(request).await.unwrap()).await
    }
}

/// Leaving closes the connection at once.
impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let collected = tokio::time::timeout(PATIENCE, body.collect())
            .await
            .expect("a body in time");
        Self {
            status: head.status,
            headers: head.headers,
            body: collected.unwrap().to_bytes(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.headers["content-type"], "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The next bytes of a body.
pub(crate) async fn next_bytes(body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
    let frame = tokio::time::timeout(PATIENCE, body.frame())
        .await
        .expect("a frame in time")?;
    Some(frame.map(|frame| frame.into_data().unwrap()))
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Request<RequestBody> {
    request(Method::GET, path, Bytes::new())
}

/// A chat call that orders something of the fake.
pub(crate) fn order(what: &str) -> Request<RequestBody> {
    let mut request = post("/v1/chat/completions", Bytes::from_static(b"{}"));
    request.headers_mut().insert("x-do", what.parse().unwrap());
    request
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Request<RequestBody> {
    let mut request = request(Method::POST, path, body.into());
    request
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/json"));
    request
}

pub(crate) fn request(method: Method, path: &str, body: Bytes) -> Request<RequestBody> {
    let uri = format!("http://gateway.test{path}");
    let body = Full::new(body).boxed_unsync();
    Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "gateway.test")
        .body(body)
        .unwrap()
}

/// A body of `count` chunks of 64 KiB whose length is not told.
pub(crate) fn chunked(count: usize) -> RequestBody {
    let chunk = Bytes::from(vec![b'x'; 64 << 10]);
    StreamBody::new(tokio_stream::iter(
        (0..count).map(move |_| Ok(Frame::data(chunk.clone()))),
    ))
    .boxed_unsync()
}
