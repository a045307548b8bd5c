//! Which data planes are connected, and what each has acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use wayleave_core::experiment::report::Report;
use wayleave_core::notice::{Notice, Notices};
use wayleave_core::resource::{ResourceKind, ResourceName};

use super::bundle::Version;
use super::session::News;

/// All connected data planes. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
pub struct Fleet(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    planes: Mutex<BTreeMap<Arc<str>, Plane>>,
    connections: AtomicU64,
    changes: watch::Sender<u64>,
}

/// One data plane.
#[derive(Debug)]
struct Plane {
    connection: u64,
    /// Whether it serves: it has had everything once. One that is still starting holds up nothing.
    serves: bool,
    has: BTreeMap<ResourceName, Version>,
    rejected: BTreeMap<ResourceName, (Version, Arc<str>)>,
    notices: Notices,
    /// By route.
    experiments: BTreeMap<String, Vec<Report>>,
}

/// The connection of one data plane: it is in the fleet until this is dropped.
#[derive(Debug)]
pub struct Membership {
    fleet: Fleet,
    node: Arc<str>,
    connection: u64,
}

/// How far a version has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Data planes that serve.
    pub planes: usize,
    /// Those of them that have acknowledged the version.
    pub acknowledged: usize,
    /// A data plane that did not take the version, and why: the first by name.
    pub rejected: Option<(Arc<str>, Arc<str>)>,
    /// A data plane on which not all of it can be had, and what cannot: the first by name.
    pub notice: Option<(Arc<str>, Notice)>,
}

impl Plane {
    /// What it told of the experiments of an earlier version of a route is nothing to the next. It tells again.
    fn forget(&mut self, name: &ResourceName) {
        if name.kind == ResourceKind::Route && !self.experiments.is_empty() {
            self.experiments.remove(&name.object.to_string());
        }
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self(Arc::new(Shared {
            planes: Mutex::default(),
            connections: AtomicU64::new(0),
            changes: watch::Sender::new(0),
        }))
    }
}

impl Fleet {
    /// A data plane has connected, with what it has. An earlier connection of the same node no longer counts.
    pub fn join(&self, node: &str, has: BTreeMap<ResourceName, Version>) -> Membership {
        let node: Arc<str> = Arc::from(node);
        let connection = self.0.connections.fetch_add(1, Ordering::Relaxed);
        let plane = Plane {
            connection,
            serves: !has.is_empty(),
            has,
            rejected: BTreeMap::new(),
            notices: Notices::new(),
            experiments: BTreeMap::new(),
        };
        self.planes().insert(Arc::clone(&node), plane);
        self.changed();
        let fleet = self.clone();
        Membership {
            fleet,
            node,
            connection,
        }
    }

    /// How far a version of a resource has come; with `None`: how far its removal has.
    pub fn tally(&self, name: &ResourceName, version: Option<&Version>) -> Tally {
        let planes = self.planes();
        let mut tally = Tally::default();
        for (node, plane) in planes.iter().filter(|(_, plane)| plane.serves) {
            tally.planes += 1;
            tally.acknowledged += usize::from(plane.has.get(name) == version);
            if let Some((rejected, reason)) = plane.rejected.get(name)
                && Some(rejected) == version
                && tally.rejected.is_none()
            {
                tally.rejected = Some((Arc::clone(node), Arc::clone(reason)));
            }
            if tally.notice.is_none()
                && let Some((_, notice)) = plane.notices.iter().find(|(noticed, _)| noticed == name)
            {
                tally.notice = Some((Arc::clone(node), *notice));
            }
        }
        tally
    }

    /// What the data planes that have this version of a route know of its experiments, by the rule's place. Of several
    /// that know of the same one, what the one with the most calls says: either they share what they learn, and it is the
    /// newest, or each has but its own.
    pub fn experiments(&self, route: &ResourceName, version: Option<&Version>) -> Vec<Report> {
        let planes = self.planes();
        let mut best = BTreeMap::<usize, (u64, &Report)>::new();
        let told = planes
            .values()
            .filter(|plane| plane.serves && !plane.experiments.is_empty() && plane.has.get(route) == version)
            .filter_map(|plane| plane.experiments.get(&route.object.to_string()));
        for report in told.flatten() {
            let calls = report.arms.iter().map(|arm| arm.all.calls).sum();
            let most = best.entry(report.rule).or_insert((calls, report));
            if calls > most.0 {
                *most = (calls, report);
            }
        }
        best.into_values().map(|(_, report)| report.clone()).collect()
    }

    /// How many data planes are connected, and how many of them serve.
    pub fn size(&self) -> (usize, usize) {
        let planes = self.planes();
        (planes.len(), planes.values().filter(|plane| plane.serves).count())
    }

    /// Tells of each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    fn planes(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Plane>> {
        self.0.planes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Membership {
    /// The name of the data plane.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Takes what an answer has told.
    pub fn heard(&self, news: News) {
        self.told(|plane| {
            for (name, version) in news.taken {
                plane.rejected.remove(&name);
                plane.forget(&name);
                plane.has.insert(name, version);
            }
            for (name, version, reason) in news.rejected {
                plane.rejected.insert(name, (version, Arc::from(reason)));
            }
            for name in news.removed {
                plane.rejected.remove(&name);
                plane.forget(&name);
                plane.has.remove(&name);
            }
            plane.serves |= news.complete;
        });
    }

    /// Takes what cannot be had on the data plane, in place of what it told before.
    pub fn noticed(&self, notices: Notices) {
        self.told(|plane| plane.notices = notices);
    }

    /// Takes what the data plane knows of its experiments, in place of what it told before.
    pub fn experimented(&self, reports: Vec<Report>) {
        let mut experiments = BTreeMap::<String, Vec<Report>>::new();
        for report in reports {
            experiments.entry(report.route.clone()).or_default().push(report);
        }
        self.told(|plane| plane.experiments = experiments);
    }

    fn told(&self, take: impl FnOnce(&mut Plane)) {
        {
            let mut planes = self.fleet.planes();
            let Some(plane) = planes
                .get_mut(&self.node)
                .filter(|plane| plane.connection == self.connection)
            else {
                return;
            };
            take(plane);
        }
        self.fleet.changed();
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        {
            let mut planes = self.fleet.planes();
            if planes
                .get(&self.node)
                .is_some_and(|plane| plane.connection == self.connection)
            {
                planes.remove(&self.node);
            }
        }
        self.fleet.changed();
    }
}

#[cfg(test)]
mod tests;
