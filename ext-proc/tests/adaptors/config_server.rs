//! A configuration server that says what a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse, Resource as Entry,
};
use envoy_types::pb::google::protobuf::Any;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use wayleave_core::experiment::report::Report;
use wayleave_core::experiment::told;
use wayleave_core::notice::{self, Notices};
use wayleave_core::resource::{REJECTED_TYPE_URL, Rejected, Resource, TYPE_URL};

const SOON: Duration = Duration::from_secs(30);

/// Who may open a stream.
#[derive(Clone, Debug)]
pub(crate) enum Gate {
    /// Whoever has this token.
    Token(&'static str),
    /// Nobody: another one leads.
    Standby,
}

/// The server. It is gone when it is dropped.
pub(crate) struct FakeServer {
    pub(crate) address: SocketAddr,
    service: Service,
    streams: mpsc::UnboundedReceiver<Stream>,
    _tasks: JoinSet<()>,
}

/// A stream that a data plane has opened.
pub(crate) struct Stream {
    pub(crate) first: DeltaDiscoveryRequest,
    requests: Streaming<DeltaDiscoveryRequest>,
    responses: mpsc::Sender<Result<DeltaDiscoveryResponse, Status>>,
}

#[derive(Clone)]
struct Service {
    gate: Arc<Mutex<Gate>>,
    attempts: Arc<Mutex<usize>>,
    opened: mpsc::UnboundedSender<Stream>,
}

/// A certificate for this machine, and its key.
pub(crate) fn certificate() -> CertifiedKey<KeyPair> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    generate_simple_self_signed(names).unwrap()
}

fn acceptor(certificate: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl FakeServer {
    /// Starts one on a free port.
    pub(crate) async fn start(certificate: &CertifiedKey<KeyPair>, gate: Gate) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), certificate, gate).await
    }

    pub(crate) async fn start_at(
        address: SocketAddr,
        certificate: &CertifiedKey<KeyPair>,
        gate: Gate,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (opened, streams) = mpsc::unbounded_channel();
        let service = Service {
            gate: Arc::new(Mutex::new(gate)),
            attempts: Arc::default(),
            opened,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, acceptor(certificate), service.clone()));
        Self {
            address,
            service,
            streams,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn set_gate(&self, gate: Gate) {
        *self.service.gate.lock().unwrap() = gate;
    }

    /// How often somebody wanted to open a stream.
    pub(crate) fn attempts(&self) -> usize {
        *self.service.attempts.lock().unwrap()
    }

    /// The next stream.
    pub(crate) async fn stream(&mut self) -> Stream {
        let stream = tokio::time::timeout(SOON, self.streams.recv()).await;
        stream.expect("a stream in time").expect("the server lives")
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, service: Service) {
    // They end with the server.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, service) = (acceptor.clone(), service.clone());
        connections.spawn(async move {
            // A client that does not trust the certificate goes away here.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let server = AggregatedDiscoveryServiceServer::new(service);
            let service =
                service_fn(move |request| tonic::codegen::Service::call(&mut server.clone(), request));
            let serving =
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
            drop(serving.await);
        });
    }
}

#[tonic::async_trait]
impl AggregatedDiscoveryService for Service {
    type StreamAggregatedResourcesStream = ReceiverStream<Result<DiscoveryResponse, Status>>;
    type DeltaAggregatedResourcesStream = ReceiverStream<Result<DeltaDiscoveryResponse, Status>>;

