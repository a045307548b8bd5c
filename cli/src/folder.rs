//! A folder of manifests that may change at any time.

mod stamp;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use self::stamp::Stamp;

/// A folder counts as settled when nothing has happened in it for so long.
const QUIET: Duration = Duration::from_millis(100);
/// A folder that never settles is read all the same.
const RESTLESS: Duration = Duration::from_millis(500);
/// How often the folder is looked at without being told, for file systems that tell nothing (e.g. over a network).
const RESCAN: Duration = Duration::from_secs(3);
/// The same where the system cannot tell at all.
const RESCAN_ALONE: Duration = Duration::from_millis(500);

/// Tells when a folder's files may have changed.
#[derive(Debug)]
pub struct FolderWatch {
    folder: PathBuf,
    seen: Stamp,
    told: Arc<Notify>,
    watched: Option<(Place, RecommendedWatcher)>,
    warned: bool,
}

/// Which folder it really is: another one when a link is set anew, or a folder is put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Place {
    /// `None`: there is none now.
    fn of(folder: &Path) -> Option<Self> {
        let path = std::fs::canonicalize(folder).ok()?;
        let folder = std::fs::metadata(&path).ok()?;
        Some(Self {
            path,
            device: folder.dev(),
            inode: folder.ino(),
        })
    }
}

impl FolderWatch {
    /// Watches a folder (its own files, not those of folders in it). To be called before the files are first read.
    pub fn new(folder: &Path) -> Self {
        let told = Arc::new(Notify::new());
        let mut watch = Self {
            folder: folder.to_owned(),
            seen: Stamp::of(folder),
            told,
            watched: None,
            warned: false,
        };
        watch.arm();
        watch
    }

    /// Resolves when the folder's files may have changed and have settled. Safe to drop and call again.
    pub async fn changed(&mut self) {
        loop {
            let rescan = if self.watched.is_some() {
                RESCAN
            } else {
                RESCAN_ALONE
            };
            let told = tokio::select! {
                () = self.told.notified() => true,
                () = sleep(rescan) => false,
            };
            if told {
                self.settle().await;
            }
            self.arm();
            let now = Stamp::of(&self.folder);
            if told || now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    async fn settle(&self) {
        let end = Instant::now() + RESTLESS;
        let quiet = || (Instant::now() + QUIET).min(end);
        while timeout_at(quiet(), self.told.notified()).await.is_ok() && Instant::now() < end {}
    }

    /// Watches the folder where it really is now.
    fn arm(&mut self) {
        let place = Place::of(&self.folder);
        if place.is_some() && place.as_ref() == self.watched.as_ref().map(|(place, _)| place) {
            return;
        }
        let moved = self.watched.take().is_some();
        let Some(place) = place else { return };
        match watcher(&place.path, Arc::clone(&self.told)) {
            Ok(watcher) => self.watched = Some((place, watcher)),
            Err(error) => {
                let (place, every) = (place.path.display(), RESCAN_ALONE.as_millis());
                if !self.warned {
                    warn!("cannot watch {place}: {error}; it is looked at every {every} ms instead");
                }
                self.warned = true;
            }
        }
        if moved {
            info!("{} is another folder now", self.folder.display());
        }
    }
}

fn watcher(place: &Path, told: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error is a reason to look as well, e.g. that so much happened that some of it was lost.
        if event.map_or(true, |event| is_change(event.kind)) {
            told.notify_one();
        }
    })?;
    watcher.watch(place, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Whether an event can mean other content. Reading must not: we read the files ourselves.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

#[cfg(test)]
mod tests;
