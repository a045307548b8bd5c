//! The messages that a gRPC stream sends, made one by one as Envoy takes them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use envoy_types::pb::envoy::service::ext_proc::v3::{ProcessingRequest, ProcessingResponse};
use futures_util::Stream;
use tonic::{Status, Streaming};
use wayleave_engine::call::{Answer, Body, Summary};

use crate::cut::{Answering, Next};
use crate::envoy::convert::Event;
use crate::envoy::reply;
use crate::request::Rejection;

/// The most bytes of a whole body in one message.
const CHUNK: usize = 64 << 10;

/// What a stream still has to say.
#[derive(Debug)]
pub(crate) struct Replies {
    first: Option<ProcessingResponse>,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    /// Nothing.
    Done,
    /// A body that is known, and what the call came to.
    Whole(Bytes, Option<Box<Summary>>),
    /// A body that is still being made.
    Answer(Answering),
    /// The request's own body.
    Echo(Box<Streaming<ProcessingRequest>>),
}

impl Replies {
    /// Those of an answer.
    pub(crate) fn answer(answer: Answer) -> Self {
        let Answer {
            status,
            headers,
            body,
        } = answer;
        match body {
            Body::Whole(bytes, summary) => {
                let first = Some(reply::head(status, &headers, Some(bytes.len())));
                let rest = if bytes.is_empty() {
                    Rest::Done
                } else {
                    Rest::Whole(bytes, summary)
                };
                Self { first, rest }
            }
            Body::Stream(pieces) => Self {
                first: Some(reply::head(status, &headers, None)),
                rest: Rest::Answer(Answering::new(pieces)),
            },
        }
    }

    /// The one that turns a request away before it is whole. A streamed immediate response cannot: Envoy resets a client
    /// that is still sending after its head.
    pub(crate) fn refusal(rejection: Rejection) -> Self {
        let code = rejection.refusal.code();
        Self {
            first: Some(reply::immediate(rejection.into_answer(), code)),
            rest: Rest::Done,
        }
    }

    /// Those that let a request through untouched. `end`: it has no body.
    pub(crate) fn echo(request: Streaming<ProcessingRequest>, end: bool) -> Self {
        let rest = if end {
            Rest::Done
        } else {
            Rest::Echo(Box::new(request))
        };
        Self {
            first: Some(reply::echo_headers()),
            rest,
        }
    }

    fn whole(&mut self, mut bytes: Bytes, summary: Option<Box<Summary>>) -> ProcessingResponse {
        if bytes.len() <= CHUNK {
            return reply::last(bytes.into(), summary.as_deref());
        }
        let chunk = bytes.split_to(CHUNK);
        self.rest = Rest::Whole(bytes, summary);
        reply::body(chunk.into())
    }
}

impl Stream for Replies {
    type Item = Result<ProcessingResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        match std::mem::replace(&mut self.rest, Rest::Done) {
            Rest::Done => Poll::Ready(None),
            Rest::Whole(bytes, summary) => Poll::Ready(Some(Ok(self.whole(bytes, summary)))),
            Rest::Answer(mut answering) => {
                let polled = poll_answer(&mut answering, cx);
                if !matches!(polled, Poll::Ready((_, End::Yes))) {
                    self.rest = Rest::Answer(answering);
                }
                polled.map(|(item, _)| Some(item))
            }
            Rest::Echo(mut request) => {
                let polled = poll_echo(&mut request, cx);
                if !matches!(polled, Poll::Ready((_, End::Yes))) {
                    self.rest = Rest::Echo(request);
                }
                polled.map(|(item, _)| Some(item))
            }
        }
    }
}

/// Whether a message is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Yes,
    No,
}

type Item = (Result<ProcessingResponse, Status>, End);

/// Joins the pieces that are ready into one message: a message costs Envoy far more than its bytes.
fn poll_answer(answering: &mut Answering, cx: &mut Context<'_>) -> Poll<Item> {
    let mut joined = Vec::new();
    while joined.len() < CHUNK {
        match answering.poll_next(cx) {
            Poll::Ready(Next::Bytes(bytes)) if joined.is_empty() => joined = bytes.into(),
            Poll::Ready(Next::Bytes(bytes)) => joined.extend_from_slice(&bytes),
            Poll::Ready(Next::End(summary)) => {
                return Poll::Ready((Ok(reply::last(joined, Some(&summary))), End::Yes));
            }
            Poll::Ready(Next::Cut) => {
                return Poll::Ready((Err(Status::aborted("the answer is cut")), End::Yes));
            }
            Poll::Pending if joined.is_empty() => return Poll::Pending,
            Poll::Pending => break,
        }
    }
    Poll::Ready((Ok(reply::body(joined)), End::No))
}

fn poll_echo(request: &mut Streaming<ProcessingRequest>, cx: &mut Context<'_>) -> Poll<Item> {
    let message = match ready!(Pin::new(request).poll_next(cx)) {
        Some(Ok(message)) => message,
        Some(Err(status)) => return Poll::Ready((Err(status), End::Yes)),
        None => return Poll::Ready((Err(Status::aborted("the request is cut")), End::Yes)),
    };
    Poll::Ready(match Event::try_from(message) {
        Ok(Event::Body { bytes, end }) => (
            Ok(reply::echo_body(bytes.into(), end)),
            if end { End::Yes } else { End::No },
        ),
        Ok(Event::Trailers) => (Ok(reply::echo_trailers()), End::Yes),
        Ok(Event::Head { .. }) => (Err(Status::invalid_argument("headers twice")), End::Yes),
        Err(error) => (Err(Status::invalid_argument(error.to_string())), End::Yes),
    })
}
