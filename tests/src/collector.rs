//! What takes the ledger of a data plane, in the test's own process: it answers as ClickHouse does to inserts, and as a
//! collector of logs.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::cluster::port::Port;

/// A server on a port that nobody else gets while it is down.
#[derive(Debug)]
pub struct Collector {
    port: Port,
    state: Arc<Mutex<State>>,
    server: Option<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct State {
    taken: Vec<Bytes>,
    /// What is answered to the next requests.
    refusals: Vec<StatusCode>,
    /// Those requests are taken all the same.
    takes_refused: bool,
    seen: Vec<(String, http::HeaderMap)>,
}

impl Collector {
    /// One that is down: connections are refused.
    pub fn down() -> Self {
        Self {
            port: Port::reserve(),
            state: Arc::default(),
            server: None,
        }
    }

    /// One that is up.
    pub fn start() -> Self {
        let mut collector = Self::down();
        collector.up();
        collector
    }

    /// Takes what comes from now on.
    ///
    /// # Panics
    /// When its port cannot be listened on.
    pub fn up(&mut self) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseport(true).expect("a port that can be shared");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()));
        socket.bind(address).expect("our port");
        let listener = socket.listen(64).expect("our port");
        let state = Arc::clone(&self.state);
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                let service = service_fn(move |request| take(Arc::clone(&state), request));
                connections.spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    // Clients may leave at any time.
                    drop(builder.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        self.server = Some(server);
    }

    /// The next requests get these statuses.
    pub fn refuse(&self, statuses: &[StatusCode]) {
        self.state.lock().unwrap().refusals = statuses.to_vec();
    }

    /// The next requests are taken, and get these statuses: as from a server that fails after it has done its work.
    pub fn take_and_refuse(&self, statuses: &[StatusCode]) {
        let mut state = self.state.lock().unwrap();
        state.refusals = statuses.to_vec();
        state.takes_refused = true;
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The path and the headers of each request.
    pub fn seen(&self) -> Vec<(String, http::HeaderMap)> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The rows of all inserts, in the order in which they came.
    pub fn rows(&self) -> Vec<Value> {
        let taken = self.state.lock().unwrap().taken.clone();
        let lines = taken.iter().flat_map(|body| body.split(|byte| *byte == b'\n'));
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).expect("a row"))
            .collect()
    }

    /// All log records, in the order in which they came.
    pub fn logs(&self) -> Vec<Value> {
        let requests = self.rows();
        let records = requests
            .iter()
            .filter_map(|request| request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array());
        records.flatten().cloned().collect()
    }
}

async fn take(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    // A body that broke off is not taken.
    if let Ok(body) = body.collect().await {
        let mut state = state.lock().unwrap();
        state.seen.push((head.uri.to_string(), head.headers));
        let refusal = (!state.refusals.is_empty()).then(|| state.refusals.remove(0));
        *response.status_mut() = refusal.unwrap_or(StatusCode::OK);
        if refusal.is_none() || state.takes_refused {
            state.taken.push(body.to_bytes());
        }
    }
    Ok(response)
}
