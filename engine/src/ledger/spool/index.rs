//! Which records lie in which segments. A segment is a file that is named after the number of its first record.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::frame;

const ENDING: &str = "segment";

/// What lies in a folder.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The oldest first. Only the last one grows.
    segments: VecDeque<Segment>,
    /// The number of the next record.
    next: u64,
}

/// A file of records, whose numbers follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Segment {
    /// The number after its last record.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.records)
    }

    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{:020}.{ENDING}", self.first))
    }
}

impl Index {
    /// Reads what lies in a folder after whatever happened: the half record at the end of a segment is cut off. Second:
    /// how many records were damaged and are lost.
    pub(super) fn recover(folder: &Path) -> io::Result<(Self, u64)> {
        let mut firsts = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str());
            if path.extension().is_some_and(|ending| ending == ENDING)
                && let Some(Ok(first)) = name.map(str::parse::<u64>)
            {
                firsts.push(first);
            }
        }
        firsts.sort_unstable();
        let mut index = Self {
            segments: VecDeque::new(),
            next: 1,
        };
        let mut lost: u64 = 0;
        for first in firsts {
            if !index.segments.is_empty() {
                lost = lost.saturating_add(first.saturating_sub(index.next));
            }
            let segment = recover_segment(folder, first)?;
            index.next = index.next.max(segment.end());
            if segment.records == 0 {
                fs::remove_file(segment.path(folder))?;
            } else {
                index.segments.push_back(segment);
            }
        }
        Ok((index, lost))
    }

    /// No number below is given again: somebody has read up to there.
    pub(super) fn skip_to(&mut self, next: u64) {
        self.next = self.next.max(next);
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The one that grows.
    pub(super) fn last(&self) -> Option<Segment> {
        self.segments.back().copied()
    }

    /// The oldest, if it does not grow any more.
    pub(super) fn oldest_closed(&self) -> Option<Segment> {
        self.segments.front().copied().filter(|_| self.segments.len() > 1)
    }

    pub(super) fn begin_segment(&mut self) -> Segment {
        let segment = Segment {
            first: self.next,
            records: 0,
            bytes: 0,
        };
        self.segments.push_back(segment);
        segment
    }

    /// Records were written to the last segment.
    pub(super) fn grow(&mut self, records: u64, bytes: u64) {
        if let Some(last) = self.segments.back_mut() {
            last.records = last.records.saturating_add(records);
            last.bytes = last.bytes.saturating_add(bytes);
            self.next = self.next.max(last.end());
        }
    }

    pub(super) fn forget_oldest(&mut self) {
        self.segments.pop_front();
    }

    /// The segment of a record, or else the one after it.
    pub(super) fn find(&self, sequence: u64) -> Option<Segment> {
        self.segments
            .iter()
            .find(|segment| segment.end() > sequence)
            .copied()
    }
}

fn recover_segment(folder: &Path, first: u64) -> io::Result<Segment> {
    let mut segment = Segment {
        first,
        records: 0,
        bytes: 0,
    };
    let path = segment.path(folder);
    let bytes = fs::read(&path)?;
    let mut rest = bytes.as_slice();
    while let Some(frame) = frame::read(rest).filter(|frame| frame.sequence == segment.end()) {
        rest = rest.get(frame.len()..).unwrap_or_default();
        segment.records += 1;
        segment.bytes += frame.len() as u64;
    }
    if !rest.is_empty() {
        tracing::warn!(path = %path.display(), bytes = rest.len(), "cut a half record off the ledger's spool");
        OpenOptions::new()
            .write(true)
            .open(&path)?
            .set_len(segment.bytes)?;
    }
    Ok(segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(folder: &Path, first: u64, count: u64) -> Segment {
        let mut bytes = Vec::new();
        for sequence in first..first + count {
            frame::write(&mut bytes, sequence, format!("record {sequence}").as_bytes());
        }
        let segment = Segment {
            first,
            records: count,
            bytes: bytes.len() as u64,
        };
        fs::write(segment.path(folder), bytes).unwrap();
        segment
    }

    #[test]
    fn an_empty_folder_begins_at_one() {
        let folder = tempfile::tempdir().unwrap();
        let (index, lost) = Index::recover(folder.path()).unwrap();
        assert_eq!((index.next(), index.bytes(), lost), (1, 0, 0));
        assert_eq!(index.find(1), None);
    }

    #[test]
    fn a_half_record_at_the_end_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let whole = lay(folder.path(), 1, 3);
        let path = lay(folder.path(), 4, 2).path(folder.path());
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let (index, lost) = Index::recover(folder.path()).unwrap();
        assert_eq!((index.next(), lost), (5, 0), "the half one was told to nobody");
        assert_eq!(index.find(2), Some(whole));
        assert_eq!(index.find(4).map(|segment| segment.records), Some(1));
        assert_eq!(fs::metadata(&path).unwrap().len(), bytes.len() as u64 / 2);
    }

    #[test]
    fn damage_in_the_middle_is_counted_and_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = lay(folder.path(), 1, 4).path(folder.path());
        lay(folder.path(), 5, 1);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2 + 1;
        bytes[middle] ^= 0xff;
        fs::write(&path, bytes).unwrap();
        let (index, lost) = Index::recover(folder.path()).unwrap();
        assert_eq!((index.next(), lost), (6, 2));
        assert_eq!(
            index.find(3).map(|segment| segment.first),
            Some(5),
            "the next that is there"
        );
    }

    #[test]
    fn a_segment_of_nothing_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = lay(folder.path(), 9, 1).path(folder.path());
        fs::write(&path, b"\0\0\0").unwrap();
        let (index, _) = Index::recover(folder.path()).unwrap();
        assert_eq!((index.next(), index.last()), (9, None));
        assert!(!path.exists());
    }
}
