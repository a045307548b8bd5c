//! A connection to a configuration server: TCP, TLS, HTTP/2.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::body::Body;
use tonic::codegen::Service;

use crate::config::server::ServerUrl;
use crate::config::trouble::{Target, Trouble, innermost};

/// How long a look-up, and then a connection, may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a silent server is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How long it may take to say so.
const KEEP_ALIVE_PATIENCE: Duration = Duration::from_secs(5);

/// All addresses of a server.
pub(super) async fn lookup(server: &ServerUrl) -> Result<Vec<Target>, Trouble> {
    let trouble = |error: String| Trouble::Lookup {
        server: server.clone(),
        error,
    };
    let found = timeout(PATIENCE, lookup_host((server.host.as_str(), server.port))).await;
    let found = found.map_err(|_| trouble("the name service gives no answer".to_owned()))?;
    let target = |address: SocketAddr| Target {
        server: server.clone(),
        address,
    };
    let targets: Vec<Target> = found
        .map_err(|error| trouble(error.to_string()))?
        .map(target)
        .collect();
    if targets.is_empty() {
        return Err(trouble("the name has no address".to_owned()));
    }
    Ok(targets)
}

/// An HTTP/2 connection, as a generated client wants it. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Connection(SendRequest<Body>);

/// Connects. The server's name is the host of its URL.
pub(super) async fn dial(target: &Target, trust: ClientConfig) -> Result<Connection, Trouble> {
    timeout(PATIENCE, connect(target, trust))
        .await
        .map_err(|_| Trouble::ConnectTimeout {
            target: target.clone(),
            seconds: PATIENCE.as_secs(),
        })?
}

async fn connect(target: &Target, trust: ClientConfig) -> Result<Connection, Trouble> {
    let stream = encrypted(target, trust).await?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(Trouble::NoHttp2 {
            target: target.clone(),
        });
    }
    speak(stream).await.map_err(|error| Trouble::Lost {
        target: target.clone(),
        error: innermost(&error).to_string(),
    })
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> hyper::Result<Connection> {
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_PATIENCE)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(stream))
        .await?;
    // It ends with its sender, and what breaks it is told to the stream on it.
    tokio::spawn(connection);
    Ok(Connection(sender))
}

async fn encrypted(target: &Target, trust: ClientConfig) -> Result<TlsStream<TcpStream>, Trouble> {
    let unreachable = |error| Trouble::Connect {
        target: target.clone(),
        error,
    };
    let stream = TcpStream::connect(target.address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let tls = |error| Trouble::Tls {
        target: target.clone(),
        error,
    };
    let name = ServerName::try_from(target.server.host.clone())
        .map_err(|error| tls(std::io::Error::other(error)))?;
    let connector = TlsConnector::from(Arc::new(trust));
    connector.connect(name, stream).await.map_err(tls)
}

impl Service<http::Request<Body>> for Connection {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt as _;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_falls_silent_is_noticed() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            // It begins as every server of HTTP/2 does, with its settings, and then only reads.
            theirs.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
            tokio::io::copy(&mut theirs, &mut tokio::io::sink()).await
        });
        let mut connection = speak(ours).await.unwrap();
        poll_fn(|cx| connection.poll_ready(cx)).await.unwrap();
        let request = http::Request::post("https://a/b").body(Body::empty()).unwrap();
        let began = Instant::now();
        let answer = tokio::time::timeout(Duration::from_secs(60), connection.call(request)).await;
        assert!(answer.expect("not after a minute").is_err());
        let took = began.elapsed();
        assert!(
            took >= KEEP_ALIVE && took <= KEEP_ALIVE + 2 * KEEP_ALIVE_PATIENCE,
            "{took:?}"
        );
    }
}
