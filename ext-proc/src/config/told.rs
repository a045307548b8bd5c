//! What a server has been told on one stream, beside the answers to its messages.

use std::time::Duration;

use envoy_types::pb::envoy::service::discovery::v3::DeltaDiscoveryRequest;
use tokio::time::Instant;
use wayleave_core::experiment::report::Report;
use wayleave_core::experiment::told::bounded;
use wayleave_core::notice::Notices;
use wayleave_engine::Engine;

use crate::config::wire;

/// How often experiments are looked at. They change with every call.
const EVERY: Duration = Duration::from_secs(10);
/// And how soon after another configuration: the server forgets what was told of routes that have changed.
const SOON: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Told {
    notices: Notices,
    experiments: Vec<Report>,
    look_at: Instant,
}

impl Told {
    /// Nothing so far.
    pub(super) fn new() -> Self {
        Self {
            notices: Notices::new(),
            experiments: Vec::new(),
            look_at: Instant::now(),
        }
    }

    /// There is another configuration.
    pub(super) fn configured(&mut self) {
        self.experiments.clear();
        self.look_at = self.look_at.min(Instant::now() + SOON);
    }

    /// When experiments are to be looked at.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// What the server does not know yet.
    ///
    /// # Errors
    /// None that can be provoked.
    pub(super) fn news(&mut self, engine: &Engine) -> serde_json::Result<Vec<DeltaDiscoveryRequest>> {
        let mut requests = Vec::new();
        let notices = engine.notices();
        if notices != self.notices {
            requests.push(wire::notices(&notices)?);
            self.notices = notices;
        }
        let now = Instant::now();
        if self.look_at <= now {
            self.look_at = now + EVERY;
            let experiments = bounded(engine.experiments());
            if experiments != self.experiments {
                requests.push(wire::experiments(&experiments)?);
                self.experiments = experiments;
            }
        }
        Ok(requests)
    }
}
