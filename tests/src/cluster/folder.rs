//! Where a cluster keeps its data, keys and logs: `target/tmp/clusters/PROCESS-NUMBER`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::{process, program};

/// Clusters that this process has started.
static STARTED: AtomicU32 = AtomicU32::new(0);

/// A folder that is removed when it is dropped, but not by a test that fails: then its logs tell why. What is left, also
/// of a process that was killed, goes when the next cluster is started.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub(super) fn new() -> Self {
        let all = program::target().join("tmp/clusters");
        fs::create_dir_all(&all).expect("a folder for clusters");
        sweep(&all);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = all.join(format!("{}-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a folder for a cluster");
        Self(folder)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it and says where that is.
    ///
    /// # Panics
    /// When it cannot be written.
    pub(super) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !thread::panicking() {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}

/// Removes the folders of processes that are gone.
fn sweep(all: &Path) {
    for entry in fs::read_dir(all).expect("the folder of clusters").flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.split_once('-')?.0.parse::<u32>().ok());
        if owner.is_some_and(|owner| !process::lives(owner)) {
            // Another process may be sweeping too.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_a_living_one_has_is_not() {
        let mut dead = Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        let living = Folder::new();
        let left = living.path().with_file_name(format!("{}-0", dead.id()));
        fs::create_dir_all(left.join("etcd")).unwrap();
        let other = Folder::new();
        assert!(!left.exists());
        assert!(living.path().is_dir());
        assert_ne!(living.path(), other.path());
    }
}
