//! The life of the operator, from bound listeners to the lease given back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kube::{Api, Client};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use wayleave_core::snapshot::ObjectName;
use wayleave_tls::ServedCertificate;

use crate::cluster::certificates::Certificates;
use crate::cluster::controller::{Controller, Inputs, Outputs};
use crate::cluster::leader::{Candidate, Terms};
use crate::cluster::named::NamedWatches;
use crate::cluster::watch as watches;
use crate::cluster::write::Scribe;
use crate::config::certificate::{Bearer, Names};
use crate::config::fleet::Fleet;
use crate::config::service::ConfigService;
use crate::config::tls;
use crate::config::token::TokenReviewer;
use crate::metrics::Metrics;

/// Changes that wait for the controller; the watches behind them wait as well.
const CHANGES: usize = 1_024;
/// A data plane has one.
const STREAMS: u32 = 4;
/// A connection without a stream does not stay for ever; a data plane's stream ends before.
const CONNECTION_AGE: Duration = Duration::from_secs(2 * 3_600);
/// How long tasks may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// How the operator is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespaces to watch; none: all.
    pub namespaces: Vec<Arc<str>>,
    /// The operator's own namespace.
    pub namespace: String,
    /// Who this process is, other than every other.
    pub identity: String,
    /// The Lease of the election.
    pub lease: String,
    /// How long a lease is good for.
    pub lease_duration: Duration,
    /// The service accounts of data planes.
    pub data_planes: Vec<ObjectName>,
    /// The Secret that keeps the certificates.
    pub tls_secret: String,
    /// The ConfigMap with the certificates to trust.
    pub ca_config_map: String,
    /// DNS names by which data planes reach the config service.
    pub config_names: Vec<String>,
    /// DNS names by which other Envoys reach data planes; empty: none does.
    pub ext_proc_names: Vec<String>,
}

/// Where the operator listens.
#[derive(Debug)]
pub struct Listeners {
    /// For data planes.
    pub config: TcpListener,
    /// For people and Prometheus.
    pub admin: TcpListener,
}

/// Why the operator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A part of it has ended.
    #[error("a part of the operator has stopped. This is a bug; the log says more")]
    Stopped(#[source] Option<JoinError>),
}

/// Runs until `shutdown`; then a lease that is ours is given back.
///
/// # Errors
/// When TLS cannot be set up, or a part of the operator fails.
pub async fn run(
    client: Client,
    options: Options,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let metrics = Arc::new(Metrics::default());
    let fleet = Fleet::default();
    let shown = ServedCertificate::default();
    let closing = CancellationToken::new();
    let (leading, leads) = watch::channel(false);
    let (identity, own) = watch::channel(None);
    let (bundles, offered) = watch::channel(None);
    let (lacks, readiness) = watch::channel(Some("it has just begun".to_owned()));
    let (changes, changed) = mpsc::channel(CHANGES);

    let (mut parts, mut watching) = (JoinSet::new(), JoinSet::new());
    watches::start(&client, &options.namespaces, &changes, &metrics, &mut watching);
    let outputs = Outputs {
        named: NamedWatches::new(client.clone(), changes, Arc::clone(&metrics)),
        bundles,
        fleet: fleet.clone(),
        scribe: Scribe::new(client.clone(), &options.identity),
        lacks,
        metrics: Arc::clone(&metrics),
    };
    let inputs = Inputs {
        changes: changed,
        leading: leads.clone(),
        identity: own,
    };
    parts.spawn(Controller::new(inputs, outputs, &options.namespaces).run(closing.clone()));
    let certificates = certificates(&client, &options, shown.clone(), Arc::clone(&metrics));
    parts.spawn(certificates.run(leads, identity));
    parts.spawn(candidate(&client, &options).run(leading, closing.clone()));
    let reviewer = TokenReviewer::new(client, &options.data_planes);
    let service = ConfigService::new(offered, fleet, reviewer, Arc::clone(&metrics));
    parts.spawn(serve(listeners.config, &shown, service, closing.clone())?);
    let admin = crate::admin::serve(listeners.admin, metrics, readiness, closing.clone());
    parts.spawn(async move {
        if let Err(error) = admin.await {
            tracing::error!(%error, "the admin pages have stopped");
        }
    });

    let stopped = tokio::select! {
        () = shutdown.cancelled() => None,
        ended = parts.join_next() => ended,
        ended = watching.join_next() => ended,
    };
    closing.cancel();
    // They wait for an API server that may have nothing to tell.
    watching.abort_all();
    if let Some(ended) = stopped {
        return Err(RunError::Stopped(ended.err()));
    }
    // The election is among them: it gives the lease back.
    if timeout(ENDING, async { while parts.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        parts.shutdown().await;
    }
    Ok(())
}

fn certificates(
    client: &Client,
    options: &Options,
    shown: ServedCertificate,
    metrics: Arc<Metrics>,
) -> Certificates {
    let mut names: Names = BTreeMap::from([(Bearer::ConfigService, options.config_names.clone())]);
    if !options.ext_proc_names.is_empty() {
        names.insert(Bearer::DataPlane, options.ext_proc_names.clone());
    }
    Certificates {
        secrets: Api::namespaced(client.clone(), &options.namespace),
        config_maps: Api::namespaced(client.clone(), &options.namespace),
        secret: options.tls_secret.clone(),
        config_map: options.ca_config_map.clone(),
        namespace: options.namespace.clone(),
        names,
        shown,
        metrics,
    }
}

fn candidate(client: &Client, options: &Options) -> Candidate {
    Candidate {
        leases: Api::namespaced(client.clone(), &options.namespace),
        lease: options.lease.clone(),
        identity: options.identity.clone(),
        terms: Terms::of(options.lease_duration),
    }
}

/// The config service on its port.
fn serve(
    listener: TcpListener,
    shown: &ServedCertificate,
    service: ConfigService,
    closing: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + use<>, rustls::Error> {
    let connections = tls::connections(listener, shown, closing.clone())?;
    let serving = Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(10)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_concurrent_streams(STREAMS)
        .max_connection_age(CONNECTION_AGE)
        .add_service(service.into_server())
        .serve_with_incoming(ReceiverStream::new(connections));
    Ok(async move {
        tokio::select! {
            served = serving => if let Err(error) = served {
                tracing::error!(%error, "the config service has stopped");
            },
            // Data planes keep what they have and find the next leader: there is nothing to wait for.
            () = closing.cancelled() => {}
        }
    })
}
