//! One stream of configuration, from its first request to its end.

use std::sync::Arc;
use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use envoy_types::pb::envoy::service::discovery::v3::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use fastrand::Rng;
use futures_util::{future, stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::rustls::sign::CertifiedKey;
use tonic::{Request, Streaming};
use wayleave_core::resource::{Identity, Resource};
use wayleave_core::snapshot::Access;
use wayleave_engine::Engine;
use wayleave_tls::{BadCertificate, certified};

use crate::config::dial::{dial, lookup};
use crate::config::files;
use crate::config::follow::{Attempts, Ended, follow};
use crate::config::replica::{Replica, Taken};
use crate::config::server::ConfigServer;
use crate::config::status::Status;
use crate::config::told::Told;
use crate::config::trouble::{Target, Trouble};
use crate::config::wire;

/// The largest message of a server.
const MAX_MESSAGE: usize = 16 << 20;
/// How long a server may take until its first set is complete. Then the next one is asked.
const SET_PATIENCE: Duration = Duration::from_secs(30);
/// Answers on their way.
const ANSWERS: usize = 16;

/// Keeps an engine on what a configuration server says.
#[derive(Debug)]
pub(crate) struct Follower {
    server: ConfigServer,
    engine: Engine,
    status: Arc<Status>,
    replica: Replica,
}

type Requests = mpsc::Sender<DeltaDiscoveryRequest>;

impl Follower {
    /// Of this server, for this engine.
    pub(crate) fn new(server: ConfigServer, engine: Engine, status: Arc<Status>) -> Self {
        Self {
            server,
            engine,
            status,
            replica: Replica::default(),
        }
    }

    /// Follows, for ever.
    pub(crate) async fn run(self) {
        let status = Arc::clone(&self.status);
        follow(self, &status, Rng::new()).await;
    }

    /// Holds a stream. `served` tells whether a whole configuration came.
    async fn converse(&mut self, target: &Target, served: &mut bool) -> Result<(), Trouble> {
        let (requests, mut responses) = self.open(target).await?;
        self.status.connected(target);
        let patience = Instant::now() + SET_PATIENCE;
        let mut news = self.engine.news();
        let mut told = Told::new();
        loop {
            let message = if *served {
                self.tell(&mut told, target, &requests).await?;
                tokio::select! {
                    message = responses.message() => message,
                    Ok(()) = news.changed() => continue,
                    () = sleep_until(told.look_at()) => continue,
                }
            } else {
                let first = timeout_at(patience, responses.message()).await;
                first.map_err(|_| too_slow(target))?
            };
            let message = message.map_err(|status| Trouble::of_status(target, &status))?;
            match message {
                Some(message) => {
                    if self.take(target, message, &requests).await? {
                        *served = true;
                        told.configured();
                    }
                }
                None if *served => return Ok(()),
                None => {
                    return Err(Trouble::TooEarly {
                        target: target.clone(),
                    });
                }
            }
        }
    }

    async fn open(
        &mut self,
        target: &Target,
    ) -> Result<(Requests, Streaming<DeltaDiscoveryResponse>), Trouble> {
        let bearer = files::bearer(&self.server.token_file).await?;
        let trust = files::trust(&self.server.ca_file).await?;
        let connection = dial(target, trust).await?;
        let origin = target.server.uri.clone();
        let mut client = AggregatedDiscoveryServiceClient::with_origin(connection, origin)
            .max_decoding_message_size(MAX_MESSAGE);
        let first = wire::subscription(&self.server.node, self.replica.begin());
        let (requests, mut queue) = mpsc::channel(ANSWERS);
        let queued = stream::poll_fn(move |cx| queue.poll_recv(cx));
        let outgoing = stream::StreamExt::chain(stream::once(future::ready(first)), queued);
        let mut request = Request::new(outgoing);
        request.metadata_mut().insert("authorization", bearer);
        let opening = client.delta_aggregated_resources(request);
        let opened = timeout_at(Instant::now() + SET_PATIENCE, opening).await;
        let opened = opened.map_err(|_| too_slow(target))?;
        let responses = opened.map_err(|status| Trouble::of_status(target, &status))?;
        Ok((requests, responses.into_inner()))
    }

    /// Puts in force what a message completes, and then answers. Returns whether it completed a set.
    async fn take(
        &mut self,
        target: &Target,
        message: DeltaDiscoveryResponse,
        requests: &Requests,
    ) -> Result<bool, Trouble> {
        let protocol = |what| Trouble::Protocol {
            target: target.clone(),
            what,
        };
        let update = wire::update(message).map_err(protocol)?;
        let engine = &self.engine;
        let taken = self.replica.take(update, &|resource| check(engine, resource));
        let (changed, answers) = match taken.map_err(|flood| protocol(flood.to_string()))? {
            Taken::Staged => return Ok(false),
            Taken::Complete { changed, answers } => (changed, answers),
        };
        if changed || !self.engine.ready() {
            self.put_in_force();
        }
        self.status.complete(self.replica.len());
        for answer in answers {
            self.status.answered(&answer);
            let answer = wire::answer(&answer).map_err(|error| protocol(error.to_string()))?;
            // A server that is gone is noticed by what it does not send any longer.
            let _ = requests.send(answer).await;
        }
        Ok(true)
    }

    /// Tells the server of what cannot be had, and of experiments, unless it knows.
    async fn tell(&self, told: &mut Told, target: &Target, requests: &Requests) -> Result<(), Trouble> {
        let news = told.news(&self.engine).map_err(|error| Trouble::Protocol {
            target: target.clone(),
            what: error.to_string(),
        })?;
        for request in news {
            // A server that is gone is noticed by what it does not send any longer.
            let _ = requests.send(request).await;
        }
        Ok(())
    }

    fn put_in_force(&self) {
        self.engine.apply(self.replica.snapshot());
        tracing::info!(objects = self.replica.len(), "a configuration is in force");
        if let Some(served) = &self.server.certificate {
            let identity = self.replica.identity();
            // What cannot be used was not taken in the first place.
            served.put(identity.and_then(|identity| usable(identity).ok()));
        }
    }
}

impl Attempts for Follower {
    type Target = Target;

    async fn targets(&mut self) -> (Vec<Target>, Vec<Trouble>) {
        let (mut targets, mut troubles) = (Vec::new(), Vec::new());
        for found in future::join_all(self.server.servers.iter().map(lookup)).await {
            match found {
                Ok(found) => targets.extend(found),
                Err(trouble) => troubles.push(trouble),
            }
        }
        (targets, troubles)
    }

    async fn attempt(&mut self, target: &Target) -> Ended {
        let mut served = false;
        let trouble = self.converse(target, &mut served).await.err();
        Ended { served, trouble }
    }
}

fn check(engine: &Engine, resource: &Resource) -> Result<(), String> {
    match resource {
        Resource::Provider(provider) => match &provider.access {
            Access::Ready(endpoint) => engine.check(endpoint),
            Access::Broken(_) => Ok(()),
        },
        Resource::Certificate(identity) => usable(identity).map(drop).map_err(|error| error.to_string()),
        Resource::Route(_) | Resource::Cache(_) => Ok(()),
    }
}

fn usable(identity: &Identity) -> Result<CertifiedKey, BadCertificate> {
    certified(&identity.chain, &identity.key)
}

fn too_slow(target: &Target) -> Trouble {
    Trouble::SetTimeout {
        target: target.clone(),
        seconds: SET_PATIENCE.as_secs(),
    }
}
