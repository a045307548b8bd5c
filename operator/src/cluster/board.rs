//! Which statuses are to be written, and when. Pure: the clock is handed in.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use wayleave_api::condition::Status;

use super::status::{patience, says_the_same};
use crate::object::ObjectRef;

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The statuses that are to be written. One line per object, so that an object that cannot be written holds up no other.
#[derive(Debug, Default)]
pub struct Board {
    lines: BTreeMap<ObjectRef, Line>,
}

#[derive(Debug, Default)]
struct Line {
    wanted: Option<Wanted>,
    writing: Option<Status>,
    failures: u32,
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct Wanted {
    status: Status,
    since: Instant,
    due: Instant,
}

impl Board {
    /// `status` is what should be said of an object of which `current` is said now. What is being written counts as
    /// said: if that fails, it is wanted again.
    pub fn want(&mut self, object: &ObjectRef, current: Option<&Status>, status: Status, now: Instant) {
        let writing = self.lines.get(object).and_then(|line| line.writing.clone());
        let current = writing.as_ref().or(current);
        if current.is_some_and(|current| says_the_same(current, &status)) {
            if let Some(line) = self.lines.get_mut(object) {
                line.wanted = None;
            }
            self.tidy(object);
            return;
        }
        let line = self.lines.entry(object.clone()).or_default();
        let same_state = |wanted: &&Wanted| patience(Some(&wanted.status), &status) > Duration::ZERO;
        let since = (line.wanted.as_ref())
            .filter(same_state)
            .map_or(now, |wanted| wanted.since);
        let due = since + patience(current, &status);
        line.wanted = Some(Wanted { status, since, due });
    }

    /// The object is gone.
    pub fn retain(&mut self, is_there: impl Fn(&ObjectRef) -> bool) {
        self.lines.retain(|object, _| is_there(object));
    }

    /// Nothing is to be written any more.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// What is to be written now, at most so many. Each has to be followed by [`Board::done`] or [`Board::failed`].
    pub fn due(&mut self, now: Instant, most: usize) -> Vec<(ObjectRef, Status)> {
        let lines = self.lines.iter_mut();
        let due = lines.filter(|(_, line)| line.at().is_some_and(|at| at <= now));
        due.take(most)
            .filter_map(|(object, line)| {
                line.writing = Some(line.wanted.take()?.status);
                Some((object.clone(), line.writing.clone()?))
            })
            .collect()
    }

    /// When something is to be written next.
    pub fn next(&self) -> Option<Instant> {
        self.lines.values().filter_map(Line::at).min()
    }

    /// How many are being written.
    pub fn writing(&self) -> usize {
        self.lines.values().filter(|line| line.writing.is_some()).count()
    }

    /// It was written.
    pub fn done(&mut self, object: &ObjectRef) {
        if let Some(line) = self.lines.get_mut(object) {
            line.writing = None;
            line.failures = 0;
            line.not_before = None;
        }
        self.tidy(object);
    }

    /// It was not: it waits the longer, the more often that happens, and is then to be wanted anew. `jitter` is from 0
    /// to 1.
    pub fn failed(&mut self, object: &ObjectRef, status: Status, now: Instant, jitter: f64) {
        let Some(line) = self.lines.get_mut(object) else {
            return;
        };
        line.writing = None;
        let longest = FIRST_BACKOFF
            .saturating_mul(1 << line.failures.min(16))
            .min(LONGEST_BACKOFF);
        line.failures = line.failures.saturating_add(1);
        line.not_before = Some(now + longest.mul_f64(0.5 + jitter / 2.0));
        line.wanted.get_or_insert(Wanted {
            status,
            since: now,
            due: now,
        });
    }

    fn tidy(&mut self, object: &ObjectRef) {
        let idle = |line: &Line| line.wanted.is_none() && line.writing.is_none() && line.failures == 0;
        if self.lines.get(object).is_some_and(idle) {
            self.lines.remove(object);
        }
    }
}

impl Line {
    /// When it is to be written; `None`: not, or not now.
    fn at(&self) -> Option<Instant> {
        let due = self.wanted.as_ref().filter(|_| self.writing.is_none())?.due;
        Some(self.not_before.map_or(due, |not_before| not_before.max(due)))
    }
}

#[cfg(test)]
mod tests;
