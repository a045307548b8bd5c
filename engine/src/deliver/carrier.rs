//! Carries a stream from its provider to its client.
//!
//! A client that does not read stops its provider, unless equal calls wait for the same answer: then what it has not taken
//! is held for it.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;
use wayleave_core::outcome::{Class, Outcome};

use crate::attempt::{Attempt, Next};
use crate::cache::keeper::Keeper;
use crate::call::Piece;
use crate::client::keep_alive;
use crate::engine::Flight;

/// How a stream ended, and what is still to be sent.
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    /// The client is not there to get it.
    pub(super) client_left: bool,
    pub(super) rest: Bytes,
}

/// Carries one stream.
pub(super) struct Carrier<'a> {
    /// `None`: the client has left.
    client: Option<&'a mpsc::Sender<Piece>>,
    flight: &'a mut Flight,
    /// What the client has not taken.
    backlog: VecDeque<Bytes>,
}

/// What happens next.
enum Turn {
    /// The provider sent something, or nothing for a while.
    Provider(Next),
    /// The client took what it was offered.
    Taken,
    /// The client left.
    Left,
    /// The client takes nothing, and the call's time is over.
    Unread,
    /// Nobody waits for the answer any more.
    Deserted,
}

impl<'a> Carrier<'a> {
    pub(super) fn new(client: Option<&'a mpsc::Sender<Piece>>, flight: &'a mut Flight) -> Self {
        Self {
            client,
            flight,
            backlog: VecDeque::new(),
        }
    }

    /// Carries until the stream ends, breaks, or nobody wants it any more.
    pub(super) async fn carry(mut self, attempt: &mut Attempt, mut keeper: Option<&mut Keeper>) -> Ending {
        let mut bytes = attempt.take_held();
        loop {
            if let Some(keeper) = &mut keeper {
                keeper.take(attempt);
            }
            if attempt.complete() {
                return self.end(Ending::of_body(attempt, bytes));
            }
            if !bytes.is_empty() && !self.offer(bytes) {
                let message = "all answers in flight exceed the gateway's memory (--max-inflight-bytes)";
                let outcome = attempt.outcome(Class::Cut, message.to_owned());
                return self.end(Ending::broken(attempt, outcome));
            }
            bytes = match self.turn(attempt, keeper.as_deref()).await {
                Turn::Provider(Next::Bytes(bytes) | Next::End(bytes)) => bytes,
                Turn::Provider(Next::Broken(outcome)) => return self.end(Ending::broken(attempt, outcome)),
                Turn::Taken => Bytes::new(),
                Turn::Left => {
                    self.client = None;
                    self.backlog.clear();
                    Bytes::new()
                }
                Turn::Unread => return self.end(Ending::unread(attempt)),
                Turn::Deserted => return self.end(Ending::left(attempt)),
            };
        }
    }

    /// Puts bytes where the client takes them from. `false`: there is no room for more.
    fn offer(&mut self, bytes: Bytes) -> bool {
        let room = self.flight.carry(bytes.len());
        if self.client.is_some() {
            self.backlog.push_back(bytes);
        }
        room
    }

    async fn turn(&mut self, attempt: &mut Attempt, keeper: Option<&Keeper>) -> Turn {
        let shared = keeper.is_some_and(Keeper::is_followed);
        let Some(client) = self.client else {
            if !shared {
                return Turn::Deserted;
            }
            let followers = keeper.and_then(Keeper::followers);
            let deserted = async {
                if let Some(mut followers) = followers {
                    let _ = followers.wait_for(|followers| *followers == 0).await;
                }
            };
            return tokio::select! {
                next = attempt.next() => Turn::Provider(next),
                () = deserted => Turn::Deserted,
            };
        };
        let (deadline, pause) = (attempt.call.deadline, attempt.call.core.options.keep_alive);
        let idle = self.backlog.is_empty();
        let keep_alive = keep_alive(attempt.call.intake.framing);
        tokio::select! {
            biased;
            permit = client.reserve(), if !idle => match permit {
                Ok(permit) => {
                    if let Some(bytes) = self.backlog.pop_front() {
                        permit.send(Piece::Bytes(bytes));
                    }
                    Turn::Taken
                }
                Err(_) => Turn::Left,
            },
            () = client.closed() => Turn::Left,
            // Before `next`: what a client does not take is no silence of the provider's.
            () = tokio::time::sleep_until(deadline), if !idle => Turn::Unread,
            next = attempt.next(), if idle || shared => Turn::Provider(next),
            () = tokio::time::sleep(pause), if idle && !pause.is_zero() => {
                Turn::Provider(Next::Bytes(keep_alive))
            }
        }
    }

    /// What the client has not taken comes before the rest.
    fn end(self, ending: Ending) -> Ending {
        let client_left = ending.client_left || self.client.is_none();
        if self.backlog.is_empty() {
            return Ending {
                client_left,
                ..ending
            };
        }
        let mut rest = BytesMut::new();
        self.backlog
            .iter()
            .for_each(|bytes| rest.extend_from_slice(bytes));
        rest.extend_from_slice(&ending.rest);
        Ending {
            rest: rest.freeze(),
            client_left,
            ..ending
        }
    }
}

impl Ending {
    fn left(attempt: &Attempt) -> Self {
        Self::by_client(attempt, "the client left")
    }

    /// No fault of the provider's: it would have gone on.
    fn unread(attempt: &Attempt) -> Self {
        Self::by_client(attempt, "the client did not read in the call's total time")
    }

    fn by_client(attempt: &Attempt, message: &str) -> Self {
        Self {
            outcome: attempt.outcome(Class::ClientLeft, message.to_owned()),
            client_left: true,
            rest: Bytes::new(),
        }
    }

    /// The provider's body is over: well, or in an error or a break that the client has to be told.
    fn of_body(attempt: &Attempt, mut rest: Bytes) -> Self {
        let tally = attempt.tally();
        let fault = tally.and_then(|tally| tally.fault.clone());
        if fault.is_none() && tally.is_some_and(|tally| tally.ended) {
            return Self {
                outcome: attempt.outcome(Class::Ok, String::new()),
                client_left: false,
                rest,
            };
        }
        let message = fault.map_or_else(
            || "the stream broke off before its end".to_owned(),
            |fault| fault.message,
        );
        let outcome = attempt.outcome(Class::Cut, message);
        let told = attempt.cut(&attempt.fault(&outcome));
        if !told.is_empty() {
            rest = [rest, told].concat().into();
        }
        Self {
            outcome,
            client_left: false,
            rest,
        }
    }

    fn broken(attempt: &Attempt, outcome: Outcome) -> Self {
        let rest = attempt.cut(&attempt.fault(&outcome));
        Self {
            outcome: Outcome {
                class: Class::Cut,
                ..outcome
            },
            client_left: false,
            rest,
        }
    }
}
