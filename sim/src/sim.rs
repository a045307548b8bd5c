//! A running simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpSocket;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::record::{Log, RecordedRequest};
use crate::script::{BadScript, Replay, Scripts};
use crate::server::{self, Shared};

const BACKLOG: u32 = 1_024;

/// How a simulator is started.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Where it listens; port 0 takes a free one. Default: a free port on 127.0.0.1.
    pub listen: SocketAddr,
    /// Requests without a key are served too. Default: they get 401.
    pub keyless: bool,
    /// How many of the last requests are kept, with their bodies up to 256 MiB together. 0 records nothing, which is
    /// faster. Default: 10,000.
    pub record: usize,
    /// What `GET …/models` lists. Requests may name any model.
    pub models: Vec<String>,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keyless: false,
            record: 10_000,
            models: ["sim-large", "sim-small", "sim-embedding"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

/// A running simulator. Dropping it stops it and closes its connections.
pub struct Sim {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// What was waited for has not happened.
#[derive(Debug, thiserror::Error)]
#[error("after {waited:?} the simulator has not seen what was waited for; it saw {seen:?}")]
pub struct WaitTimeout {
    waited: Duration,
    seen: Vec<RecordedRequest>,
}

impl Sim {
    /// Binds and serves in the background of the current Tokio runtime.
    ///
    /// # Errors
    /// Outside a runtime, or if the address cannot be bound.
    pub fn start(options: SimOptions) -> anyhow::Result<Self> {
        let runtime =
            tokio::runtime::Handle::try_current().context("the simulator needs a Tokio runtime around it")?;
        let bind = || {
            let socket = if options.listen.is_ipv4() {
                TcpSocket::new_v4()
            } else {
                TcpSocket::new_v6()
            }?;
            socket.set_reuseaddr(true)?;
            socket.bind(options.listen)?;
            socket.listen(BACKLOG)
        };
        let listener = bind().with_context(|| {
            format!(
                "the simulator cannot listen on {}: choose another address, or port 0 for any",
                options.listen
            )
        })?;
        let addr = listener
            .local_addr()
            .context("the simulator's socket has no address")?;
        let shared = Arc::new(Shared {
            keyless: options.keyless,
            models: options.models,
            log: Arc::new(Log::new(options.record)),
            scripts: Scripts::default(),
        });
        let stop = CancellationToken::new();
        runtime.spawn(server::serve(listener, Arc::clone(&shared), stop.clone()));
        Ok(Self {
            addr,
            shared,
            _stop: stop.drop_guard(),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:PORT`, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Sets how the next requests for a model (without behaviour) are answered, one behaviour each; `""` leaves the
    /// request its own. Later calls append.
    ///
    /// # Errors
    /// If a behaviour cannot be read (then nothing is scripted), or more than 10,000 wait.
    pub fn script(&self, model: &str, behaviours: &[&str]) -> Result<(), BadScript> {
        self.shared.scripts.script(model, behaviours)
    }

    /// Sets how all requests with a key are answered, whatever they ask; `""` ends that.
    ///
    /// # Errors
    /// If the behaviour cannot be read, or there are more than 10,000 keys.
    pub fn key(&self, key: &str, behaviour: &str) -> Result<(), BadScript> {
        self.shared.scripts.key(key, behaviour)
    }

    /// Answers all requests for a model, or else to a path, with given bytes: any method, with or without a key.
    /// The pieces are written one by one.
    ///
    /// # Errors
    /// If there are more than 10,000 replays.
    pub fn replay(&self, model_or_path: &str, replay: Replay) -> Result<(), BadScript> {
        self.shared.scripts.replay(model_or_path, replay)
    }

    /// The last requests, oldest first.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.log.requests()
    }

    /// How many requests are being answered.
    pub fn active(&self) -> usize {
        self.shared.log.active()
    }

    /// Forgets requests, scripts, keys and replays.
    pub fn reset(&self) {
        self.shared.scripts.clear();
        self.shared.log.clear();
    }

    /// Waits until the recorded requests fulfil a condition; looks again at each change. The condition must not call
    /// [`Sim::requests`]: it runs under the same lock.
    ///
    /// # Errors
    /// If it is not fulfilled in time; the error tells what was seen. Without recording nothing ever is.
    pub async fn wait_for(
        &self,
        condition: impl FnMut(&[RecordedRequest]) -> bool,
        timeout: Duration,
    ) -> Result<(), WaitTimeout> {
        if self.shared.log.wait_for(condition, timeout).await {
            Ok(())
        } else {
            Err(WaitTimeout {
                waited: timeout,
                seen: self.requests(),
            })
        }
    }
}
