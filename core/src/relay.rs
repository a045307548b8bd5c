//! Carries one attempt's answer from the provider's bytes to the client's.
//!
//! Where both sides speak the same format in the same framing, the bytes pass as they are, frame by frame, and are only
//! read along the way. Otherwise they become events, and the events the client's bytes.

mod body;
mod outgoing;
mod shape;
mod source;
mod tally;

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;

use crate::client_error::{ClientError, in_band, malformed};
use crate::event::{Event, Fault};
use crate::format::Framing;
use crate::format::reading::{Notes, Read};
use crate::format::sse::Piece;
use crate::format::writing::{Bill, Setting, Write};
use crate::format::{reader, writer};

use outgoing::Outgoing;
use source::Source;
use tally::Observer;

pub use shape::{ClientShape, Keep, ProviderShape, RelayOptions, TotalCost};
pub use tally::Tally;

/// Carries one attempt's answer. Bytes go in as they come, cut anywhere; bytes for the client come out at frame ends.
#[derive(Debug)]
pub struct Relay {
    client: ClientShape,
    source: Source,
    reader: Box<dyn Read>,
    way: Way,
    observer: Observer,
    /// Nothing more is taken: the provider does not speak its format.
    broken: bool,
    /// The client has got the provider's own error event.
    told: bool,
    /// The client has got anything.
    begun: bool,
}

/// How the client's bytes come about.
#[derive(Debug)]
enum Way {
    /// As they came.
    Pass,
    /// Through events.
    Translate(Box<dyn Write>),
}

impl Relay {
    /// Sets up the way between two shapes.
    pub fn new(options: RelayOptions<'_>) -> Self {
        let RelayOptions { client, provider, .. } = options;
        let setting = Setting {
            model: options.model.to_owned(),
            created: options.created,
            include_usage: client.include_usage,
        };
        // What can only pass does; what can only be translated is.
        let same = client.format == provider.format && client.framing == provider.framing;
        let writer = if same {
            None
        } else {
            writer(client.format, client.framing, setting)
        };
        Self {
            client,
            source: Source::new(provider.framing),
            reader: reader(provider),
            way: writer.map_or(Way::Pass, Way::Translate),
            observer: Observer::new(options.keep),
            broken: false,
            told: false,
            begun: false,
        }
    }

    /// Takes the next bytes of the provider and gives those for the client, possibly none. Never fails: what is not
    /// in the provider's format shows in the tally as a fault of class `Malformed`.
    pub fn push(&mut self, chunk: Bytes, cost: TotalCost<'_>) -> Bytes {
        if self.broken {
            return Bytes::new();
        }
        if let Source::Whole(body) = &mut self.source {
            if body.push(chunk).is_err() {
                self.break_off("the provider's answer is longer than the gateway takes");
            }
            return Bytes::new();
        }
        let mut out = Outgoing::new(chunk.clone());
        let mut at = 0;
        while !self.broken
            && let Some(piece) = self.split(&chunk, &mut at)
        {
            match piece {
                Piece::InChunk(range) => {
                    if let Some(frame) = chunk.get(range.clone()) {
                        self.frame(frame, cost, &mut out, |out| out.keep(range));
                    }
                }
                Piece::Joined(frame) => self.frame(&frame, cost, &mut out, |out| out.write(&frame)),
            }
        }
        self.sent(out.finish())
    }

    /// The provider's body ended: gives the rest for the client. A stream that ended without saying so leaves
    /// `tally().ended` false, and the rest holds no terminal event.
    pub fn finish(&mut self, cost: TotalCost<'_>) -> Bytes {
        if self.broken {
            return Bytes::new();
        }
        let last = if let Source::Whole(body) = &mut self.source {
            let body = body.take();
            self.finish_whole(body, cost)
        } else {
            let rest = self.source.finish();
            self.finish_stream(rest, cost)
        };
        self.sent(last)
    }

    /// What the answer has said so far.
    pub fn tally(&self) -> &Tally {
        &self.observer.tally
    }

    /// The event that tells a streaming client that the answer broke; empty for a client that does not stream, and for
    /// one that has got the provider's own error event.
    pub fn cut(&self, fault: &Fault) -> Bytes {
        if self.client.framing == Framing::Whole || self.told {
            return Bytes::new();
        }
        let error = ClientError {
            status: StatusCode::from_u16(fault.status).unwrap_or(StatusCode::BAD_GATEWAY),
            code: fault.code.clone(),
            message: fault.message.clone(),
            param: None,
            attempts: Vec::new(),
        };
        error.event(self.client.format, self.client.framing, self.begun)
    }

    fn sent(&mut self, bytes: Bytes) -> Bytes {
        self.begun |= !bytes.is_empty();
        bytes
    }

