//! The body of an answer as hyper wants it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use wayleave_engine::call;

use crate::cut::{Answering, Next};

/// A body.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// All of it; `None` when it is sent.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Stream(Answering),
}

/// The answer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is cut")]
pub(crate) struct Cut;

impl From<call::Body> for ReplyBody {
    fn from(body: call::Body) -> Self {
        match body {
            call::Body::Whole(bytes, _) => Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())),
            call::Body::Stream(pieces) => Self::Stream(Answering::new(pieces)),
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        Poll::Ready(match &mut *self {
            Self::Whole(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Self::Stream(answering) => match ready!(answering.poll_next(cx)) {
                Next::Bytes(bytes) => Some(Ok(Frame::data(bytes))),
                Next::End(_) => None,
                Next::Cut => Some(Err(Cut)),
            },
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
