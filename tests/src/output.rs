//! What a program writes, kept in memory and in a file.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::program;

/// Lines shown when a test fails.
const SHOWN: usize = 40;

/// Where logs for people are.
static FOR_PEOPLE: OnceLock<PathBuf> = OnceLock::new();

thread_local! {
    /// Gateways that this test has started: each test has a thread of its own.
    static STARTED: Cell<u32> = const { Cell::new(0) };
}

/// From now on logs are for people: as text, in files of this folder that are named after their programs.
pub fn for_people(folder: PathBuf) {
    // The first one holds.
    drop(FOR_PEOPLE.set(folder));
}

/// Whether they are.
pub(crate) fn is_for_people() -> bool {
    FOR_PEOPLE.get().is_some()
}

/// The log of one gateway. Clones are one.
#[derive(Clone, Debug)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    file: Arc<Mutex<File>>,
    path: PathBuf,
}

impl Log {
    /// A log that also goes to a file, named after the test.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn new() -> Self {
        let folder = program::target().join("tmp/gateways");
        fs::create_dir_all(&folder).expect("a folder for logs");
        let test = std::thread::current()
            .name()
            .unwrap_or("gateway")
            .replace("::", ".");
        let number = STARTED.replace(STARTED.get() + 1);
        Self::at(folder.join(format!("{test}-{number}.log")))
    }

    /// The log of this program, where logs are for people; else the same as [`Log::new`].
    pub fn of(program: &str) -> Self {
        match FOR_PEOPLE.get() {
            Some(folder) => Self::at(folder.join(format!("{program}.log"))),
            None => Self::new(),
        }
    }

    fn at(path: PathBuf) -> Self {
        let file = File::create(&path).expect("a file for the log");
        Self {
            lines: Arc::default(),
            file: Arc::new(Mutex::new(file)),
            path,
        }
    }

    /// Keeps the lines of a program until it ends.
    pub async fn follow(self, output: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            self.keep(line);
        }
    }

    /// Keeps a line.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn keep(&self, line: String) {
        writeln!(self.file.lock().unwrap(), "{line}").expect("a file that takes lines");
        self.lines.lock().unwrap().push(line);
    }

    /// All of it.
    ///
    /// # Panics
    /// Never, unless another thread has.
    pub fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// The end of it, and where the whole is.
    pub fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let tail = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        format!("{}\n(all of it: {})", tail.join("\n"), self.path.display())
    }

    /// The messages of a level: `ERROR`, `WARN`.
    pub fn messages(&self, level: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let said = lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        said.filter(|line| line["level"] == level)
            .map(|line| line["fields"]["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Checks that nothing went wrong inside: nothing at the level of errors, no panic.
    ///
    /// # Panics
    /// When something did.
    pub fn assert_calm(&self) {
        let errors = self.messages("ERROR");
        assert!(errors.is_empty(), "logged at error: {errors:#?}");
        self.assert_no_panic();
    }

    /// Checks that no thread panicked, and that no line but those of the log was written.
    ///
    /// # Panics
    /// When one did.
    pub fn assert_no_panic(&self) {
        let text = self.text();
        assert!(!text.contains("panicked at"), "a panic:\n{text}");
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}
