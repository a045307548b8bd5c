//! The one task that turns what a cluster says into what data planes get, and what becomes of it into statuses.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wayleave_api::condition::{ConditionType, Status};
use wayleave_api::experiment::status::ExperimentStatus;
use wayleave_core::resource::{Identity, ResourceKind, ResourceName};
use wayleave_core::snapshot::{ObjectName, Route, RouteRules};

use super::board::Board;
use super::experiments;
use super::named::NamedWatches;
use super::references;
use super::status::{Programming, condition, status};
use super::watch::Change;
use super::world::World;
use super::write::Scribe;
use crate::compile::verdict::{Severity, Verdict};
use crate::config::bundle::Bundle;
use crate::config::fleet::Fleet;
use crate::last_good::{Kept, keep};
use crate::metrics::{Metrics, Written};
use crate::object::{Kind, ObjectRef, Objects};

/// How long a change may wait for a Secret that it refers to and that is not known yet.
const FETCHING: Duration = Duration::from_secs(2);
/// Answers of data planes, and statuses, that come in so short a time are looked at together.
const ASSESSING: Duration = Duration::from_millis(20);
/// Statuses that are written at once.
const MOST_WRITES: usize = 16;

/// What the controller works with.
#[derive(Debug)]
pub struct Inputs {
    /// What watches tell.
    pub changes: mpsc::Receiver<Change>,
    /// Whether this operator leads.
    pub leading: watch::Receiver<bool>,
    /// What data planes show to an Envoy.
    pub identity: watch::Receiver<Option<Arc<Identity>>>,
}

/// What the controller moves.
#[derive(Debug)]
pub struct Outputs {
    /// The watches of what is referred to.
    pub named: NamedWatches,
    /// To data planes.
    pub bundles: watch::Sender<Option<Arc<Bundle>>>,
    /// What data planes have acknowledged.
    pub fleet: Fleet,
    /// To the API server.
    pub scribe: Scribe,
    /// Why the operator is not ready; `None`: it is.
    pub lacks: watch::Sender<Option<String>>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

/// See the module.
#[derive(Debug)]
pub struct Controller {
    inputs: Inputs,
    outputs: Outputs,
    world: World,
    kept: Kept,
    bundle: Option<Arc<Bundle>>,
    /// The routes that have experiments in force.
    experimenting: BTreeSet<ObjectName>,
    board: Board,
    writes: JoinSet<Write>,
    /// Since when a change waits for what it refers to.
    fetching: Option<Instant>,
    referred: BTreeSet<ObjectRef>,
    /// When it is looked at what should be said of every object.
    assess_at: Option<Instant>,
}

/// How the writing of a status went.
#[derive(Debug)]
struct Write {
    object: ObjectRef,
    uid: String,
    status: Status,
    result: Result<(), kube::Error>,
}

impl Controller {
    /// Of a cluster in which these namespaces are watched; none: all.
    pub fn new(inputs: Inputs, outputs: Outputs, namespaces: &[Arc<str>]) -> Self {
        Self {
            inputs,
            outputs,
            world: World::new(namespaces),
            kept: Kept::default(),
            bundle: None,
            experimenting: BTreeSet::new(),
            board: Board::default(),
            writes: JoinSet::new(),
            fetching: None,
            referred: BTreeSet::new(),
            assess_at: None,
        }
    }

    /// Until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut fleet = self.outputs.fleet.changes();
        loop {
            let fetched = self.fetching.map(|since| since + FETCHING);
            let wake = [self.board.next(), fetched, self.assess_at];
            let wake = wake.into_iter().flatten().min();
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(change) = self.inputs.changes.recv() => self.take(change),
                Ok(()) = self.inputs.identity.changed() => self.identify(),
                Ok(()) = self.inputs.leading.changed() => self.lead(),
                Ok(()) = fleet.changed() => self.assess_soon(),
                Some(write) = self.writes.join_next() => self.wrote(write),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            self.wake();
            self.write();
        }
    }

    /// Takes what a watch tells, and with it what has come meanwhile.
    fn take(&mut self, change: Change) {
        let mut matters = self.world.apply(change);
        while let Ok(change) = self.inputs.changes.try_recv() {
            matters |= self.world.apply(change);
        }
        if matters {
            self.reconcile();
        } else {
            self.assess_soon();
        }
    }

    /// Does what was put off until now.
    fn wake(&mut self) {
        let now = Instant::now();
        if self.fetching.is_some_and(|since| since + FETCHING <= now) {
            self.reconcile();
        }
        if self.assess_at.is_some_and(|at| at <= now) {
            self.assess();
        }
    }

