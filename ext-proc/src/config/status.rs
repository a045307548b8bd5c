//! How it stands with the configuration server: for `/readyz`, the log and the metrics.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wayleave_tls::ServedCertificate;

use crate::config::metrics::{Metrics, UpdateResult};
use crate::config::replica::Answer;
use crate::config::server::ConfigServer;
use crate::config::trouble::{Target, Trouble};

/// How it stands.
#[derive(Debug)]
pub(crate) struct Status {
    state: Mutex<State>,
    metrics: Metrics,
    certificate: Option<ServedCertificate>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nothing is known to be wrong.
    Connecting(String),
    /// There is a stream.
    Connected(String),
    /// No server serves, for these reasons.
    Away(String),
}

impl Status {
    /// Before the first connection.
    pub(crate) fn new(server: &ConfigServer) -> Self {
        let servers: Vec<String> = server.servers.iter().map(ToString::to_string).collect();
        Self {
            state: Mutex::new(State::Connecting(servers.join(", "))),
            metrics: Metrics::new(),
            certificate: server.certificate.clone(),
        }
    }

    /// Why there is no configuration, if there is none.
    pub(crate) fn why(&self) -> String {
        match &*self.state() {
            State::Connecting(servers) => format!("connecting to {servers}"),
            State::Connected(target) => format!("{target} has not sent a whole one so far"),
            State::Away(reasons) => reasons.clone(),
        }
    }

    /// Whether there has to be a certificate and none has come.
    pub(crate) fn lacks_certificate(&self) -> bool {
        self.certificate
            .as_ref()
            .is_some_and(|certificate| !certificate.is_there())
    }

    /// The metrics in the OpenMetrics text format, without the mark of its end.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.text()
    }

    /// A stream stands.
    pub(super) fn connected(&self, target: &Target) {
        tracing::info!(%target, "the configuration server is connected");
        *self.state() = State::Connected(target.to_string());
        self.metrics.connected(true);
    }

    /// An attempt is over; if a stream stood, it stands no longer.
    pub(super) fn ended(&self, trouble: Option<&Trouble>) {
        let mut state = self.state();
        if let State::Connected(target) = &*state {
            let why = trouble.map(ToString::to_string);
            let why = why.unwrap_or_else(|| "the server has ended the stream".to_owned());
            tracing::info!(%target, why, "the connection to the configuration server has ended");
            *state = State::Connecting(target.clone());
            self.metrics.connected(false);
        }
    }

    /// No address serves.
    pub(super) fn away(&self, troubles: &[Trouble]) {
        let mut reasons: Vec<String> = troubles.iter().map(ToString::to_string).collect();
        // Addresses are tried in random order: the text should only change when the reasons do.
        reasons.sort();
        reasons.dedup();
        let away = State::Away(reasons.join("; "));
        let mut state = self.state();
        if *state != away {
            tracing::warn!(reasons = reasons.join("; "), "no configuration server serves");
            *state = away;
        }
    }

    /// A set is in force.
    pub(super) fn complete(&self, resources: usize) {
        self.metrics.complete(resources);
    }

    /// This is said to a message.
    pub(super) fn answered(&self, answer: &Answer) {
        self.metrics.update(if answer.rejected.is_empty() {
            UpdateResult::Acked
        } else {
            UpdateResult::Rejected
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