    fn split(&mut self, chunk: &Bytes, at: &mut usize) -> Option<Piece> {
        match self.source.next(chunk, at) {
            Ok(piece) => piece,
            Err(error) => {
                self.break_off(&error.to_string());
                None
            }
        }
    }

    fn break_off(&mut self, message: &str) {
        self.broken = true;
        self.observer.fault(malformed(message));
    }

    /// Reads a frame, and writes it, or has it passed by `keep`.
    fn frame(
        &mut self,
        frame: &[u8],
        cost: TotalCost<'_>,
        out: &mut Outgoing,
        keep: impl FnOnce(&mut Outgoing),
    ) {
        let message = self.source.message(frame);
        if message.broken {
            return self.break_off("the provider's stream is broken: a message has a wrong check sum");
        }
        let data = &*message.data;
        let notes = if data.is_empty() {
            Notes::default()
        } else {
            self.read(&message.name, data, cost, out)
        };
        if matches!(self.way, Way::Translate(_)) {
            return;
        }
        self.told |= notes.error;
        if notes.usage_only && !self.client.include_usage {
            return;
        }
        let place = notes.cost.filter(|_| matches!(message.data, Cow::Borrowed(_)));
        let total = place.and_then(|_| self.observer.tally.total(cost));
        match place.zip(total) {
            Some((place, total)) => {
                let at = data.as_ptr().addr() - frame.as_ptr().addr() + place.at;
                let (before, after) = frame.split_at(at.min(frame.len()));
                out.write(before);
                out.write(place.member(total).as_bytes());
                out.write(after);
            }
            None => keep(out),
        }
    }

    /// Reads the data of a frame.
    fn read(&mut self, name: &[u8], data: &[u8], cost: TotalCost<'_>, out: &mut Outgoing) -> Notes {
        if data.trim_ascii() == b"[DONE]" {
            self.events(cost, out, |reader, sink| reader.end(sink));
            return Notes::default();
        }
        if name != b"ping" {
            self.observer.tally.events += 1;
        }
        let notes = self.events(cost, out, |reader, sink| reader.read(name, data, sink));
        if name == b"error" {
            self.observer.fault(in_band(data));
        }
        notes.unwrap_or_else(|_| {
            self.observer.fault(malformed(
                "the provider sent an event that is not in its own format",
            ));
            Notes::default()
        })
    }

    fn finish_whole(&mut self, body: Bytes, cost: TotalCost<'_>) -> Bytes {
        self.observer.tally.events += 1;
        let mut out = Outgoing::new(Bytes::new());
        if self
            .events(cost, &mut out, |reader, sink| reader.read_whole(&body, sink))
            .is_err()
        {
            self.observer
                .fault(malformed("the provider's answer is not in its own format"));
        }
        match self.way {
            Way::Pass => body,
            Way::Translate(_) => out.finish(),
        }
    }

    fn finish_stream(&mut self, rest: Option<Bytes>, cost: TotalCost<'_>) -> Bytes {
        let mut out = Outgoing::new(Bytes::new());
        // What does not parse is a frame that was cut off: it is no fault of its own, and the client is spared it.
        let rest = rest.filter(|rest| self.observer.tally.ended || self.source.is_whole(rest));
        if let Some(frame) = &rest {
            self.frame(frame, cost, &mut out, |out| out.write(frame));
        }
        if self.observer.tally.fault.is_none() && self.reader.complete() {
            self.events(cost, &mut out, |reader, sink| reader.end(sink));
        }
        let tally = &self.observer.tally;
        let open = self.client.framing == Framing::Sse && !tally.ended;
        if rest.is_some() && open && matches!(self.way, Way::Pass) {
            // Another event may follow.
            out.write(b"\n\n");
        }
        if tally.events == 0 && self.source.is_foreign() {
            self.observer
                .fault(malformed("the provider's stream is no event stream"));
        }
        out.finish()
    }

    /// Lets the reader tell its events to the tally and to the writer. After the end nothing more is written, nor after a
    /// fault: how the client learns of it is decided by who runs the call.
    fn events<T>(
        &mut self,
        cost: TotalCost<'_>,
        out: &mut Outgoing,
        read: impl FnOnce(&mut dyn Read, &mut dyn FnMut(Event<'_>)) -> T,
    ) -> T {
        let Self {
            reader,
            observer,
            way,
            ..
        } = self;
        read(reader.as_mut(), &mut |event: Event<'_>| {
            let ended = observer.tally.ended;
            observer.observe(&event);
            let Way::Translate(writer) = way else { return };
            if ended || observer.tally.fault.is_some() {
                return;
            }
            if matches!(event, Event::End) {
                let bill = Bill {
                    report: observer.tally.report,
                    cost: observer.tally.total(cost),
                };
                writer.end(bill, out.buffer());
            } else if let Err(error) = writer.write(&event, out.buffer()) {
                observer.fault(malformed(&error.to_string()));
            }
        })
    }
}

#[cfg(test)]
mod tests;
