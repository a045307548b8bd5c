//! What is said of an attempt: to the walk, to the client, to the ledger. None of it has the credential in it.

use bytes::Bytes;
use tokio::time::Instant;
use wayleave_core::client_error;
use wayleave_core::event::Fault;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::secret::Secret;

use super::{Attempt, Head};

/// A credential shorter than this is no secret that could be told from other text.
const MIN_SECRET: usize = 8;

impl Attempt {
    pub(crate) fn outcome(&self, class: Class, message: String) -> Outcome {
        let status = self.head.as_ref().map(|head| head.status.as_u16());
        Outcome {
            class,
            status,
            retry_after: None,
            message: self.discreet(message),
        }
    }

    /// The event that tells a streaming client that the answer broke.
    pub(crate) fn cut(&self, fault: &Fault) -> Bytes {
        self.relay
            .as_ref()
            .map(|relay| relay.cut(fault))
            .unwrap_or_default()
    }

    /// The fault that the provider reported inside its answer, or else this outcome as one.
    pub(crate) fn fault(&self, outcome: &Outcome) -> Fault {
        let told = self.tally().and_then(|tally| tally.fault.clone());
        let told = told.map(|fault| Fault {
            message: self.discreet(fault.message),
            ..fault
        });
        told.unwrap_or_else(|| Fault {
            class: outcome.class,
            status: outcome.status.filter(|status| *status >= 400).unwrap_or(502),
            code: None,
            message: outcome.message.clone(),
        })
    }

    /// The provider's error as it sent it, where it is one of the client's API and it tells nothing that the client is
    /// not to know.
    pub(crate) fn error_body(&self) -> Option<&Bytes> {
        self.error_body
            .as_ref()
            .filter(|_| self.format == Some(self.call.intake.format))
            .filter(|body| client_error::is_own_form(body, self.call.intake.format))
            .filter(|body| {
                let secrets = self.secrets();
                secrets.is_empty()
                    || std::str::from_utf8(body)
                        .is_ok_and(|body| !secrets.iter().any(|secret| body.contains(secret.expose())))
            })
    }

    /// A provider's words without the credential that it was given: some repeat it.
    fn discreet(&self, message: String) -> String {
        let secrets = self.secrets();
        secrets.iter().fold(message, |message, secret| {
            if message.contains(secret.expose()) {
                message.replace(secret.expose(), "***")
            } else {
                message
            }
        })
    }

    /// What the provider was given, but for what is so short that any text may have it by chance.
    fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.authorisation.secrets();
        secrets.retain(|secret| secret.expose().len() >= MIN_SECRET);
        secrets
    }

    pub(super) fn refused(&self, head: &Head, body: &Bytes) -> Outcome {
        let fault = client_error::read_fault(head.status, &head.headers, body);
        let now = self.call.core.clock.date(Instant::now());
        Outcome {
            class: fault.class,
            status: Some(fault.status),
            retry_after: client_error::retry_after(&head.headers, body, now),
            message: self.discreet(fault.message),
        }
    }
}
