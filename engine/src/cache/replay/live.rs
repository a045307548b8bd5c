//! An answer that is under way for another call.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wayleave_core::cache::{Consult, Provenance, Status};
use wayleave_core::event::Fault;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::relay::Relay;
use wayleave_core::usage::Report;
use wayleave_core::walk::Role;

use super::paid::Paid;
use super::{fault, head, joined, price, relay, serve};
use crate::cache::enter;
use crate::cache::shared::{End, Follower, Next};
use crate::call::{Answer, Body, Piece};
use crate::client::{Client, keep_alive};
use crate::context::CallContext;
use crate::deliver;
use crate::engine::Flight;

/// How following another call ended.
#[derive(Debug)]
pub(crate) enum Followed {
    /// The call is over.
    Done,
    /// The other one has no answer, and this client has got nothing yet.
    TakeOver(Flight, Client),
}

/// Serves the answer of an equal call that is under way.
pub(crate) async fn follow(
    call: &Arc<CallContext>,
    mut follower: Follower,
    flight: Flight,
    mut client: Client,
) -> Followed {
    let begun = tokio::select! {
        begun = follower.begins() => begun,
        () = client.left() => {
            deliver::left(call);
            return Followed::Done;
        }
        () = tokio::time::sleep_until(call.deadline) => return Followed::TakeOver(flight, client),
    };
    match begun {
        Next::Begins(from) => answer(call, follower, from, flight, client).await,
        Next::End(End::Kept(found)) => {
            let Some(Consult::Ask(ask)) = &call.consult else {
                return Followed::TakeOver(flight, client);
            };
            match enter::found(call, ask, *found) {
                Some(kept) => {
                    serve(call, kept, flight, client).await;
                    Followed::Done
                }
                None => Followed::TakeOver(flight, client),
            }
        }
        Next::Chunk(_) | Next::End(_) => Followed::TakeOver(flight, client),
    }
}

async fn answer(
    call: &Arc<CallContext>,
    follower: Follower,
    from: Arc<Provenance>,
    flight: Flight,
    client: Client,
) -> Followed {
    let Some(shape) = from.shape() else {
        return Followed::TakeOver(flight, client);
    };
    call.set_cache(Status::Coalesced);
    let live = Live {
        relay: relay(call, &from, shape),
        paid: Paid::begin(call, Role::Coalesced),
        call: Arc::clone(call),
        follower,
        from,
        flight,
    };
    if call.intake.stream() {
        live.stream(client).await;
        Followed::Done
    } else {
        live.whole(client).await
    }
}

/// An answer under way.
struct Live {
    call: Arc<CallContext>,
    follower: Follower,
    from: Arc<Provenance>,
    relay: Relay,
    paid: Paid,
    flight: Flight,
}

impl Live {
    /// Waits for all of it.
    async fn whole(mut self, mut client: Client) -> Followed {
        let mut body = BytesMut::new();
        let end = loop {
            let next = tokio::select! {
                next = self.follower.next() => next,
                () = client.left() => {
                    self.paid.end(&self.from, Class::ClientLeft, Some("the client left"));
                    return Followed::Done;
                }
                () = tokio::time::sleep_until(self.call.deadline) => Next::End(End::Failed),
            };
            match next {
                Next::Chunk(chunk) => body.extend_from_slice(&self.relay.push(chunk, &paid(&self.call))),
                Next::Begins(_) => {}
                Next::End(end) => break end,
            }
        };
        let End::Whole(from) = end else {
            self.paid.abandon();
            return Followed::TakeOver(self.flight, client);
        };
        body.extend_from_slice(&self.relay.finish(&paid(&self.call)));
        self.flight.carry(body.len());
        self.call
            .core
            .metrics
            .cache()
            .hit(&self.call.route_label(), Status::Coalesced, from.cost);
        let mut headers = head(&self.call, &from);
        let summary = self.paid.end(&from, Class::Ok, None);
        price(&self.call, &from, &mut headers);
        let answer = Answer {
            status: StatusCode::OK,
            headers,
            body: Body::Whole(body.freeze(), Some(summary)),
        };
        client.send(answer).await;
        Followed::Done
    }

