//! What went wrong on the way, and what the client is told of it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wayleave_core::client_error::{AttemptNote, ClientError, agrees_with};
use wayleave_core::headers;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::plan::{Plan, Why};
use wayleave_core::walk::most_telling;

use crate::attempt::Attempt;

/// One failed attempt.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    note: AttemptNote,
    message: String,
    code: Option<String>,
    retry_after: Option<Duration>,
    /// The provider's headers that a client gets.
    headers: HeaderMap,
    /// The provider's error, where it is in the client's format.
    body: Option<Bytes>,
}

/// All failed attempts of a call, in order.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<Failure>);

/// What a client is told when all has failed.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) class: Class,
    pub(crate) error: ClientError,
    pub(crate) headers: HeaderMap,
    /// Sent instead of the error's own body.
    pub(crate) body: Option<Bytes>,
    pub(crate) retry_after: Option<Duration>,
    /// The target that it is about.
    pub(crate) target: Option<String>,
}

impl Failure {
    pub(crate) fn of(attempt: &Attempt, outcome: &Outcome) -> Self {
        let fault = attempt.tally().and_then(|tally| tally.fault.as_ref());
        Self {
            note: AttemptNote {
                target: attempt.target(),
                class: outcome.class,
                status: outcome.status,
            },
            message: outcome.message.clone(),
            code: fault.and_then(|fault| fault.code.clone()),
            retry_after: outcome.retry_after,
            headers: attempt
                .head()
                .map(|head| headers::to_client(&head.headers))
                .unwrap_or_default(),
            body: attempt.error_body().cloned(),
        }
    }
}

impl Failures {
    /// Begins with the targets that cannot be tried at all.
    pub(crate) fn new(plan: &Plan) -> Self {
        let unusable = plan.passed_over.iter().filter_map(|passed| {
            let Why::Unusable(reason) = &passed.why else {
                return None;
            };
            Some(Failure {
                note: AttemptNote {
                    target: passed.provider.to_string(),
                    class: Class::Unusable,
                    status: None,
                },
                message: reason.clone(),
                code: None,
                retry_after: None,
                headers: HeaderMap::new(),
                body: None,
            })
        });
        Self(unusable.collect())
    }

    pub(crate) fn push(&mut self, failure: Failure) {
        self.0.push(failure);
    }

    /// Adds those of a race and says which class is their most telling.
    pub(crate) fn extend(&mut self, failures: Vec<Failure>) -> Class {
        let classes: Vec<Class> = failures.iter().map(|failure| failure.note.class).collect();
        self.0.extend(failures);
        most_telling(&classes)
            .and_then(|index| classes.get(index).copied())
            .unwrap_or(Class::Unusable)
    }

    /// What the client is told: the most telling failure, and the list of all.
    pub(crate) fn told(self) -> Told {
        let classes: Vec<Class> = self.0.iter().map(|failure| failure.note.class).collect();
        let notes: Vec<AttemptNote> = self.0.iter().map(|failure| failure.note.clone()).collect();
        let alone = self.0.len() == 1;
        let telling = most_telling(&classes).and_then(|index| self.0.into_iter().nth(index));
        let Some(failure) = telling else {
            return Told::nothing_tried();
        };
        let class = failure.note.class;
        let status = client_status(class, failure.note.status);
        // A single answer in the client's own format needs no retelling.
        let body = failure
            .body
            .filter(|body| alone && !body.is_empty() && agrees_with(body, status));
        let message = if alone {
            failure.message
        } else {
            format!(
                "{} (the most telling of {} attempts; all are listed)",
                failure.message,
                notes.len()
            )
        };
        Told {
            class,
            error: ClientError {
                status,
                code: failure.code,
                message,
                param: None,
                attempts: notes,
            },
            headers: failure.headers,
            body,
            retry_after: failure.retry_after,
            target: Some(failure.note.target),
        }
    }
}

impl Told {
    fn nothing_tried() -> Self {
        let message = "No target of the route could be tried.".to_owned();
        Self {
            class: Class::Unusable,
            error: ClientError {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: Some("no_target".to_owned()),
                message,
                param: None,
                attempts: Vec::new(),
            },
            headers: HeaderMap::new(),
            body: None,
            retry_after: None,
            target: None,
        }
    }
}

/// The status for the client: the provider's error status where there was one, else what the class means at a gateway.
fn client_status(class: Class, status: Option<u16>) -> StatusCode {
    let own = status
        .filter(|status| *status >= 400)
        .and_then(|status| StatusCode::from_u16(status).ok());
    own.unwrap_or(match class {
        Class::Caller | Class::ContextLength | Class::ContentFilter | Class::Unsupported => {
            StatusCode::BAD_REQUEST
        }
        Class::AuthFailed => StatusCode::UNAUTHORIZED,
        Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Class::Timeout | Class::SlowStream => StatusCode::GATEWAY_TIMEOUT,
        Class::Unusable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Ok
        | Class::ServerError
        | Class::Network
        | Class::Empty
        | Class::Malformed
        | Class::Refused
        | Class::NotJson
        | Class::Cut
        | Class::ClientLeft
        | Class::LostRace => StatusCode::BAD_GATEWAY,
    })
}
