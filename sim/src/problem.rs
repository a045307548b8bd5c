//! Errors that a provider answers with, before a format renders them.

use http::StatusCode;

use crate::behaviour::{Behaviour, ErrorKind, Trouble};

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// What this status alone tells.
    Status(StatusCode),
    /// An error with a body of its own, under its usual status or another.
    Kind(ErrorKind, Option<StatusCode>),
    /// The request has no credential.
    NoKey,
    /// The request is not what the format prescribes: 400.
    Malformed(Malformed),
    /// The request's body is larger than the simulator reads: 413.
    TooLarge,
    /// Nothing is served at this path: 404. Holds method and path.
    NoSuchPath(String),
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) message: String,
    /// The member at fault; only the OpenAI format says it.
    pub(crate) param: Option<&'static str>,
    /// Only the OpenAI format has codes.
    pub(crate) code: Option<&'static str>,
}

impl Malformed {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            param: None,
            code: None,
        }
    }

    pub(crate) fn at(message: impl Into<String>, param: &'static str, code: &'static str) -> Self {
        Self {
            message: message.into(),
            param: Some(param),
            code: Some(code),
        }
    }
}

impl Problem {
    /// The error that a behaviour asks for instead of an answer.
    pub(crate) fn instead_of_answer(behaviour: &Behaviour) -> Option<Self> {
        if matches!(behaviour.trouble, Trouble::ErrorFrame | Trouble::ErrorMid) {
            return None;
        }
        Self::chosen(behaviour)
    }

    /// The error that a behaviour puts inside a 200.
    pub(crate) fn inside_answer(behaviour: &Behaviour) -> Self {
        Self::chosen(behaviour).unwrap_or(Self::Kind(ErrorKind::Overloaded, None))
    }

    fn chosen(behaviour: &Behaviour) -> Option<Self> {
        match (behaviour.error, behaviour.status) {
            (Some(kind), status) => Some(Self::Kind(kind, status)),
            (None, Some(status)) => Some(Self::Status(status)),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_moves_the_error_inside_the_answer() {
        let behaviour: Behaviour = "status=429".parse().expect("known");
        assert_eq!(
            Problem::instead_of_answer(&behaviour),
            Some(Problem::Status(StatusCode::TOO_MANY_REQUESTS))
        );
        let behaviour: Behaviour = "status=429&fault=error-frame".parse().expect("known");
        assert_eq!(Problem::instead_of_answer(&behaviour), None);
        assert_eq!(
            Problem::inside_answer(&behaviour),
            Problem::Status(StatusCode::TOO_MANY_REQUESTS)
        );
        assert_eq!(Problem::instead_of_answer(&Behaviour::default()), None);
    }
}
