//! What this data plane holds of the configuration. Pure.
//!
//! ```text
//! Update ──► staged (a copy of what is held) ──last of its set──► held
//!               └── one Answer per Update, given out when it is held
//! ```

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wayleave_core::resource::{
    Assembly, BadResource, Identity, Rejected, Resource, ResourceKind, ResourceName,
};
use wayleave_core::snapshot::Snapshot;

/// The most characters of a name or a reason in an answer.
const MOST_TEXT: usize = 1_000;
/// The most rejected resources that one answer names.
const MOST_NAMED: usize = 1_000;

/// What may be held at most. More than a sane configuration has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) resources: usize,
    pub(super) bytes: usize,
    /// Messages until a set is complete.
    pub(super) messages: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            resources: 50_000,
            bytes: 256 << 20,
            messages: 10_000,
        }
    }
}

/// One message of the server. It has credentials in it: no `Debug`.
pub(super) struct Update {
    pub(super) nonce: String,
    /// Of the set that this message completes; empty: more follow.
    pub(super) version: String,
    pub(super) resources: Vec<Sent>,
    pub(super) removed: Vec<String>,
}

/// One resource of a message.
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) version: String,
    /// `None`: it is of a type that we do not know.
    pub(super) content: Option<Vec<u8>>,
}

/// What is said to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) nonce: String,
    pub(super) rejected: Vec<Rejected>,
    /// Rejected resources beyond those.
    pub(super) unnamed: usize,
}

/// What a message has led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// More has to come.
    Staged,
    /// A set is complete. The answers are due when it is in force.
    Complete { changed: bool, answers: Vec<Answer> },
}

/// The server sends message after message and completes no set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it sends message after message and completes no set")]
pub(super) struct Flood;

/// What only the process can say of a resource: whether it can be put in force.
pub(super) type Check<'c> = &'c dyn Fn(&Resource) -> Result<(), String>;

/// Everything that is held, and what comes next.
#[derive(Debug, Default)]
pub(super) struct Replica {
    bounds: Bounds,
    held: Holdings,
    staged: Option<Staged>,
}

#[derive(Clone, Debug, Default)]
struct Holdings {
    assembly: Assembly,
    versions: BTreeMap<ResourceName, Held>,
    bytes: usize,
    /// The certificate that came last.
    certificate: Option<ResourceName>,
}

#[derive(Clone, Debug)]
struct Held {
    version: String,
    bytes: usize,
}

#[derive(Debug)]
struct Staged {
    next: Holdings,
    answers: Vec<Answer>,
    changed: bool,
}

impl Replica {
    /// With bounds of one's own.
    #[cfg(test)]
    pub(super) fn bounded(bounds: Bounds) -> Self {
        Self {
            bounds,
            ..Self::default()
        }
    }

    /// Begins a stream: what the last one left incomplete is forgotten. Returns what is held.
    pub(super) fn begin(&mut self) -> HashMap<String, String> {
        self.staged = None;
        let held = self.held.versions.iter();
        held.map(|(name, held)| (name.to_string(), held.version.clone()))
            .collect()
    }

    /// Takes a message.
    pub(super) fn take(&mut self, update: Update, check: Check<'_>) -> Result<Taken, Flood> {
        let staged = self.staged.get_or_insert_with(|| Staged::on(&self.held));
        if staged.answers.len() >= self.bounds.messages {
            return Err(Flood);
        }
        let complete = !update.version.is_empty();
        staged.take(update, self.bounds, check);
        match self.staged.take() {
            Some(staged) if complete => {
                let Staged {
                    next,
                    answers,
                    changed,
                } = staged;
                self.held = next;
                Ok(Taken::Complete { changed, answers })
            }
            staged => {
                self.staged = staged;
                Ok(Taken::Staged)
            }
        }
    }

    /// What is held, as a configuration.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.held.assembly.snapshot()
    }

    /// The certificate to show: the one that came last, or any.
    pub(super) fn identity(&self) -> Option<&Arc<Identity>> {
        let newest = self.held.certificate.as_ref().map(|name| &name.object);
        let all = || self.held.assembly.identities();
        all()
            .find(|identity| Some(&identity.name) == newest)
            .or_else(|| all().last())
    }

    /// How many resources are held.
    pub(super) fn len(&self) -> usize {
        self.held.versions.len()
    }
}

impl Staged {
    fn on(held: &Holdings) -> Self {
        Self {
            next: held.clone(),
            answers: Vec::new(),
            changed: false,
        }
    }

    fn take(&mut self, update: Update, bounds: Bounds, check: Check<'_>) {
        // What cannot be a name is not held.
        for name in update.removed.iter().filter_map(|name| name.parse().ok()) {
            self.changed |= self.next.remove(&name);
        }
        let mut answer = Answer {
            nonce: update.nonce,
            ..Answer::default()
        };
        for sent in update.resources {
            let name = clipped(&sent.name);
            match self.next.insert(sent, bounds, check) {
                Ok(()) => self.changed = true,
                Err(_) if answer.rejected.len() >= MOST_NAMED => answer.unnamed += 1,
                Err(reason) => {
                    let reason = clipped(&reason);
                    tracing::warn!(%name, %reason, "a part of the configuration is not taken");
                    answer.rejected.push(Rejected { name, reason });
                }
            }
        }
        self.answers.push(answer);
    }
}

impl Holdings {
    fn insert(&mut self, sent: Sent, bounds: Bounds, check: Check<'_>) -> Result<(), String> {
        let name: ResourceName = sent
            .name
            .parse()
            .map_err(|error: BadResource| error.to_string())?;
        let content = sent
            .content
            .ok_or("its type is not known to this data plane: update it")?;
        let resource = Resource::decode(&name, &content).map_err(|error| reason(name.kind, &error))?;
        check(&resource)?;
        let held = Held {
            version: sent.version,
            bytes: content.len(),
        };
        let old = self.versions.get(&name);
        let count = self.versions.len() + usize::from(old.is_none());
        let bytes = self.bytes - old.map_or(0, |old| old.bytes) + held.bytes;
        if count > bounds.resources {
            return Err(format!(
                "this data plane takes {} objects at most",
                bounds.resources
            ));
        }
        if bytes > bounds.bytes {
            return Err(format!(
                "this data plane takes {} bytes of configuration at most",
                bounds.bytes
            ));
        }
        self.bytes = bytes;
        self.assembly.insert(resource);
        if name.kind == ResourceKind::Certificate {
            self.certificate = Some(name.clone());
        }
        self.versions.insert(name, held);
        Ok(())
    }

    /// Whether there was one.
    fn remove(&mut self, name: &ResourceName) -> bool {
        let Some(old) = self.versions.remove(name) else {
            return false;
        };
        self.bytes -= old.bytes;
        self.assembly.remove(name);
        true
    }
}

/// Why bytes are no resource. What is said of a form that is not understood may quote it, and may so quote a credential.
fn reason(kind: ResourceKind, error: &BadResource) -> String {
    match (kind, error) {
        (
            ResourceKind::Provider | ResourceKind::Cache | ResourceKind::Certificate,
            BadResource::Malformed(error),
        ) => format!(
            "cannot be read (column {}). The operator may be newer than this data plane: update it",
            error.column()
        ),
        _ => error.to_string(),
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(MOST_TEXT).collect()
}