    /// Passes on what comes.
    async fn stream(mut self, client: Client) {
        let headers = head(&self.call, &self.from);
        let Ok(pieces) = client.open(headers) else {
            self.paid
                .end(&self.from, Class::ClientLeft, Some("the client left"));
            return;
        };
        let Ended { class, from, rest } = self.pass_on(&pieces).await;
        if class == Class::Ok {
            self.call
                .core
                .metrics
                .cache()
                .hit(&self.call.route_label(), Status::Coalesced, from.cost);
        }
        let reason = (class != Class::Ok).then_some("the shared answer did not come to its end");
        let summary = self.paid.end(&from, class, reason);
        if class == Class::ClientLeft {
            return;
        }
        self.call.written().await;
        let last = async {
            if !rest.is_empty() {
                let _ = pieces.send(Piece::Bytes(rest)).await;
            }
            let _ = pieces.send(Piece::End(summary)).await;
        };
        let until = self.call.deadline.max(Instant::now() + deliver::LAST_PIECES);
        let _ = tokio::time::timeout_at(until, last).await;
    }

    async fn pass_on(&mut self, pieces: &mpsc::Sender<Piece>) -> Ended {
        let pause = self.call.core.options.keep_alive;
        loop {
            let next = tokio::select! {
                next = self.follower.next() => next,
                () = pieces.closed() => return self.ended(Class::ClientLeft, Bytes::new()),
                () = tokio::time::sleep(pause), if !pause.is_zero() => {
                    // Whoever does not read need not be woken.
                    let _ = pieces.try_send(Piece::Bytes(keep_alive(self.call.intake.framing)));
                    continue;
                }
                () = tokio::time::sleep_until(self.call.deadline) => {
                    return self.cut(Class::Timeout, &fault("the call's total time is over"));
                }
            };
            match next {
                Next::Begins(_) => {}
                Next::Chunk(chunk) => {
                    let bytes = self.relay.push(chunk, &paid(&self.call));
                    if bytes.is_empty() {
                        continue;
                    }
                    if !self.flight.carry(bytes.len()) {
                        let message =
                            "all answers in flight exceed the gateway's memory (--max-inflight-bytes)";
                        return self.cut(Class::Cut, &fault(message));
                    }
                    let sent = pieces.send(Piece::Bytes(bytes));
                    if !matches!(
                        tokio::time::timeout_at(self.call.deadline, sent).await,
                        Ok(Ok(()))
                    ) {
                        return self.ended(Class::ClientLeft, Bytes::new());
                    }
                }
                Next::End(End::Whole(from)) => {
                    let rest = self.relay.finish(&paid(&self.call));
                    return Ended {
                        class: Class::Ok,
                        from,
                        rest,
                    };
                }
                Next::End(End::Cut(fault)) => {
                    let rest = self.relay.finish(&paid(&self.call));
                    let cut = self.cut(Class::Cut, &fault);
                    return Ended {
                        rest: joined(rest, cut.rest),
                        ..cut
                    };
                }
                Next::End(End::Failed | End::Kept(_)) => {
                    let message = "the call that this answer was shared with ended before it was whole";
                    return self.cut(Class::Cut, &fault(message));
                }
            }
        }
    }

    fn cut(&self, class: Class, fault: &Fault) -> Ended {
        self.ended(class, self.relay.cut(fault))
    }

    fn ended(&self, class: Class, rest: Bytes) -> Ended {
        Ended {
            class,
            from: Arc::clone(&self.from),
            rest,
        }
    }
}

/// How a shared stream ended, and what is still to be sent.
struct Ended {
    class: Class,
    from: Arc<Provenance>,
    rest: Bytes,
}

/// What the call has cost so far: the shared answer costs nothing.
fn paid(call: &CallContext) -> impl Fn(&Report, Option<&str>) -> Option<Ticks> {
    |_, _| call.settled_cost()
}
