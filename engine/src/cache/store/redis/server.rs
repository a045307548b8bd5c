//! A server, or a cluster of them, and a connection to it.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    IntoConnectionInfo, Pipeline, RedisError, RedisResult, TlsCertificates, Value, from_redis_value,
};
use wayleave_core::snapshot::cache::RedisStore;

use crate::metrics::Fault;

/// How long connecting may take. No call waits for it.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take to whoever does not say how long it waits.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a connection is idle before the system looks whether the other end is still there.
const IDLE: Duration = Duration::from_secs(15);
/// Commands that wait to be written.
const QUEUE: usize = 256;

/// Where to connect to.
pub(crate) enum Server {
    Single(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// A store that nobody can connect to as it is described. Says nothing of its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadServer {
    #[error("the URL of the store cannot be used: write redis:// or rediss://, then USER:PASSWORD@HOST:PORT")]
    Url,
    #[error("the certificates to trust cannot be read")]
    Certificates,
}

/// A connection, shared by all that clone it. Many commands are under way in it at once.
#[derive(Clone)]
pub(crate) enum Wire {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A node that holds entries.
pub(super) enum Node {
    /// The only one.
    Only,
    /// One of a cluster.
    At { host: String, port: u16 },
}

impl Server {
    pub(super) fn new(spec: &RedisStore) -> Result<Self, BadServer> {
        let info = spec.url.expose().into_connection_info();
        let info = info.map_err(|_| BadServer::Url)?;
        Self::at(info, spec.cluster, spec.ca_pem.as_deref())
    }

    /// One at this place, or the cluster that it is one of. `ca_pem`: the certificates to trust.
    pub(crate) fn at(info: ConnectionInfo, cluster: bool, ca_pem: Option<&str>) -> Result<Self, BadServer> {
        let info = info.set_tcp_settings(tcp());
        let certificates = certificates(ca_pem, &info);
        if cluster {
            let mut builder = ClusterClientBuilder::new([info])
                .tcp_settings(tcp())
                .connection_timeout(CONNECT)
                .response_timeout(ANSWER)
                .retries(3);
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return builder
                .build()
                .map(|client| Self::Cluster(Box::new(client)))
                .map_err(|_| BadServer::Certificates);
        }
        match certificates {
            None => Client::open(info).map_err(|_| BadServer::Url),
            Some(given) => Client::build_with_tls(info, given).map_err(|_| BadServer::Certificates),
        }
        .map(|client| Self::Single(Box::new(client)))
    }

    pub(crate) async fn connect(&self) -> RedisResult<Wire> {
        match self {
            Self::Single(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER))
                    .set_pipeline_buffer_size(QUEUE);
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Wire::Single(connection.await?))
            }
            Self::Cluster(client) => {
                let connection = tokio::time::timeout(CONNECT, client.get_async_connection()).await;
                let late = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
                Ok(Wire::Cluster(connection.map_err(late)??))
            }
        }
    }
}

/// Commands are small and many are under way: none is to wait until another is acknowledged, as TCP has it.
fn tcp() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(IDLE).with_interval(IDLE);
    TcpSettings::default().set_nodelay(true).set_keepalive(keepalive)
}

fn certificates(ca_pem: Option<&str>, info: &ConnectionInfo) -> Option<TlsCertificates> {
    let ConnectionAddr::TcpTls { .. } = info.addr() else {
        return None;
    };
    let pem = ca_pem?;
    Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.as_bytes().to_vec()),
    })
}

impl Wire {
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        match self.clone() {
            Self::Single(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }

    /// All of one name: a cluster sends them to one node.
    pub(super) async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        match self.clone() {
            Self::Single(mut connection) => commands.query_async(&mut connection).await,
            Self::Cluster(mut connection) => commands.query_async(&mut connection).await,
        }
    }

    /// What concerns no name, of any node: a cluster whose search reaches all of them takes it so.
    pub(super) async fn ask_any<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let Self::Cluster(connection) = self else {
            return self.ask(command).await;
        };
        let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
        let answer = connection.clone().route_command(command.clone(), any).await?;
        Ok(from_redis_value(answer)?)
    }

    /// What each node knows of these commands, of one that it does not know nothing.
    pub(super) async fn know(&self, commands: &[&str]) -> RedisResult<Vec<Vec<Value>>> {
        let mut known = Vec::new();
        for node in self.nodes().await? {
            let info = redis::cmd("COMMAND").arg("INFO").arg(commands).to_owned();
            known.push(self.ask_node(&node, info).await?);
        }
        Ok(known)
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// All nodes that hold entries, those that only copy them left out.
    pub(super) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        let Self::Cluster(connection) = self else {
            return Ok(vec![Node::Only]);
        };
        // Whatever is asked of several nodes comes back by their addresses.
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let ping = redis::cmd("ECHO").arg("node").to_owned();
        let answers = connection.clone().route_command(ping, all).await?;
        let answers: Vec<(String, String)> = from_redis_value(answers)?;
        answers
            .into_iter()
            .map(|(address, _)| node_at(&address))
            .collect()
    }

    pub(super) async fn ask_node<T: FromRedisValue>(&self, node: &Node, command: Cmd) -> RedisResult<T> {
        match (self, node) {
            (Self::Cluster(connection), Node::At { host, port }) => {
                let there = RoutingInfo::SingleNode(SingleNodeRoutingInfo::ByAddress {
                    host: host.clone(),
                    port: *port,
                });
                Ok(from_redis_value(
                    connection.clone().route_command(command, there).await?,
                )?)
            }
            (Self::Single(_), _) | (Self::Cluster(_), Node::Only) => self.ask(&command).await,
        }
    }
}

fn node_at(address: &str) -> RedisResult<Node> {
    let parts = address.rsplit_once(':');
    let node = parts.and_then(|(host, port)| {
        Some(Node::At {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    });
    node.ok_or_else(|| (ErrorKind::Client, "a node without an address").into())
}

/// What an error means for a store.
pub(crate) fn fault(error: &RedisError) -> Fault {
    let refused = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    if refused || error.kind() == ErrorKind::AuthenticationFailed {
        Fault::Credentials
    } else if error.is_timeout() {
        Fault::Timeout
    } else if error.is_io_error() || error.is_unrecoverable_error() {
        Fault::Connection
    } else {
        Fault::Refused
    }
}
