//! What is learned, in a file.
//!
//! It is written beside and then renamed, so that it is always a whole one: of this time, or of the time before.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Tables;

/// The version of what the file holds. Another one is not read.
const VERSION: u32 = 1;
/// The most bytes of the file.
const MOST_BYTES: usize = 64 << 20;
const FILE: &str = "learned.json";
const NEW: &str = "learned.json.new";
const ASIDE: &str = "learned.json.unreadable";

/// The file, in a folder that no other process writes to.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    _lock: File,
}

/// Why a file is not read. For people.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it has more than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("it is broken: {0}")]
    Broken(#[from] serde_json::Error),
    #[error("it is of version {0}, and this program knows version {VERSION}")]
    Foreign(u32),
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Stored {
    tables: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

#[derive(Serialize)]
struct Written {
    version: u32,
    tables: BTreeMap<&'static str, BTreeMap<std::sync::Arc<str>, Box<RawValue>>>,
}

impl Disk {
    /// Takes the folder, and makes it if there is none.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => io::Error::other("another process has it"),
            fs::TryLockError::Error(error) => error,
        })?;
        // Whoever cannot write is to know it now.
        drop(File::create(folder.join(NEW))?);
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    /// Reads back what was learned. A file that cannot be read is put aside.
    pub(super) fn restore(&self, tables: &Tables) {
        let path = self.folder.join(FILE);
        match read(&path) {
            Ok(None) => {}
            Ok(Some(stored)) => {
                let mut names = 0;
                let mut unknown = 0_usize;
                for (table, rows) in &stored.tables {
                    for (name, part) in rows {
                        if tables
                            .get(table)
                            .is_some_and(|table| table.restore(name, part.get()))
                        {
                            names += 1;
                        } else {
                            unknown += 1;
                        }
                    }
                }
                tracing::info!(names, unknown, path = %path.display(), "read what was learned before");
            }
            Err(error) => {
                let aside = self.folder.join(ASIDE);
                let moved = fs::rename(&path, &aside);
                tracing::error!(
                    %error, path = %path.display(), aside = %aside.display(), moved = moved.is_ok(),
                    "what was learned before cannot be read: it is put aside, and learning begins anew"
                );
            }
        }
    }

    /// Writes all that this replica has learned. Blocks.
    pub(super) fn save(&self, tables: &Tables) -> io::Result<()> {
        let text = text(tables)?;
        let (path, new) = (self.folder.join(FILE), self.folder.join(NEW));
        let mut file = File::create(&new)?;
        file.write_all(&text)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// `None`: there is none.
fn read(path: &Path) -> Result<Option<Stored>, Unreadable> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    file.take(MOST_BYTES as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MOST_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let Version { version } = serde_json::from_str(&text)?;
    if version != VERSION {
        return Err(Unreadable::Foreign(version));
    }
    Ok(Some(serde_json::from_str(&text)?))
}

/// What was touched last comes first, so that what finds no room is what nobody needs.
fn text(tables: &Tables) -> io::Result<Vec<u8>> {
    let mut written = Written {
        version: VERSION,
        tables: BTreeMap::new(),
    };
    let share = MOST_BYTES / tables.count().max(1);
    for (name, table) in tables.iter() {
        let mut bytes = 0;
        let mut rows = BTreeMap::new();
        for (row, part) in table.dump() {
            // Escaped, a sign of a name may take six.
            bytes += 6 * row.len() + part.len() + 8;
            if bytes > share - share / 16 {
                break;
            }
            rows.insert(row, RawValue::from_string(part)?);
        }
        written.tables.insert(name, rows);
    }
    Ok(serde_json::to_vec(&written)?)
}
