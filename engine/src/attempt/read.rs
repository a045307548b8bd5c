//! Reading an answer, piece by piece, by the clocks of its rule.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::time::Instant;
use wayleave_core::format::Framing;
use wayleave_core::outcome::{Class, Outcome};
use wayleave_core::relay::{Relay, TotalCost};

use super::Attempt;
use crate::upstream::describe;

/// What is ready is sent on together up to here.
const COALESCE_BYTES: usize = 32 << 10;

/// How long the end of a body may come after the event that says so.
const LINGER: Duration = Duration::from_millis(20);

impl Attempt {
    /// One more piece, or the time to judge again.
    pub(super) async fn read_more(&mut self, recheck: Option<Duration>) -> Result<(), Outcome> {
        let clock = self.clock();
        let until = recheck.map_or(clock, |wait| clock.min(Instant::now() + wait));
        match tokio::time::timeout_at(until, self.read()).await {
            Ok(result) => result,
            Err(_) if until < clock => Ok(()),
            Err(_) => Err(self.late()),
        }
    }

    /// Which clock strikes next.
    pub(super) fn clock(&self) -> Instant {
        let timeouts = &self.call.routed.rule.timeouts;
        let patience = if self.call.intake.stream() {
            timeouts.first_content
        } else {
            timeouts.first_content_unstreamed()
        };
        let next = match self.first_content {
            Some(_) => self.last_piece + timeouts.idle,
            // The content of a whole body shows at its end, but the body may stop coming before.
            None if self.received > 0 && self.is_whole() => {
                (self.started + patience).min(self.last_piece + timeouts.idle)
            }
            None => self.started + patience,
        };
        next.min(self.call.deadline)
    }

    fn is_whole(&self) -> bool {
        self.framing == Some(Framing::Whole)
    }

    pub(super) fn late(&self) -> Outcome {
        let idle = self.last_piece.elapsed() >= self.call.routed.rule.timeouts.idle;
        let what = if self.call.left().is_zero() {
            "the call's total time is over"
        } else if self.first_content.is_some() || self.is_whole() && idle {
            "the answer stopped coming (timeouts.idle)"
        } else if self.head.is_some() {
            "no content in time (timeouts.firstContent)"
        } else {
            "no answer in time (timeouts.firstContent)"
        };
        self.outcome(Class::Timeout, what.to_owned())
    }

    pub(super) async fn read(&mut self) -> Result<(), Outcome> {
        let Some(response) = &mut self.response else {
            return Ok(());
        };
        match response.chunk().await {
            Ok(Some(chunk)) => self.take(chunk),
            Ok(None) => {
                self.finish();
                Ok(())
            }
            Err(error) => {
                let message = format!("the answer broke off: {}", describe(&error));
                Err(self.outcome(Class::Network, message))
            }
        }
    }

    /// All is said, and the end of the body is due: with it the connection can be used again, and the client's last
    /// piece comes after the books are closed.
    pub(super) async fn linger(&mut self) {
        let read_out = async {
            while !self.complete {
                if self.read().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, read_out).await;
        if !self.complete {
            self.finish();
        }
    }

    /// Takes what else has come. A connection hands its pieces over one by one, from a task of its own: that one is
    /// given its turn before the burst counts as over.
    pub(super) async fn read_what_is_ready(&mut self) {
        let mut gave_turn = false;
        while !self.complete && self.held.len() < COALESCE_BYTES {
            let Some(response) = &mut self.response else {
                return;
            };
            match response.chunk().now_or_never() {
                Some(Ok(Some(chunk))) => {
                    gave_turn = false;
                    if self.take(chunk).is_err() {
                        return;
                    }
                }
                Some(Ok(None)) => self.finish(),
                None if !gave_turn => {
                    gave_turn = true;
                    tokio::task::yield_now().await;
                }
                // An error shows again at the next read.
                Some(Err(_)) | None => return,
            }
        }
    }

    pub(super) fn take(&mut self, chunk: Bytes) -> Result<(), Outcome> {
        self.last_piece = Instant::now();
        self.received += chunk.len();
        let most = self.call.core.options.max_answer_bytes;
        if self.received > most {
            let message = format!("the answer exceeds {most} bytes (--max-answer-bytes)");
            return Err(self.outcome(Class::Malformed, message));
        }
        if let Some(recorded) = &mut self.recorded {
            recorded.push(chunk.clone());
        }
        self.relay_with(|relay, cost| relay.push(chunk, cost));
        Ok(())
    }

    pub(super) fn finish(&mut self) {
        self.complete = true;
        self.response = None;
        self.relay_with(Relay::finish);
    }

    fn relay_with(&mut self, step: impl FnOnce(&mut Relay, TotalCost<'_>) -> Bytes) {
        let Some(mut relay) = self.relay.take() else {
            return;
        };
        let bytes = step(&mut relay, &|report, served| self.total_with(report, served));
        if self.first_content.is_none() && relay.tally().content {
            self.first_content = Some(Instant::now());
        }
        self.relay = Some(relay);
        if self.held.is_empty() && !bytes.is_empty() {
            // Nothing is held: no need to copy what is alone.
            self.held = BytesMut::from(bytes);
        } else {
            self.held.extend_from_slice(&bytes);
        }
    }
}
