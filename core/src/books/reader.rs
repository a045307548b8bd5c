//! Lines to records: what cannot be read is counted, copies are left out.

use serde::Serialize;

use super::line::Line;
use super::seen::Seen;

/// How many unreadable lines are told one by one.
const TOLD: usize = 10;

/// Reads lines of one ledger, from one file or several.
#[derive(Debug, Default)]
pub struct Reader {
    seen: Seen,
    source: String,
    number: u64,
    reading: Reading,
}

/// How the reading went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reading {
    /// Lines with a record in them.
    pub records: u64,
    /// Records that had been there before, which are left out.
    pub copies: u64,
    /// Records of kinds that this version does not know, which are left out.
    pub unknown: u64,
    /// Lines that cannot be read.
    pub unreadable: u64,
    /// The first of those.
    pub first_unreadable: Vec<Unreadable>,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Where it stands: a file's name.
    pub source: String,
    /// Its number there, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Reader {
    /// The next lines are of this source, and are counted from 1.
    pub fn begin(&mut self, source: &str) {
        source.clone_into(&mut self.source);
        self.number = 0;
    }

    /// Reads one line. `None`: there is nothing new in it.
    pub fn read(&mut self, text: &[u8]) -> Option<Line> {
        self.number += 1;
        let text = text.trim_ascii();
        if text.is_empty() {
            return None;
        }
        match Line::parse(text) {
            Ok(line) => self.fresh(line),
            Err(error) => {
                self.refuse(&error.to_string());
                None
            }
        }
    }

    /// Counts a line that was not even read whole.
    pub fn skip(&mut self, reason: &str) {
        self.number += 1;
        self.refuse(reason);
    }

    /// How it went so far.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    fn fresh(&mut self, line: Line) -> Option<Line> {
        let Some(id) = line.id() else {
            self.reading.unknown += 1;
            return None;
        };
        if !self.seen.insert(&id) {
            self.reading.copies += 1;
            return None;
        }
        self.reading.records += 1;
        Some(line)
    }

    fn refuse(&mut self, reason: &str) {
        self.reading.unreadable += 1;
        if self.reading.first_unreadable.len() < TOLD {
            self.reading.first_unreadable.push(Unreadable {
                source: self.source.clone(),
                line: self.number,
                reason: reason.to_owned(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: &str = r#"{"kind":"attempt","call":"a","attempt":1,"started":"2026-11-02T10:00:00Z","cost_ticks":7,"new":{"x":1}}"#;
    const CALL: &str = r#"{"kind":"call","call":"a","started":"2026-11-02T10:00:00Z","status":200}"#;

    #[test]
    fn what_cannot_be_read_takes_nothing_else_down() {
        let mut reader = Reader::default();
        reader.begin("ledger.jsonl");
        let lines: [&[u8]; 8] = [
            ATTEMPT.as_bytes(),
            b"{\"kind\":\"attempt\",\"call\":",
            b"",
            b"\xff\xfe",
            br#"{"kind":"attempt","call":"b"}"#,
            br#"{"kind":"weather","of":"tomorrow"}"#,
            CALL.as_bytes(),
            ATTEMPT.as_bytes(),
        ];
        let read = lines.iter().filter_map(|line| reader.read(line)).count();
        let reading = reader.reading();
        assert_eq!(read, 2);
        assert_eq!(
            (
                reading.records,
                reading.copies,
                reading.unknown,
                reading.unreadable
            ),
            (2, 1, 1, 3)
        );
        let places: Vec<u64> = reading.first_unreadable.iter().map(|bad| bad.line).collect();
        assert_eq!(places, [2, 4, 5]);
        assert!(
            reading.first_unreadable[2].reason.contains("attempt"),
            "{reading:?}"
        );
    }

    #[test]
    fn the_same_attempt_is_known_with_and_without_an_id() {
        let mut reader = Reader::default();
        let with = ATTEMPT.replace("\"call\"", "\"id\":\"a/1\",\"call\"");
        assert!(reader.read(ATTEMPT.as_bytes()).is_some());
        assert!(reader.read(with.as_bytes()).is_none());
    }
}