    async fn stream_aggregated_resources(
        &self,
        _: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Err(Status::unimplemented("delta only"))
    }

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        *self.attempts.lock().unwrap() += 1;
        let shown = request
            .metadata()
            .get("authorization")
            .map(|value| value.to_str().unwrap());
        match *self.gate.lock().unwrap() {
            Gate::Standby => return Err(Status::unavailable("another replica leads")),
            Gate::Token(token) if shown != Some(&format!("Bearer {token}")) => {
                return Err(Status::unauthenticated("the token has expired"));
            }
            Gate::Token(_) => {}
        }
        let mut requests = request.into_inner();
        let first = requests.message().await?.expect("a first request");
        let (responses, receiver) = mpsc::channel(16);
        let stream = Stream {
            first,
            requests,
            responses,
        };
        self.opened
            .send(stream)
            .map_err(|_| Status::unavailable("the test is over"))?;
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

impl Stream {
    /// Sends a message; the nonce names it, `version` completes a set.
    pub(crate) async fn send(&self, nonce: &str, version: &str, resources: Vec<Entry>, removed: &[&str]) {
        let message = DeltaDiscoveryResponse {
            type_url: TYPE_URL.to_owned(),
            nonce: nonce.to_owned(),
            system_version_info: version.to_owned(),
            resources,
            removed_resources: removed.iter().map(|name| (*name).to_owned()).collect(),
            ..DeltaDiscoveryResponse::default()
        };
        self.responses.send(Ok(message)).await.unwrap();
    }

    /// The nonce that the next answer is to, and what it rejects.
    pub(crate) async fn answer(&mut self) -> (String, Vec<Rejected>) {
        let answer = tokio::time::timeout(SOON, self.requests.message()).await;
        let answer = answer.expect("an answer in time").unwrap().expect("an answer");
        assert_eq!(answer.type_url, TYPE_URL);
        assert!(answer.node.is_none() && answer.resource_names_subscribe.is_empty());
        let Some(error) = answer.error_detail else {
            return (answer.response_nonce, Vec::new());
        };
        assert_eq!(error.code, 3, "{}", error.message);
        let [detail] = &error.details[..] else {
            panic!("one detail")
        };
        assert_eq!(detail.type_url, REJECTED_TYPE_URL);
        let rejected: Vec<Rejected> = serde_json::from_slice(&detail.value).unwrap();
        assert!(error.message.contains(&rejected[0].reason), "{}", error.message);
        (answer.response_nonce, rejected)
    }

    /// What the data plane tells next, beside its answers.
    pub(crate) async fn notices(&mut self) -> Notices {
        let told = tokio::time::timeout(SOON, self.requests.message()).await;
        let told = told.expect("notices in time").unwrap().expect("notices");
        assert_eq!((&*told.type_url, &*told.response_nonce), (TYPE_URL, ""));
        assert!(told.node.is_none() && told.resource_names_subscribe.is_empty());
        let detail = &told.error_detail.expect("details").details[0];
        assert_eq!(detail.type_url, notice::TYPE_URL);
        notice::decode(&detail.value).unwrap()
    }

    /// What it tells of its experiments, when that is next.
    pub(crate) async fn experiments(&mut self) -> Vec<Report> {
        let told = tokio::time::timeout(SOON, self.requests.message()).await;
        let told = told.expect("experiments in time").unwrap().expect("experiments");
        assert_eq!((&*told.type_url, &*told.response_nonce), (TYPE_URL, ""));
        let detail = &told.error_detail.expect("details").details[0];
        assert_eq!(detail.type_url, told::TYPE_URL);
        told::decode(&detail.value).unwrap()
    }

    /// Whether an answer waits to be read.
    pub(crate) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(50), self.requests.message())
            .await
            .is_err()
    }

    /// Sends a whole set in one message, and reads that it is taken.
    pub(crate) async fn complete(&mut self, resources: Vec<Entry>, removed: &[&str]) {
        self.send("whole", "v", resources, removed).await;
        assert_eq!(self.answer().await, ("whole".to_owned(), Vec::new()));
    }
}

/// A resource as it travels.
pub(crate) fn entry(resource: &Resource, version: &str) -> Entry {
    Entry {
        name: resource.name().to_string(),
        version: version.to_owned(),
        resource: Some(Any {
            type_url: TYPE_URL.to_owned(),
            value: resource.encode().unwrap(),
        }),
        ..Entry::default()
    }
}
