//! One call: what all its attempts share.

mod book;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::time::Instant;
use wayleave_core::cache::Consult;
use wayleave_core::digest::Digest;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::intake::Intake;
use wayleave_core::relay::ClientShape;
use wayleave_core::route::Routed;
use wayleave_core::table::ActiveRule;
use wayleave_core::task::Classified;
use wayleave_core::walk::Role;

use self::book::CallBook;
pub(crate) use self::book::{CallEnd, Held, millis};
use crate::engine::Core;
use crate::evidence::Kind;
use crate::metrics::Label;

/// One call.
#[derive(Debug)]
pub(crate) struct CallContext {
    pub(crate) core: Arc<Core>,
    pub(crate) id: Arc<str>,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    /// What the ledger calls the client; `None`: it showed no credential.
    pub(crate) client_name: Option<Arc<str>>,
    pub(crate) intake: Intake,
    pub(crate) routed: Routed,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    /// What it has to do with the cache of its route; `None`: there is none.
    pub(crate) consult: Option<Consult>,
    pub(crate) book: Mutex<CallBook>,
    /// What its conversation begins with, once it is asked for.
    pub(crate) conversation: OnceLock<Option<Digest>>,
    /// What it asks for, once that is known.
    pub(crate) task: OnceLock<Classified>,
    /// Whose it is.
    pub(crate) relation: Relation,
}

/// What a call is made for.
#[derive(Clone, Debug)]
pub(crate) enum Relation {
    /// A client's own.
    Own,
    /// A client's call needs it first: it is a part of what that costs.
    PartOf(Arc<CallContext>),
    /// It is made after a client's call, behind the client's back: in the books of that call, but no part of its cost.
    Behind(Arc<CallContext>, Role),
}

/// A request that the gateway makes by itself.
#[derive(Debug)]
pub(crate) struct Own {
    /// The rule by which it is asked.
    pub(crate) rule: Arc<ActiveRule>,
    /// What is called.
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    pub(crate) intake: Intake,
    /// How long it may take.
    pub(crate) within: Duration,
}

impl CallContext {
    /// A request that the gateway makes by itself, for a client's call.
    pub(crate) fn of_gateway(own: Own, whole: &Self, relation: Relation) -> Arc<Self> {
        let started = Instant::now();
        Arc::new(Self {
            core: Arc::clone(&whole.core),
            id: Arc::clone(&whole.id),
            endpoint: own.endpoint,
            headers: own.headers,
            client_name: whole.client_name.clone(),
            intake: own.intake,
            routed: Routed {
                route: Arc::clone(&whole.routed.route),
                rule: own.rule,
            },
            started,
            deadline: started + own.within,
            consult: None,
            book: Mutex::default(),
            conversation: OnceLock::new(),
            task: OnceLock::new(),
            relation,
        })
    }

    /// The call in whose books its attempts stand.
    fn whole(&self) -> &Self {
        match &self.relation {
            Relation::Own => self,
            Relation::PartOf(whole) | Relation::Behind(whole, _) => whole,
        }
    }

    /// The kind of calls that it is one of, for what is learned of them; `None`: clients make none of its kind.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match &self.relation {
            Relation::Own | Relation::Behind(_, Role::Shadow) => {
                let whole = self.whole();
                Some(Kind::of(&whole.routed, whole.task()))
            }
            Relation::PartOf(_) | Relation::Behind(_, _) => None,
        }
    }

    /// Whether it is made behind a client's back.
    pub(crate) const fn is_behind(&self) -> bool {
        matches!(self.relation, Relation::Behind(..))
    }

    pub(crate) fn client(&self) -> ClientShape {
        ClientShape {
            format: self.intake.format,
            framing: self.intake.framing,
            include_usage: self.intake.include_usage,
        }
    }

    /// What providers' prompt caches know its conversation by; `None`: it does not matter here.
    pub(crate) fn conversation(&self) -> Option<Digest> {
        let priced = self.routed.rule.is_priced();
        priced.then(|| *self.conversation.get_or_init(|| self.intake.conversation()))?
    }

    /// `NAMESPACE/NAME` of its route.
    pub(crate) fn route_name(&self) -> Arc<str> {
        Arc::clone(&self.routed.route.label)
    }

    /// The rule's place in the route, also for the parts of a call, which have rules of their own.
    pub(crate) fn rule(&self) -> usize {
        self.whole().routed.rule.index
    }

    pub(crate) fn route_label(&self) -> Label {
        Label(self.route_name())
    }

    /// What it asks for; `None`: that is not known yet, or its rule does not tell.
    pub(crate) fn task(&self) -> Option<&Classified> {
        self.whole().task.get()
    }

    /// It asks for this.
    pub(crate) fn set_task(&self, task: Classified) {
        self.core.metrics.task(self.route_label(), &task);
        let _ = self.task.set(task);
    }

    /// Whether a cache wants the provider's bytes.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(&self.consult, Some(Consult::Ask(ask)) if ask.lookup || ask.keep)
    }

    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub(crate) fn started_at(&self) -> Timestamp {
        self.core.clock.date(self.started)
    }
}