    /// From what is known to what data planes should have.
    fn reconcile(&mut self) {
        let lacks = self.world.lacks();
        let complete = lacks.is_none();
        self.outputs.lacks.send_replace(lacks);
        if !complete {
            return;
        }
        let mut objects = self.world.dereference();
        if !self.fetch(&objects) {
            return;
        }
        self.world.mark_unknown(&self.referred, &mut objects);
        // A watch also tells of the statuses that we write ourselves.
        if self.bundle.is_none() || !is_same(&objects, &self.kept) {
            self.compile(objects);
        }
        self.assess();
    }

    /// Watches what is referred to; whether all of it is known, or has been waited for long enough. The first time
    /// nothing is long enough: what an operator does not know yet must not be taken from data planes that have it.
    fn fetch(&mut self, objects: &Objects) -> bool {
        let mut referred = references::of(objects);
        // What stays in force though it is no longer written still needs its credentials.
        referred.append(&mut references::of(&self.kept.objects));
        if referred != self.referred {
            self.outputs.named.follow(&referred);
            self.world.forget_others(&referred);
            self.referred = referred;
        }
        if !self.world.lacks_any_of(&self.referred) {
            self.fetching = None;
            return true;
        }
        if self.bundle.is_none() {
            let lacks = "not every Secret and ConfigMap that is referred to has come yet";
            self.outputs.lacks.send_replace(Some(lacks.to_owned()));
            return false;
        }
        let since = *self.fetching.get_or_insert_with(Instant::now);
        let over = since.elapsed() >= FETCHING;
        if over {
            self.fetching = None;
        }
        over
    }

    fn compile(&mut self, objects: Objects) {
        let began = Instant::now();
        self.kept = keep(&self.kept.objects, objects);
        self.outputs.metrics.compiled(began.elapsed().as_secs_f64());
        self.publish();
    }

    /// There is another certificate.
    fn identify(&mut self) {
        // Before anything was compiled a bundle would be empty, and take everything from data planes.
        if self.bundle.is_some() {
            self.publish();
        }
    }

    fn publish(&mut self) {
        let identity = self.inputs.identity.borrow_and_update().clone();
        let snapshot = self.kept.compiled.snapshot.clone();
        let experimenting = snapshot.routes.iter().filter(|route| has_experiment(route));
        self.experimenting = experimenting.map(|route| route.name.clone()).collect();
        match Bundle::new(snapshot, identity, &self.broken()) {
            Ok(bundle) => {
                self.bundle = Some(Arc::new(bundle));
                self.offer();
            }
            Err(error) => tracing::error!(%error, "the configuration cannot be encoded: this is a bug"),
        }
    }

    /// The resources that say why an object is broken by itself. What it lost is another matter: that is in force at
    /// once.
    fn broken(&self) -> BTreeSet<ResourceName> {
        let verdicts = self.kept.compiled.verdicts.iter();
        let broken = verdicts.filter(|verdict| verdict.is_at_fault());
        broken
            .filter_map(|verdict| resource_name(&verdict.object))
            .collect()
    }

    /// Offers the bundle to data planes, if we lead.
    fn offer(&self) {
        let leads = *self.inputs.leading.borrow();
        let offered = self.bundle.clone().filter(|_| leads);
        self.outputs.bundles.send_if_modified(|before| {
            let changed = *before != offered;
            *before = offered;
            changed
        });
    }

    fn lead(&mut self) {
        let leads = *self.inputs.leading.borrow_and_update();
        self.outputs.metrics.leading(leads);
        self.board.clear();
        self.offer();
        self.assess();
    }

    fn assess_soon(&mut self) {
        self.assess_at.get_or_insert_with(|| Instant::now() + ASSESSING);
    }

    /// What should be said of every object now.
    fn assess(&mut self) {
        self.assess_at = None;
        let (connected, serving) = self.outputs.fleet.size();
        self.outputs.metrics.fleet(connected, serving);
        let Some(bundle) = self.bundle.clone() else { return };
        let leads = *self.inputs.leading.borrow();
        let now = Instant::now();
        let mut ready = [Kind::ProviderKey, Kind::LLMRoute, Kind::CachePolicy].map(|kind| (kind, 0, 0));
        for verdict in &self.kept.compiled.verdicts {
            let object = &verdict.object;
            let (Some(standing), Some(name)) = (self.world.standing(object), resource_name(object)) else {
                continue;
            };
            let (said, programming) = self.progress(verdict, &name, &bundle);
            let earlier = standing.status.as_ref();
            let wanted = Status {
                experiments: self.experiments(&name, earlier, &bundle),
                ..status(said, &programming, standing.generation, earlier, Timestamp::now())
            };
            count(&mut ready, object.kind, &wanted);
            if leads {
                self.board.want(object, earlier, wanted, now);
            }
        }
        for (kind, ready, not_ready) in ready {
            self.outputs.metrics.objects(kind, ready, not_ready);
        }
        let world = &self.world;
        self.board.retain(|object| world.standing(object).is_some());
    }

