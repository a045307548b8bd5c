//! One request's way through the processor, as far as it is free of I/O.

use wayleave_core::refusal::Refusal;

use crate::envoy::convert::Event;
use crate::request::{Arriving, Limits, Rejection};

/// What has come of a request so far.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing.
    Start,
    /// The head, and perhaps some of the body.
    Body(Arriving),
}

/// What is to be done after an event.
#[derive(Debug)]
pub(crate) enum Step {
    /// Wait for the next event.
    Wait(Phase),
    /// The request is whole: run it.
    Run(Arriving),
    /// Turn it away. What is still to come of it does not matter.
    Reject(Rejection),
    /// It is not ours: give Envoy back what it sends.
    Echo {
        /// Whether there is nothing but the head.
        end: bool,
    },
}

/// An event that cannot come in this phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfTurn {
    /// A body or trailers without a head.
    #[error("a body before the headers. Set request_header_mode: SEND")]
    HeadMissing,
    /// A second head.
    #[error("headers twice")]
    HeadTwice,
}

impl Phase {
    /// The client has paused for too long: turns it away, if it is known how.
    pub(crate) fn paused(self) -> Option<Rejection> {
        match self {
            Self::Start => None,
            Self::Body(arriving) => Some(arriving.rejection(Refusal::BodyUnreadable)),
        }
    }
}

/// Takes the next event.
pub(crate) fn step(phase: Phase, event: Event, limits: Limits) -> Result<Step, OutOfTurn> {
    match (phase, event) {
        (Phase::Start, Event::Head { head, end }) => Ok(match Arriving::new(head, limits) {
            Ok(arriving) => next(arriving, end),
            Err(Rejection {
                refusal: Refusal::UnknownPath { .. },
                ..
            }) => Step::Echo { end },
            Err(rejection) => Step::Reject(rejection),
        }),
        (Phase::Start, Event::Body { .. } | Event::Trailers) => Err(OutOfTurn::HeadMissing),
        (Phase::Body(arriving), Event::Body { bytes, end }) => Ok(match arriving.push(bytes) {
            Ok(arriving) => next(arriving, end),
            Err(rejection) => Step::Reject(rejection),
        }),
        (Phase::Body(arriving), Event::Trailers) => Ok(Step::Run(arriving)),
        (Phase::Body(_), Event::Head { .. }) => Err(OutOfTurn::HeadTwice),
    }
}

fn next(arriving: Arriving, end: bool) -> Step {
    if end {
        Step::Run(arriving)
    } else {
        Step::Wait(Phase::Body(arriving))
    }
}

#[cfg(test)]
mod tests;
