//! A stand-in for the engine, told by each request's headers what to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::mpsc;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::usage::Usage;
use wayleave_engine::call::{Answer, Body, Call, Piece, Summary};
use wayleave_ext_proc::Backend;

/// What the fake has seen.
#[derive(Debug)]
pub(crate) enum Seen {
    /// A call.
    Call(Call),
    /// The future of a call that was to hang was dropped.
    WaitDropped,
    /// The pieces of an answer were dropped before their end.
    PiecesDropped,
}

/// The fake. The header `x-do` says what it does:
///
/// | value | |
/// | --- | --- |
/// | none | answers `{}` |
/// | `echo` | answers with the request's body |
/// | `whole N` | answers with N bytes |
/// | `stream N PAUSE` | N pieces `data: I`, PAUSE ms apart |
/// | `endless` | pieces of 16 KiB as fast as they are read |
/// | `cut` | a piece, then the channel closes without an end |
/// | `hang` | never answers |
/// | `hang-mid` | a piece, then nothing |
/// | `panic` | panics |
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    seen: mpsc::UnboundedSender<Seen>,
    streamed: Arc<AtomicU64>,
}

/// How soon the fake has to notice what its adaptor lets go. Meant is 100 ms; a loaded machine may take longer.
const NOTICE: Duration = Duration::from_millis(500);

/// What the fake sees, in order.
#[derive(Debug)]
pub(crate) struct Events(pub(crate) mpsc::UnboundedReceiver<Seen>);

impl Events {
    /// The next call.
    pub(crate) async fn call(&mut self) -> Call {
        match tokio::time::timeout(Duration::from_secs(10), self.0.recv()).await {
            Ok(Some(Seen::Call(call))) => call,
            other => panic!("not a call: {other:?}"),
        }
    }

    /// The call let go, with the time that it took.
    pub(crate) async fn dropped(&mut self) -> Seen {
        let seen = tokio::time::timeout(NOTICE, self.0.recv()).await;
        seen.expect("the call is not let go in time")
            .expect("the fake lives")
    }

    /// Whether nothing more was seen.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

impl Fake {
    /// A fake, and what it sees.
    pub(crate) fn new() -> (Self, Events) {
        let (seen, events) = mpsc::unbounded_channel();
        (
            Self {
                seen,
                streamed: Arc::default(),
            },
            Events(events),
        )
    }

    /// How many bytes of streams the adaptor has taken.
    pub(crate) fn streamed(&self) -> u64 {
        self.streamed.load(Ordering::Relaxed)
    }

    fn tell(&self, seen: Seen) {
        let _ = self.seen.send(seen);
    }
}

impl Backend for Fake {
    async fn run(&self, call: Call) -> Answer {
        let order = call
            .headers
            .get("x-do")
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default();
        let mut words = order.split(' ');
        let word = words.next().unwrap_or_default();
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        let body = call.body.clone();
        self.tell(Seen::Call(call));
        match word {
            "" => whole(Bytes::from_static(b"{}")),
            "echo" => whole(body),
            "whole" => whole(Bytes::from(vec![b'x'; usize::try_from(number()).unwrap()])),
            "stream" => {
                let (count, pause) = (number(), Duration::from_millis(number()));
                self.stream(move |index| {
                    (index < count).then(|| (Bytes::from(format!("data: {index}\n\n")), pause))
                })
            }
            "endless" => self.stream(|_| Some((Bytes::from_static(&[b'x'; 16 << 10]), Duration::ZERO))),
            "cut" => {
                let (pieces, receiver) = mpsc::channel(4);
                pieces
                    .send(Piece::Bytes(Bytes::from_static(b"data: 0\n\n")))
                    .await
                    .unwrap();
                event_stream(receiver)
            }
            "hang" => {
                let _guard = Guard(self.clone());
                std::future::pending().await
            }
            "hang-mid" => {
                let (pieces, receiver) = mpsc::channel(4);
                pieces
                    .send(Piece::Bytes(Bytes::from_static(b"data: 0\n\n")))
                    .await
                    .unwrap();
                let fake = self.clone();
                tokio::spawn(async move {
                    pieces.closed().await;
                    fake.tell(Seen::PiecesDropped);
                });
                event_stream(receiver)
            }
            "panic" => panic!("as ordered"),
            other => panic!("no such order: {other}"),
        }
    }
}

impl Fake {
    fn stream(&self, piece: impl Fn(u64) -> Option<(Bytes, Duration)> + Send + 'static) -> Answer {
        let (pieces, receiver) = mpsc::channel(16);
        let fake = self.clone();
        tokio::spawn(async move {
            for index in 0.. {
                let Some((bytes, pause)) = piece(index) else { break };
                let length = bytes.len() as u64;
                if pieces.send(Piece::Bytes(bytes)).await.is_err() {
                    return fake.tell(Seen::PiecesDropped);
                }
                fake.streamed.fetch_add(length, Ordering::Relaxed);
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            }
            let _ = pieces.send(Piece::End(Box::new(summary()))).await;
        });
        event_stream(receiver)
    }
}

struct Guard(Fake);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.tell(Seen::WaitDropped);
    }
}

/// What every good call comes to.
pub(crate) fn summary() -> Summary {
    Summary {
        call: "call-1".into(),
        route: "team/chat".into(),
        provider: Some("team/openai".to_owned()),
        model: Some("gpt-4.1-mini".to_owned()),
        class: Class::Ok,
        attempts: 2,
        usage: Usage {
            input: 7,
            cache_read: 3,
            output: 5,
            ..Usage::default()
        },
        cost: Some(Ticks::new(12_500_000)),
        cache: None,
    }
}

fn whole(bytes: Bytes) -> Answer {
    answer("application/json", Body::Whole(bytes, Some(Box::new(summary()))))
}

fn event_stream(pieces: mpsc::Receiver<Piece>) -> Answer {
    answer("text/event-stream", Body::Stream(pieces))
}

fn answer(content_type: &'static str, body: Body) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        HeaderName::from_static("x-wayleave-call-id"),
        HeaderValue::from_static("call-1"),
    );
    Answer {
        status: StatusCode::OK,
        headers,
        body,
    }
}
