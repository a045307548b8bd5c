//! The body of a response: performs the steps of an answer.

use std::future::Future;
use std::iter::Peekable;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::record::{Call, Outcome};
use crate::steps::{Step, Steps};

/// Why a connection was ended without an answer, or in the middle of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    /// The behaviour asks for it.
    #[error("the simulator cut the connection, as the request asked for")]
    AsAsked,
    /// The client stopped in the middle of its request.
    #[error("the client left before its request was complete")]
    ClientLeft,
}

/// A response body. Being dropped before its end means that the client has left.
pub(crate) struct SimBody {
    source: Source,
    timer: Option<Pin<Box<Sleep>>>,
    call: Call,
}

enum Source {
    Full(Bytes),
    Steps(Peekable<Steps>),
    Ended,
}

impl SimBody {
    pub(crate) fn full(bytes: Bytes, mut call: Call) -> Self {
        let source = if bytes.is_empty() {
            call.end(Outcome::Answered);
            Source::Ended
        } else {
            Source::Full(bytes)
        };
        Self {
            source,
            timer: None,
            call,
        }
    }

    pub(crate) fn steps(steps: Steps, call: Call) -> Self {
        Self {
            source: Source::Steps(steps.peekable()),
            timer: None,
            call,
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        self.source = Source::Ended;
        self.call.end(outcome);
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        loop {
            if let Some(timer) = &mut this.timer {
                ready!(timer.as_mut().poll(cx));
                this.timer = None;
            }
            let steps = match &mut this.source {
                Source::Steps(steps) => steps,
                Source::Full(bytes) => {
                    let bytes = std::mem::take(bytes);
                    this.finish(Outcome::Answered);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Source::Ended => return Poll::Ready(None),
            };
            match steps.next() {
                Some(Step::Send(bytes)) => {
                    if steps.peek().is_none() {
                        this.finish(Outcome::Answered);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Wait(time)) => {
                    this.timer = Some(Box::pin(tokio::time::sleep(time)));
                }
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // Nobody wakes this; the server still notices a client that leaves.
                Some(Step::Hang) => {
                    this.source = Source::Steps((Box::new(std::iter::once(Step::Hang)) as Steps).peekable());
                    return Poll::Pending;
                }
                Some(Step::Cut) => {
                    this.finish(Outcome::Failed);
                    return Poll::Ready(Some(Err(Cut::AsAsked)));
                }
                None => {
                    this.finish(Outcome::Answered);
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Steps(_) => SizeHint::default(),
            Source::Ended => SizeHint::with_exact(0),
        }
    }
}
