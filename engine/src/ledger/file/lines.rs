//! A file of lines that is put aside when it is large, and is whole at its end after whatever happened.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// How a record begins.
const BEGIN: &[u8] = b"{\"kind\":";
/// Where the end of a file is searched for its last line at a time.
const WINDOW: u64 = 64 << 10;

/// When the ledger's file is put aside, and how many of those are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The most bytes of the file, as long as a single batch has no more; 0: it is never put aside.
    pub max_bytes: u64,
    /// How many files are kept beside it; the oldest is removed.
    pub keep: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            keep: 16,
        }
    }
}

/// A file of lines. Blocks: not for the runtime's threads.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Not for what is no file, as `/dev/stdout`.
    rotation: Option<Rotation>,
    /// Whether the last write ended in the middle of a line.
    torn: bool,
}

impl Lines {
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let mut file = append(path)?;
        let is_file = file.metadata()?.is_file();
        if is_file && mend(path)? {
            tracing::warn!(path = %path.display(), "cut a half record off the ledger's file");
        }
        let bytes = if is_file { file.seek(SeekFrom::End(0))? } else { 0 };
        Ok(Self {
            path: path.to_owned(),
            file,
            bytes,
            rotation: (is_file && rotation.max_bytes > 0).then_some(rotation),
            torn: false,
        })
    }

    /// Appends whole lines, or their rest where a part was written, and takes what was written off them.
    pub(super) fn append(&mut self, lines: &mut Vec<u8>) -> io::Result<()> {
        let more = lines.len() as u64;
        if !self.torn
            && self.bytes > 0
            && let Some(rotation) = self.rotation
            && self.bytes.saturating_add(more) > rotation.max_bytes
        {
            self.rotate(rotation)?;
        }
        while !lines.is_empty() {
            let count = self.file.write(lines)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.torn = lines.get(count.saturating_sub(1)) != Some(&b'\n');
            lines.drain(..count);
            self.bytes = self.bytes.saturating_add(count as u64);
        }
        Ok(())
    }

    /// Puts the file aside as `FILE.1`, the one that was before as `FILE.2`, and so on.
    fn rotate(&mut self, rotation: Rotation) -> io::Result<()> {
        if rotation.keep == 0 {
            self.file.set_len(0)?;
        } else {
            for number in (1..rotation.keep).rev() {
                rename(&aside(&self.path, number), &aside(&self.path, number + 1))?;
            }
            rename(&self.path, &aside(&self.path, 1))?;
            self.file = append(&self.path)?;
        }
        self.bytes = 0;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Not every number need be there, nor the file itself, where a try before this one came half way.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// Sees to it that a file ends with a whole line: a record without its newline gets it, the half of a record is cut
/// off (`true`), and whatever is no record of ours is ended.
fn mend(path: &Path) -> io::Result<bool> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let tail = last_line(&mut file, length)?;
    if tail.is_empty() {
        return Ok(false);
    }
    let ours = tail.starts_with(BEGIN) || BEGIN.starts_with(&tail);
    if ours && serde_json::from_slice::<serde::de::IgnoredAny>(&tail).is_err() {
        file.set_len(length.saturating_sub(tail.len() as u64))?;
        return Ok(true);
    }
    file.seek(SeekFrom::End(0))?;
    file.write_all(b"\n")?;
    Ok(false)
}

/// What follows the last newline.
fn last_line(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    let mut window = WINDOW;
    loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        let newline = end.iter().rposition(|byte| *byte == b'\n');
        match newline {
            Some(place) => return Ok(end.split_off(place + 1)),
            None if from == 0 => return Ok(end),
            None => window = window.saturating_mul(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "{\"kind\":\"call\",\"id\":\"c\"}\n";

    fn after(content: &str) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        fs::write(&path, content).unwrap();
        let cut = mend(&path).unwrap();
        (cut, fs::read_to_string(path).unwrap())
    }

    #[test]
    fn the_end_is_mended_at_the_start() {
        assert_eq!(after(""), (false, String::new()));
        assert_eq!(after(RECORD), (false, RECORD.to_owned()));
        assert_eq!(
            after(RECORD.trim_end()),
            (false, RECORD.to_owned()),
            "only the newline was missing"
        );
        for half in 1..RECORD.len() - 1 {
            let torn = format!("{RECORD}{}", RECORD.get(..half).unwrap());
            assert_eq!(after(&torn), (true, RECORD.to_owned()), "{torn}");
        }
        assert_eq!(
            after("a note"),
            (false, "a note\n".to_owned()),
            "what is not ours is left"
        );
        let long = "x".repeat(200 << 10);
        let torn = format!("{RECORD}{{\"kind\":\"{long}");
        assert_eq!(after(&torn), (true, RECORD.to_owned()));
    }

    #[test]
    fn rotation_loses_no_line_and_tears_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let rotation = Rotation {
            max_bytes: 100,
            keep: 50,
        };
        let mut lines = Lines::open(&path, rotation).unwrap();
        for number in 0..200 {
            if number == 77 {
                lines = Lines::open(&path, rotation).unwrap();
            }
            lines
                .append(&mut format!("line {number}\n").into_bytes())
                .unwrap();
        }
        let mut all = String::new();
        let mut files = 0;
        for number in (1..=50).rev() {
            if let Ok(text) = fs::read_to_string(aside(&path, number)) {
                assert!(text.len() <= 100 && text.ends_with('\n'));
                all.push_str(&text);
                files += 1;
            }
        }
        all.push_str(&fs::read_to_string(&path).unwrap());
        let wanted: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
        assert_eq!(
            all.lines().collect::<Vec<_>>(),
            wanted,
            "from the highest number down to the file itself"
        );
        assert!(files > 15, "{files}");
    }

    #[test]
    fn only_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("l");
        let rotation = Rotation {
            max_bytes: 8,
            keep: 2,
        };
        let mut lines = Lines::open(&path, rotation).unwrap();
        for number in 0..6 {
            lines
                .append(&mut format!("line {number}\n").into_bytes())
                .unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 5\n");
        assert_eq!(fs::read_to_string(aside(&path, 2)).unwrap(), "line 3\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
