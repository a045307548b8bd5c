//! The client of one call, as its executor sees it: where the answer goes, and whether anybody still waits for it.
//!
//! A client that streams is kept awake while a provider thinks: proxies on its way cut connections on which nothing
//! comes for a minute. Its answer then begins with comments before it is known who serves it, so what fails after that is
//! told inside the stream.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use wayleave_core::format::Framing;

use crate::cache::keeper::Keeper;
use crate::call::{Answer, Body, Piece};
use crate::context::CallContext;
use crate::deliver;

/// Pieces between the executor and the adaptor. Few: a client that stops reading is to stop the provider.
const PIECES: usize = 16;

/// The client of one call.
#[derive(Debug)]
pub(crate) struct Client {
    call: Arc<CallContext>,
    way: Way,
    /// When it is to hear something; `None`: it waits without.
    beat: Option<Instant>,
    /// Equal calls that wait for the same answer.
    followers: Option<watch::Receiver<usize>>,
}

/// How far its answer is.
#[derive(Debug)]
enum Way {
    /// Nothing is sent.
    Waiting(oneshot::Sender<Answer>),
    /// The stream has begun.
    Open(mpsc::Sender<Piece>),
    /// It left before anything was sent.
    Left,
}

/// The client has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Client {
    pub(crate) fn new(call: &Arc<CallContext>, answer: oneshot::Sender<Answer>) -> Self {
        Self {
            call: Arc::clone(call),
            way: Way::Waiting(answer),
            beat: next_beat(call),
            followers: None,
        }
    }

    /// From now on others may wait for the same answer.
    pub(crate) fn share(&mut self, keeper: Option<&Keeper>) {
        self.followers = keeper.and_then(Keeper::followers);
    }

    /// Waits until the client leaves and nobody else waits for its answer, and keeps it awake meanwhile. May be dropped at
    /// any time.
    pub(crate) async fn left(&mut self) {
        loop {
            let beat = self.beat.unwrap_or_else(Instant::now);
            tokio::select! {
                () = closed(&mut self.way) => break,
                () = tokio::time::sleep_until(beat), if self.beat.is_some() => self.say_something(),
            }
        }
        if let Some(followers) = &mut self.followers {
            // The leader of the answer holds the other end.
            let _ = followers.wait_for(|followers| *followers == 0).await;
        }
    }

    /// Whether the client has left.
    pub(crate) fn is_gone(&self) -> bool {
        match &self.way {
            Way::Waiting(answer) => answer.is_closed(),
            Way::Open(pieces) => pieces.is_closed(),
            Way::Left => true,
        }
    }

    /// Whether its stream has begun.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.way, Way::Open(_))
    }

    /// Sends an answer that is there as a whole, once its records are written. One whose stream has begun gets its body
    /// as a piece.
    pub(crate) async fn send(self, answer: Answer) {
        self.call.written().await;
        match (self.way, answer.body) {
            (Way::Waiting(waiting), body) => {
                // One that left in this moment was still billed for: nothing is to be taken back.
                let _ = waiting.send(Answer { body, ..answer });
            }
            (Way::Open(pieces), Body::Whole(bytes, summary)) => {
                let last = async {
                    let _ = pieces.send(Piece::Bytes(bytes)).await;
                    if let Some(summary) = summary {
                        let _ = pieces.send(Piece::End(summary)).await;
                    }
                };
                let _ = tokio::time::timeout(deliver::LAST_PIECES, last).await;
            }
            (Way::Open(_), Body::Stream(_)) | (Way::Left, _) => {}
        }
    }

    /// Begins a stream with this head, unless it has begun, and gives the way to its pieces.
    pub(crate) fn open(self, head: HeaderMap) -> Result<mpsc::Sender<Piece>, Gone> {
        match self.way {
            Way::Waiting(answer) => begin(answer, head),
            Way::Open(pieces) => Ok(pieces),
            Way::Left => Err(Gone),
        }
    }

    fn say_something(&mut self) {
        self.beat = next_beat(&self.call);
        let framing = self.call.intake.framing;
        self.way = match std::mem::replace(&mut self.way, Way::Left) {
            Way::Waiting(answer) => {
                let mut head = HeaderMap::new();
                deliver::identify(&self.call, None, &mut head);
                stream_head(framing, &mut head);
                begin(answer, head).map_or(Way::Left, Way::Open)
            }
            begun @ (Way::Open(_) | Way::Left) => begun,
        };
        if let Way::Open(pieces) = &self.way {
            // Whoever does not read need not be woken.
            let _ = pieces.try_send(Piece::Bytes(keep_alive(framing)));
        }
    }
}

/// What says nothing in a stream.
pub(crate) fn keep_alive(framing: Framing) -> Bytes {
    Bytes::from_static(match framing {
        Framing::Sse => b": keep-alive\n\n",
        Framing::JsonArray => b"\n",
        Framing::EventStream | Framing::Whole => b"",
    })
}

/// The headers of a stream.
pub(crate) fn stream_head(framing: Framing, head: &mut HeaderMap) {
    head.insert(CONTENT_TYPE, HeaderValue::from_static(framing.media_type()));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

fn begin(answer: oneshot::Sender<Answer>, headers: HeaderMap) -> Result<mpsc::Sender<Piece>, Gone> {
    let (pieces, body) = mpsc::channel(PIECES);
    let sent = answer.send(Answer {
        status: StatusCode::OK,
        headers,
        body: Body::Stream(body),
    });
    sent.map(|()| pieces).map_err(|_| Gone)
}

fn next_beat(call: &CallContext) -> Option<Instant> {
    let pause = call.core.options.keep_alive;
    (call.intake.stream() && !pause.is_zero()).then(|| Instant::now() + pause)
}

async fn closed(way: &mut Way) {
    match way {
        Way::Waiting(answer) => answer.closed().await,
        Way::Open(pieces) => pieces.closed().await,
        Way::Left => {}
    }
}