    /// The verdict on an object as it is written, and how far it has come.
    fn progress<'a>(
        &'a self,
        verdict: &'a Verdict,
        name: &ResourceName,
        bundle: &Bundle,
    ) -> (&'a Verdict, Programming) {
        let tally = || {
            let version = bundle.get(name).map(|resource| &resource.version);
            self.outputs.fleet.tally(name, version)
        };
        match self.kept.as_written.get(&verdict.object) {
            Some(written) => (written, Programming::LastGood(tally())),
            None if !verdict.in_force && verdict.severity == Severity::Broken => {
                (verdict, Programming::Broken)
            }
            None => (verdict, Programming::Sent(tally())),
        }
    }

    /// What is to be said of the experiments of an object.
    fn experiments(
        &self,
        name: &ResourceName,
        earlier: Option<&Status>,
        bundle: &Bundle,
    ) -> Vec<ExperimentStatus> {
        if name.kind != ResourceKind::Route || !self.experimenting.contains(&name.object) {
            return Vec::new();
        }
        let version = bundle.get(name).map(|resource| &resource.version);
        experiments::said(&self.outputs.fleet.experiments(name, version), earlier)
    }

    /// Begins to write what is due.
    fn write(&mut self) {
        let free = MOST_WRITES.saturating_sub(self.board.writing());
        for (object, status) in self.board.due(Instant::now(), free) {
            let Some(standing) = self.world.standing(&object).cloned() else {
                self.board.done(&object);
                continue;
            };
            let scribe = self.outputs.scribe.clone();
            self.writes.spawn(async move {
                let result = scribe.write(&object, &standing, &status).await;
                let uid = standing.uid;
                Write {
                    object,
                    uid,
                    status,
                    result,
                }
            });
        }
    }

    fn wrote(&mut self, write: Result<Write, tokio::task::JoinError>) {
        let Write {
            object,
            uid,
            status,
            result,
        } = match write {
            Ok(write) => write,
            Err(error) => {
                tracing::error!(%error, "writing a status failed: this is a bug");
                return;
            }
        };
        match result {
            Ok(()) => {
                self.outputs.metrics.wrote(Written::Done);
                self.world.note_status(&object, &uid, status);
                self.board.done(&object);
            }
            Err(error) if is_gone(&error) => self.board.done(&object),
            Err(error) => {
                self.outputs.metrics.wrote(Written::Failed);
                tracing::warn!("the status of {object} cannot be written: {error}");
                self.board
                    .failed(&object, status, Instant::now(), fastrand::f64());
            }
        }
    }
}

/// The resource that an object becomes; `None`: it goes into others.
fn resource_name(object: &ObjectRef) -> Option<ResourceName> {
    let kind = match object.kind {
        Kind::ProviderKey => ResourceKind::Provider,
        Kind::LLMRoute => ResourceKind::Route,
        Kind::CachePolicy => ResourceKind::Cache,
        Kind::Secret | Kind::ConfigMap | Kind::Namespace => return None,
    };
    Some(ResourceName::new(kind, object.name.clone()))
}

/// Whether compiling would come to the same. What stays in force though it was broken is compared as it is written.
fn is_same(objects: &Objects, kept: &Kept) -> bool {
    kept.as_written.is_empty() && *objects == kept.objects
}

/// The object was deleted, or deleted and made anew.
fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if [404, 409].contains(&status.code))
}

fn has_experiment(route: &Route) -> bool {
    match &route.rules {
        RouteRules::Rules(rules) => rules.iter().any(|rule| rule.experiment.is_some()),
        RouteRules::Broken(_) => false,
    }
}

fn count(ready: &mut [(Kind, usize, usize); 3], kind: Kind, status: &Status) {
    let is_ready = condition(status, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
    for (_, yes, no) in ready.iter_mut().filter(|(counted, ..)| *counted == kind) {
        *yes += usize::from(is_ready);
        *no += usize::from(!is_ready);
    }
}

#[cfg(test)]
mod tests;
