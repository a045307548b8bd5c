//! The configuration: a folder's files, read, compiled, and followed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};
use wayleave_core::snapshot::{RouteRules, Snapshot};
use wayleave_operator::compile::verdict::Severity;
use wayleave_operator::manifest::report::{Entry, InForce};
use wayleave_operator::manifest::{Accepted, Env, Manifests, Report, update};

use crate::folder::FolderWatch;

/// Larger files are no manifests.
const MOST_BYTES: u64 = 16 << 20;

/// What becomes of a `${VARIABLE}` of a Secret that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// The Secret is broken.
    Refused,
    /// Something stands in for it: enough to judge the manifests where the credentials are not at hand.
    FilledIn,
}

/// A folder of manifests, with what of it is in force.
#[derive(Debug)]
pub struct Source {
    folder: PathBuf,
    files: BTreeMap<String, String>,
    accepted: Accepted,
}

/// What a folder compiles to.
#[derive(Debug)]
pub struct Loaded {
    /// For the data plane.
    pub snapshot: Snapshot,
    /// For people.
    pub report: Report,
}

/// A model name that clients can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedModel {
    /// The name or pattern.
    pub model: String,
    /// `NAMESPACE/NAME` of its route.
    pub route: String,
    /// Why calls for it fail, where the route is broken.
    pub broken: Option<String>,
}

impl Source {
    /// A folder that is not yet read.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
            accepted: Accepted::default(),
        }
    }

    /// Reads and compiles the folder, and logs what is wrong. What was good before stays in force where it is broken
    /// now.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read: then nothing changes.
    pub fn load(&mut self) -> anyhow::Result<Loaded> {
        let files = read(&self.folder)?;
        let loaded = self.compile(&files, &real_env);
        self.files = files;
        tell(&loaded);
        Ok(loaded)
    }

    /// Reads the folder again; `None`: it is as before.
    fn reload(&mut self) -> anyhow::Result<Option<Loaded>> {
        let files = read(&self.folder)?;
        if files == self.files {
            return Ok(None);
        }
        let loaded = self.compile(&files, &real_env);
        self.files = files;
        tell(&loaded);
        Ok(Some(loaded))
    }

    fn compile(&mut self, files: &BTreeMap<String, String>, env: &dyn Fn(&str) -> Option<String>) -> Loaded {
        let manifests = Manifests::read(files, Env::new(env));
        let (accepted, snapshot, report) = update(&self.accepted, manifests);
        self.accepted = accepted;
        Loaded { snapshot, report }
    }

    /// Publishes each change of the folder, until nobody takes it any more.
    pub async fn follow(mut self, mut watch: FolderWatch, publish: watch::Sender<Option<Arc<Snapshot>>>) {
        while !publish.is_closed() {
            watch.changed().await;
            let reloading = spawn_blocking(move || {
                let reloaded = self.reload();
                (self, reloaded)
            });
            let Ok((source, reloaded)) = reloading.await else {
                error!("reading the folder failed: this is a bug; changes are no longer applied");
                return;
            };
            self = source;
            match reloaded {
                Ok(Some(loaded)) => drop(publish.send_replace(Some(Arc::new(loaded.snapshot)))),
                Ok(None) => {}
                Err(error) => error!("{error:#}; the configuration stays as it is"),
            }
        }
    }
}

/// Reads and compiles a folder once and logs nothing. Also tells which variables of the environment were filled in.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn load_once(folder: &Path, unset: Unset) -> anyhow::Result<(Loaded, BTreeSet<String>)> {
    let filled = RefCell::new(BTreeSet::new());
    let env = |name: &str| match (real_env(name), unset) {
        (None, Unset::FilledIn) => {
            filled.borrow_mut().insert(name.to_owned());
            Some("filled-in".to_owned())
        }
        (set, Unset::FilledIn | Unset::Refused) => set,
    };
    let loaded = Source::new(folder).compile(&read(folder)?, &env);
    Ok((loaded, filled.into_inner()))
}

fn real_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The model names that a snapshot serves, sorted.
pub fn models(snapshot: &Snapshot) -> Vec<ServedModel> {
    let claims = snapshot
        .routes
        .iter()
        .flat_map(|route| route.models.iter().map(move |claim| (route, claim)));
    let models = claims.map(|(route, claim)| {
        let namespace = &route.name.namespace;
        let broken = match &route.rules {
            RouteRules::Rules(_) => None,
            RouteRules::Broken(reason) => Some(reason.clone()),
        };
        let model = if claim.owned {
            claim.pattern.to_string()
        } else {
            format!("{namespace}/{}", claim.pattern)
        };
        ServedModel {
            model,
            route: route.name.to_string(),
            broken,
        }
    });
    let mut models: Vec<ServedModel> = models.collect();
    models.sort_by(|one, other| (&one.model, &one.route).cmp(&(&other.model, &other.route)));
    models
}

/// The texts of the folder's manifests by path.
fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {shown} (-f DIR)"))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read the folder {shown}"))?
            .path();
        if is_manifest(&path)
            && let Some(text) = read_file(&path)?
        {
            files.insert(path.to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

/// Whether a file is meant for us. Those that begin with a dot are what editors leave for a moment.
fn is_manifest(path: &Path) -> bool {
    let ending = path
        .extension()
        .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known));
    let hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    ending && !hidden
}

/// A file's text; `None`: it is gone by now, or a folder.
fn read_file(path: &Path) -> anyhow::Result<Option<String>> {
    let shown = path.display();
    let bytes = match fs::metadata(path) {
        Ok(file) if !file.is_file() => return Ok(None),
        Ok(file) if file.len() > MOST_BYTES => {
            bail!("{shown} has more than 16 MiB: move it out of the folder")
        }
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => bail!("{shown} is not UTF-8 text: save it as UTF-8, or move it out of the folder"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {shown}")),
    }
}

/// Logs what is wrong, and what is in force.
fn tell(loaded: &Loaded) {
    for error in &loaded.report.errors {
        error!("{error}");
    }
    for entry in &loaded.report.objects {
        tell_entry(entry);
    }
    for note in &loaded.report.notes {
        info!("{note}");
    }
    let Snapshot {
        routes,
        providers,
        caches,
    } = &loaded.snapshot;
    info!(
        "configuration in force: {} routes, {} provider keys, {} caches",
        routes.len(),
        providers.len(),
        caches.len()
    );
}

fn tell_entry(entry: &Entry) {
    let place = |place: Option<String>| place.map(|place| format!("{place}: ")).unwrap_or_default();
    for located in &entry.problems {
        let place = place(located.place.as_ref().map(ToString::to_string));
        let text = format!("{place}{}: {}", entry.object, located.problem.text());
        match located.problem.severity {
            Severity::Broken => error!("{text}"),
            Severity::Warning => warn!("{text}"),
            Severity::Ok => info!("{text}"),
        }
    }
    if entry.in_force == InForce::LastGood {
        warn!("{}: the last good version stays in force", entry.object);
    }
}

#[cfg(test)]
mod tests;
