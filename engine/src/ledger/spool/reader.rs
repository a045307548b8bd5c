//! Reads records in the order of their numbers, over the ends of segments and over gaps.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use super::frame;
use super::index::Segment;
use super::shared::{Lost, Shared};

/// The most that is read at a time.
const CHUNK: u64 = 4 << 20;

/// Reads from one record on. Blocks: not for the runtime's threads.
#[derive(Debug)]
pub(in crate::ledger) struct Reader {
    shared: Arc<Shared>,
    /// The number of the next record that is wanted.
    next: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    file: File,
    offset: u64,
}

/// Some records.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Batch {
    /// Their texts, JSON each.
    pub(in crate::ledger) texts: Vec<Vec<u8>>,
    /// The number after the last of them.
    pub(in crate::ledger) after: u64,
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>, next: u64) -> Self {
        Self {
            shared,
            next,
            open: None,
        }
    }

    /// The next records, at most so many, and no more than a few MiB. None: there are none yet.
    pub(in crate::ledger) fn read(&mut self, most: usize) -> io::Result<Batch> {
        let mut texts = Vec::new();
        while texts.is_empty() {
            let Some(segment) = self.shared.find(self.next) else {
                break;
            };
            self.read_segment(segment, most, &mut texts)?;
        }
        Ok(Batch {
            texts,
            after: self.next,
        })
    }

    /// Reads on in one segment, by a chunk.
    fn read_segment(&mut self, segment: Segment, most: usize, texts: &mut Vec<Vec<u8>>) -> io::Result<()> {
        // What lay before it is gone.
        self.next = self.next.max(segment.first);
        let mut open = match self.open.take().filter(|open| open.first == segment.first) {
            Some(open) => open,
            None => match File::open(segment.path(self.shared.folder())) {
                Ok(file) => Open {
                    first: segment.first,
                    file,
                    offset: 0,
                },
                // It made room for newer ones meanwhile, which was counted.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.next = segment.end();
                    return Ok(());
                }
                Err(error) => return Err(error),
            },
        };
        let left = segment.bytes.saturating_sub(open.offset);
        let mut chunk = CHUNK;
        loop {
            let mut bytes = Vec::new();
            open.file.seek(SeekFrom::Start(open.offset))?;
            (&open.file).take(chunk.min(left)).read_to_end(&mut bytes)?;
            let taken = self.take(&bytes, most, texts);
            open.offset += taken;
            if taken > 0 {
                break;
            }
            if chunk >= left {
                let lost = segment.end().saturating_sub(self.next);
                self.shared.lost(Lost::Damaged, lost);
                self.next = segment.end();
                return Ok(());
            }
            chunk = chunk.saturating_mul(2);
        }
        self.open = Some(open);
        Ok(())
    }

    /// Takes whole records off these bytes, and says how many bytes they were.
    fn take(&mut self, bytes: &[u8], most: usize, texts: &mut Vec<Vec<u8>>) -> u64 {
        let mut taken = 0;
        let mut rest = bytes;
        while texts.len() < most
            && let Some(frame) = frame::read(rest)
        {
            rest = rest.get(frame.len()..).unwrap_or_default();
            taken += frame.len() as u64;
            if frame.sequence >= self.next {
                texts.push(frame.text.to_vec());
                self.next = frame.sequence + 1;
            }
        }
        taken
    }
}
