//! The one task that turns what a cluster says into what data planes get, and what becomes of it into statuses.

mod assessment;
mod referred;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use wayleave_core::resource::{Identity, ResourceKind, ResourceName};
use wayleave_core::snapshot::{ObjectName, Route, RouteRules};

use self::assessment::{Assessment, Readiness};
use self::referred::Referred;
use self::writes::{Outcome, Write, Writes};
use super::board::Board;
use super::named::NamedWatches;
use super::watch::Change;
use super::world::World;
use super::write::Scribe;
use crate::config::bundle::Bundle;
use crate::config::fleet::Fleet;
use crate::last_good::{Kept, keep};
use crate::metrics::{Metrics, Written};
use crate::object::{Kind, ObjectRef, Objects};

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
    bundles: watch::Sender<Option<Arc<Bundle>>>,
    fleet: Fleet,
    lacks: watch::Sender<Option<String>>,
    metrics: Arc<Metrics>,
    world: World,
    referred: Referred,
    kept: Kept,
    bundle: Option<Arc<Bundle>>,
    /// The routes that have experiments in force.
    experimenting: BTreeSet<ObjectName>,
    board: Board,
    writes: Writes,
    /// When it is looked at what should be said of every object.
    assess_at: Option<Instant>,
}

impl Controller {
    /// Of a cluster in which these namespaces are watched; none: all.
    pub fn new(inputs: Inputs, outputs: Outputs, namespaces: &[Arc<str>]) -> Self {
        Self {
            inputs,
            bundles: outputs.bundles,
            fleet: outputs.fleet,
            lacks: outputs.lacks,
            metrics: outputs.metrics,
            world: World::new(namespaces),
            referred: Referred::new(outputs.named),
            kept: Kept::default(),
            bundle: None,
            experimenting: BTreeSet::new(),
            board: Board::default(),
            writes: Writes::new(outputs.scribe),
            assess_at: None,
        }
    }

    /// Until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut fleet = self.fleet.changes();
        loop {
            let wake = [self.board.next(), self.referred.over_at(), self.assess_at];
            let wake = wake.into_iter().flatten().min();
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(change) = self.inputs.changes.recv() => self.take(change),
                Ok(()) = self.inputs.identity.changed() => self.identify(),
                Ok(()) = self.inputs.leading.changed() => self.lead(),
                Ok(()) = fleet.changed() => self.assess_soon(),
                Some(write) = self.writes.next() => self.wrote(write),
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
        if self.referred.over_at().is_some_and(|at| at <= now) {
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
        self.lacks.send_replace(lacks);
        if !complete {
            return;
        }
        let mut objects = self.world.dereference();
        if !self.fetch(&objects) {
            return;
        }
        self.world.mark_unknown(self.referred.objects(), &mut objects);
        // A watch also tells of the statuses that we write ourselves.
        if self.bundle.is_none() || !is_same(&objects, &self.kept) {
            self.compile(objects);
        }
        self.assess();
    }

    /// Watches what is referred to; whether all of it is known, or has been waited for long enough. The first time
    /// nothing is long enough: what an operator does not know yet must not be taken from data planes that have it.
    fn fetch(&mut self, objects: &Objects) -> bool {
        self.referred.follow(objects, &self.kept.objects, &mut self.world);
        if self.referred.is_known(&self.world) {
            self.referred.settle();
            return true;
        }
        if self.bundle.is_none() {
            let lacks = "not every Secret and ConfigMap that is referred to has come yet";
            self.lacks.send_replace(Some(lacks.to_owned()));
            return false;
        }
        self.referred.wait()
    }

    fn compile(&mut self, objects: Objects) {
        let began = Instant::now();
        self.kept = keep(&self.kept.objects, objects);
        self.metrics.compiled(began.elapsed().as_secs_f64());
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
        self.bundles.send_if_modified(|before| {
            let changed = *before != offered;
            *before = offered;
            changed
        });
    }

    fn lead(&mut self) {
        let leads = *self.inputs.leading.borrow_and_update();
        self.metrics.leading(leads);
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
        let (connected, serving) = self.fleet.size();
        self.metrics.fleet(connected, serving);
        let Some(bundle) = self.bundle.clone() else { return };
        let leads = *self.inputs.leading.borrow();
        let now = Instant::now();
        let assessment = Assessment {
            kept: &self.kept,
            bundle: &bundle,
            fleet: &self.fleet,
            experimenting: &self.experimenting,
        };
        let mut readiness = Readiness::new();
        for verdict in &self.kept.compiled.verdicts {
            let object = &verdict.object;
            let (Some(standing), Some(name)) = (self.world.standing(object), resource_name(object)) else {
                continue;
            };
            let wanted = assessment.status(verdict, &name, standing);
            readiness.count(object.kind, &wanted);
            if leads {
                self.board.want(object, standing.status.as_ref(), wanted, now);
            }
        }
        readiness.tell(&self.metrics);
        let world = &self.world;
        self.board.retain(|object| world.standing(object).is_some());
    }

    /// Begins to write what is due.
    fn write(&mut self) {
        let free = MOST_WRITES.saturating_sub(self.board.writing());
        for (object, status) in self.board.due(Instant::now(), free) {
            let Some(standing) = self.world.standing(&object).cloned() else {
                self.board.done(&object);
                continue;
            };
            self.writes.begin(object, standing, status);
        }
    }

    fn wrote(&mut self, write: Write) {
        let Write {
            object,
            uid,
            status,
            outcome,
        } = write;
        match outcome {
            Outcome::Written => {
                self.metrics.wrote(Written::Done);
                self.world.note_status(&object, &uid, status);
                self.board.done(&object);
            }
            Outcome::Gone => self.board.done(&object),
            Outcome::Failed(error) => {
                self.metrics.wrote(Written::Failed);
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

fn has_experiment(route: &Route) -> bool {
    match &route.rules {
        RouteRules::Rules(rules) => rules.iter().any(|rule| rule.experiment.is_some()),
        RouteRules::Broken(_) => false,
    }
}

#[cfg(test)]
mod tests;
