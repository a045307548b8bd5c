//! The config service over gRPC: delta ADS, one task per data plane.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::discovery::v3::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use futures_util::Stream;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};
use wayleave_core::resource::TYPE_URL;
use wayleave_core::secret::Secret;

use super::bundle::Bundle;
use super::fleet::{Fleet, Membership};
use super::session::{Message, Session};
use super::token::{TokenReviewer, Unauthorised};
use crate::metrics::Metrics;

mod convert;

/// How long a data plane may take to say who it is, or to read a message.
const PATIENCE: Duration = Duration::from_secs(20);
/// After about an hour a data plane has to show its token again; it goes on where it was.
const REVIEW_AGAIN: Duration = Duration::from_secs(3_600);
/// Messages on their way to a data plane.
const QUEUE: usize = 16;
/// A data plane that has many objects names them all at once.
const MOST_REQUEST_BYTES: usize = 16 << 20;

/// What data planes should have; `None`: this operator does not lead, or does not know yet.
pub type Bundles = watch::Receiver<Option<Arc<Bundle>>>;

/// Serves data planes. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct ConfigService {
    bundles: Bundles,
    fleet: Fleet,
    reviewer: TokenReviewer,
    metrics: Arc<Metrics>,
}

type Responses = mpsc::Sender<Result<DeltaDiscoveryResponse, Status>>;

impl ConfigService {
    /// Serves these.
    pub fn new(bundles: Bundles, fleet: Fleet, reviewer: TokenReviewer, metrics: Arc<Metrics>) -> Self {
        Self {
            bundles,
            fleet,
            reviewer,
            metrics,
        }
    }

    /// As a gRPC service.
    pub fn into_server(self) -> AggregatedDiscoveryServiceServer<Self> {
        AggregatedDiscoveryServiceServer::new(self).max_decoding_message_size(MOST_REQUEST_BYTES)
    }

    /// Talks with one data plane to the end.
    async fn converse(
        self,
        membership: Membership,
        mut session: Session,
        mut requests: Streaming<DeltaDiscoveryRequest>,
        responses: Responses,
    ) -> Result<(), Status> {
        let mut bundles = self.bundles.clone();
        let mut over = std::pin::pin!(sleep(REVIEW_AGAIN.mul_f64(0.9 + 0.2 * fastrand::f64())));
        loop {
            let bundle = bundles.borrow_and_update().clone().ok_or_else(not_leading)?;
            for message in session.update(&bundle) {
                self.send(message, &responses).await?;
            }
            tokio::select! {
                changed = bundles.changed() => changed.map_err(|_| not_leading())?,
                request = requests.message() => match request? {
                    Some(request) => self.hear(&membership, &mut session, request)?,
                    None => return Ok(()),
                },
                () = over.as_mut() => return Ok(()),
            }
        }
    }

    async fn send(&self, message: Message, responses: &Responses) -> Result<(), Status> {
        self.metrics.sent(&message);
        let response = convert::response(message);
        let sending = timeout(PATIENCE, responses.send(Ok(response)));
        match sending.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Status::cancelled("the data plane has left")),
            Err(_) => Err(Status::deadline_exceeded("the data plane does not read")),
        }
    }

    fn hear(
        &self,
        membership: &Membership,
        session: &mut Session,
        request: DeltaDiscoveryRequest,
    ) -> Result<(), Status> {
        // A request without a nonce tells or asks for something; here everybody gets everything.
        if request.response_nonce.is_empty() {
            if let Some(notices) = convert::notices(&request) {
                membership.noticed(notices);
            }
            if let Some(reports) = convert::experiments(&request) {
                membership.experimented(reports);
            }
            return Ok(());
        }
        let (nonce, answer) = convert::answer(request)?;
        let news = session
            .answer(nonce, answer)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        for (name, _, reason) in &news.rejected {
            tracing::warn!("{} does not take {name}: {reason}", membership.node());
        }
        self.metrics.heard(&news);
        membership.heard(news);
        Ok(())
    }
}

#[tonic::async_trait]
impl AggregatedDiscoveryService for ConfigService {
    type StreamAggregatedResourcesStream =
        Pin<Box<dyn Stream<Item = Result<DiscoveryResponse, Status>> + Send>>;

    async fn stream_aggregated_resources(
        &self,
        _: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        Err(Status::unimplemented(
            "only DeltaAggregatedResources is served here",
        ))
    }

    type DeltaAggregatedResourcesStream = ReceiverStream<Result<DeltaDiscoveryResponse, Status>>;

    async fn delta_aggregated_resources(
        &self,
        request: Request<Streaming<DeltaDiscoveryRequest>>,
    ) -> Result<Response<Self::DeltaAggregatedResourcesStream>, Status> {
        if self.bundles.borrow().is_none() {
            return Err(not_leading());
        }
        let (metadata, _, mut requests) = request.into_parts();
        let reviewed = self.reviewer.review(bearer(&metadata)).await;
        let authenticated = reviewed.map_err(|error| {
            tracing::warn!("a data plane was refused: {error}");
            refused(&error)
        })?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let service = self.clone();
        tokio::spawn(async move {
            let ended = async {
                let first = timeout(PATIENCE, requests.message())
                    .await
                    .map_err(|_| Status::deadline_exceeded("the data plane did not say what it has"))??
                    .ok_or_else(|| Status::cancelled("the data plane has left"))?;
                let (node, has) = greeting(first, authenticated.pod)?;
                tracing::info!("data plane {node} has connected with {} resources", has.len());
                let membership = service.fleet.join(&node, has.clone());
                let ended = service
                    .clone()
                    .converse(membership, Session::new(has), requests, sender.clone())
                    .await;
                tracing::info!("data plane {node} has disconnected");
                ended
            };
            if let Err(status) = ended.await {
                // Nobody to tell if it has left.
                let _ = timeout(PATIENCE, sender.send(Err(status))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// The name of a data plane, and what it says that it has. The pod that its token was made for goes before its own word.
fn greeting(
    request: DeltaDiscoveryRequest,
    pod: Option<String>,
) -> Result<
    (
        String,
        BTreeMap<wayleave_core::resource::ResourceName, super::bundle::Version>,
    ),
    Status,
> {
    if request.type_url != TYPE_URL {
        return Err(Status::invalid_argument(format!(
            "only {TYPE_URL} is served here"
        )));
    }
    let own = request.node.as_ref().map(|node| node.id.clone());
    let node = pod.or(own).filter(|node| !node.is_empty() && node.len() <= 253);
    let node =
        node.ok_or_else(|| Status::invalid_argument("the data plane does not say its name (node.id)"))?;
    Ok((node, convert::has(request)))
}

fn bearer(metadata: &MetadataMap) -> Option<Secret> {
    let text = metadata.get("authorization")?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| Secret::new(token.trim()))
}

fn refused(error: &Unauthorised) -> Status {
    match error {
        Unauthorised::Missing | Unauthorised::Refused(_) => Status::unauthenticated(error.to_string()),
        Unauthorised::Forbidden { .. } => Status::permission_denied(error.to_string()),
        Unauthorised::Unavailable(_) => Status::unavailable(error.to_string()),
    }
}

fn not_leading() -> Status {
    Status::unavailable("this operator does not lead, or does not know its objects yet: ask the other one")
}
