//! The ledger's files, read line by line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wayleave_core::books::line::Line;
use wayleave_core::books::reader::{Reader, Reading};

use crate::output::progress;

/// The longest line that is read.
const LONGEST: u64 = 4 << 20;

/// Reads a ledger: what was put aside of it as `FILE.1`, `FILE.2`, …, from the highest number down, and the file itself.
/// `-` is stdin.
///
/// # Errors
/// When there is no such file, or one cannot be read.
pub fn read(path: &Path, mut each: impl FnMut(&Line)) -> anyhow::Result<Reading> {
    let mut reader = Reader::default();
    if path == Path::new("-") {
        reader.begin("stdin");
        lines(io::stdin().lock(), &mut reader, &mut each).context("cannot read stdin")?;
        return Ok(reader.reading().clone());
    }
    // The newest is opened first: one that is put aside meanwhile is then read twice, which is seen, and not missed.
    let mut open = Vec::new();
    for path in files(path)? {
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        open.push((path, file));
    }
    for (path, file) in open.into_iter().rev() {
        reader.begin(&path.display().to_string());
        lines(BufReader::with_capacity(1 << 16, file), &mut reader, &mut each)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(reader.reading().clone())
}

/// Says on stderr what could not be read.
pub fn tell(reading: &Reading) {
    for bad in &reading.first_unreadable {
        progress(&format!(
            "warning: {}:{}: cannot be read: {}",
            bad.source, bad.line, bad.reason
        ));
    }
    if reading.unreadable > 0 {
        let (unreadable, records) = (reading.unreadable, reading.records);
        progress(&format!(
            "warning: lines that cannot be read: {unreadable}, beside {records} records that count"
        ));
    }
}

/// The file and what was put aside of it, the newest first.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().context("the ledger is a file")?;
    let mut aside = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot open {}", folder.display()))? {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        let other = entry.file_name();
        let number = other
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())
            .and_then(|rest| rest.strip_prefix(b"."))
            .and_then(|number| std::str::from_utf8(number).ok()?.parse::<u32>().ok());
        aside.extend(number.map(|number| (number, entry.path())));
    }
    aside.sort();
    let mut files: Vec<PathBuf> = aside.into_iter().map(|(_, path)| path).collect();
    // Between two files, there may be none for a moment.
    if files.is_empty() || path.exists() {
        files.insert(0, path.to_owned());
    }
    Ok(files)
}

fn lines(mut from: impl BufRead, reader: &mut Reader, each: &mut impl FnMut(&Line)) -> io::Result<()> {
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = from.by_ref().take(LONGEST).read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(());
        }
        if text.len() as u64 == LONGEST && text.last() != Some(&b'\n') {
            skip_line(&mut from)?;
            reader.skip("it is longer than 4 MiB");
        } else if let Some(line) = reader.read(&text) {
            each(&line);
        }
    }
}

fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        let (end, length) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (true, at + 1),
            None => (buffer.is_empty(), buffer.len()),
        };
        from.consume(length);
        if end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: &str) -> String {
        format!("{{\"kind\":\"call\",\"call\":\"{call}\",\"started\":\"2026-11-02T10:00:00Z\"}}\n")
    }

    fn calls(path: &Path) -> (Vec<String>, Reading) {
        let mut calls = Vec::new();
        let reading = read(path, |line| {
            if let Line::Call(line) = line {
                calls.push(line.call.clone());
            }
        });
        (calls, reading.unwrap())
    }

    #[test]
    fn what_was_put_aside_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        for (name, call) in [
            ("ledger.jsonl", "d"),
            ("ledger.jsonl.1", "c"),
            ("ledger.jsonl.2", "b"),
            ("ledger.jsonl.10", "a"),
            ("ledger.jsonl.old", "other"),
            ("ledger.jsonl2", "other"),
        ] {
            fs::write(folder.path().join(name), line(call)).unwrap();
        }
        assert_eq!(calls(&path).0, ["a", "b", "c", "d"]);
        fs::remove_file(&path).unwrap();
        assert_eq!(calls(&path).0, ["a", "b", "c"]);
        assert!(read(&folder.path().join("none"), |_| {}).is_err());
    }

    #[test]
    fn lines_without_end_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let long = "x".repeat(9 << 20);
        fs::write(
            &path,
            format!("{}{long}\n{}{{\"kind\":\"ca", line("a"), line("b")),
        )
        .unwrap();
        let (calls, reading) = calls(&path);
        assert_eq!(calls, ["a", "b"]);
        let places: Vec<u64> = reading.first_unreadable.iter().map(|bad| bad.line).collect();
        assert_eq!((reading.unreadable, places), (2, vec![2, 4]));
    }
}
