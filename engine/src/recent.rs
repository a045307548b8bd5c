//! What recent calls were, for whatever is said of them later.

mod commons;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use self::commons::Commons;
use crate::context::CallContext;
use crate::evidence::{Kind, Name};
use crate::experiment::Tried;
use crate::learned::Keep;
use crate::metrics::LearnedMetrics;

/// Calls that are remembered at most.
const MOST: usize = 100_000;
/// How long.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// The names under which there may be feedback on one call.
pub(crate) const MOST_NAMES: usize = 16;

/// Calls that are over.
#[derive(Debug)]
pub(crate) struct Recent {
    own: Mutex<Own>,
    /// Those of all replicas, where they share what they learn.
    commons: Option<Commons>,
}

/// This replica's own.
#[derive(Debug, Default)]
struct Own {
    calls: HashMap<Arc<str>, Arc<Call>>,
    /// In the order of their coming, with when that was.
    order: VecDeque<(Instant, Arc<str>)>,
}

/// What a call was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Was {
    /// `NAMESPACE/NAME` of the route.
    pub(crate) route: Arc<str>,
    /// The rule's place in it.
    pub(crate) rule: usize,
    /// What the ledger calls the client.
    pub(crate) client: Option<Arc<str>>,
    /// Who answered it; `None`: nobody did, or what had been kept of another call.
    pub(crate) served: Option<Served>,
}

/// Who answered a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) kind: Kind,
    pub(crate) name: Name,
    /// The arm of an experiment, if it was in one.
    pub(crate) arm: Option<Arm>,
}

/// An arm of an experiment, however that is configured by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arm {
    /// What tells the experiment from all others.
    pub(crate) experiment: Arc<str>,
    /// The arm's name.
    pub(crate) name: Arc<str>,
    /// The class of the call's task.
    pub(crate) class: Option<Arc<str>>,
}

/// A call, and the names under which there is feedback on it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) was: Was,
    given: Mutex<Vec<String>>,
}

/// Whether feedback is the first of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    First,
    /// There is some already.
    Again,
    /// There are too many names.
    TooMany,
}

impl Recent {
    /// Has to be called inside a Tokio runtime.
    pub(crate) fn new(keep: Option<&Keep>, metrics: &LearnedMetrics) -> Self {
        let commons = match keep {
            Some(Keep::Redis(options)) => Some(Commons::start(options.clone(), metrics.clone())),
            Some(Keep::Folder(_)) | None => None,
        };
        Self {
            own: Mutex::default(),
            commons,
        }
    }

    /// An attempt has answered a call.
    pub(crate) fn served(&self, call: &CallContext, name: &Name, tried: Option<Tried>) {
        let arm = tried.and_then(|tried| {
            let name = Arc::clone(&tried.arm()?.name);
            Some(Arm {
                experiment: Arc::clone(&tried.experiment.fingerprint),
                name,
                class: tried.class,
            })
        });
        let served = Served {
            kind: Kind::of(&call.routed, call.task()),
            name: name.clone(),
            arm,
        };
        self.keep(call, Some(served));
    }

    /// A call is over, whoever has answered it.
    pub(crate) fn ended(&self, call: &CallContext) {
        let known = self.lock().calls.contains_key(&call.id);
        if !known {
            self.keep(call, None);
        }
    }

    fn keep(&self, call: &CallContext, served: Option<Served>) {
        let was = Was {
            route: call.route_name(),
            rule: call.rule(),
            client: call.client_name.clone(),
            served,
        };
        self.put(&call.id, was);
    }

    fn put(&self, id: &Arc<str>, was: Was) {
        if let Some(commons) = &self.commons {
            commons.keep(id, &was);
        }
        self.lock().keep(id, Arc::new(Call::new(was)));
    }

    /// What a call was, for the client that made it. `None`: nobody else is to know that there was one.
    pub(crate) async fn find(&self, id: &str, client: Option<&str>) -> Option<Arc<Call>> {
        let own = self.lock().find(id);
        let call = match (own, &self.commons) {
            (Some(call), _) => call,
            (None, None) => return None,
            (None, Some(commons)) => {
                let call = Arc::new(Call::new(commons.find(id).await?));
                let mut own = self.lock();
                // Somebody else may have found it meanwhile.
                if let Some(found) = own.find(id) {
                    found
                } else {
                    own.keep(&id.into(), Arc::clone(&call));
                    call
                }
            }
        };
        (call.was.client.as_deref() == client).then_some(call)
    }

    fn lock(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether feedback is the first of its name: the next of that name is not, at any replica.
    pub(crate) async fn claim(&self, id: &str, call: &Call, name: &str) -> Claim {
        let own = call.claim(name);
        match (own, &self.commons) {
            // Where the server cannot say, this replica alone does.
            (Claim::First, Some(commons)) => commons.claim(id, name).await.unwrap_or(own),
            _ => own,
        }
    }
}

impl Own {
    /// Keeps a call, and lets go of those that are too many or too old.
    fn keep(&mut self, id: &Arc<str>, call: Arc<Call>) {
        let now = Instant::now();
        if self.calls.insert(Arc::clone(id), call).is_none() {
            self.order.push_back((now, Arc::clone(id)));
        }
        self.forget(now);
    }

    fn find(&mut self, id: &str) -> Option<Arc<Call>> {
        self.forget(Instant::now());
        self.calls.get(id).cloned()
    }

    fn forget(&mut self, now: Instant) {
        while let Some((since, oldest)) = self.order.front()
            && (self.order.len() > MOST || now.duration_since(*since) > REMEMBERED)
        {
            self.calls.remove(oldest);
            self.order.pop_front();
        }
    }
}

impl Call {
    fn new(was: Was) -> Self {
        Self {
            was,
            given: Mutex::default(),
        }
    }

    fn claim(&self, name: &str) -> Claim {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.iter().any(|known| known == name) {
            return Claim::Again;
        }
        if given.len() >= MOST_NAMES {
            return Claim::TooMany;
        }
        given.push(name.to_owned());
        Claim::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::store::process::{Process, until};
    use crate::learned::CommonsOptions;
    use crate::metrics::Metrics;

    #[test]
    fn each_name_counts_once_and_there_are_few() {
        let call = Call::new(Was {
            route: "team/chat".into(),
            rule: 0,
            client: None,
            served: None,
        });
        assert_eq!(call.claim("score"), Claim::First);
        assert_eq!(call.claim("score"), Claim::Again);
        for name in 1..MOST_NAMES {
            assert_eq!(call.claim(&name.to_string()), Claim::First);
        }
        assert_eq!(call.claim("one more"), Claim::TooMany);
        assert_eq!(call.claim("1"), Claim::Again);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_are_forgotten() {
        let recent = Recent::new(None, Metrics::new().learned());
        let known = async |id: &str| recent.find(id, Some("client")).await.is_some();
        recent.put(&"first".into(), was());
        tokio::time::advance(REMEMBERED).await;
        recent.put(&"second".into(), was());
        assert!(known("first").await, "it is old enough in a moment");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!known("first").await && known("second").await);
        for number in 0..MOST {
            recent.put(&number.to_string().into(), was());
        }
        assert!(!known("second").await && known("0").await);
        let own = recent.lock();
        assert_eq!((own.calls.len(), own.order.len()), (MOST, MOST));
    }

    fn was() -> Was {
        Was {
            route: "team/chat".into(),
            rule: 3,
            client: Some("client".into()),
            served: None,
        }
    }

    #[tokio::test]
    async fn any_replica_knows_the_calls_of_all() {
        let Some(mut process) = Process::start(&[]).await else {
            return;
        };
        let keep = Keep::Redis(CommonsOptions {
            url: process.url().parse().unwrap(),
            user: None,
            password: None,
            cluster: false,
            ca_file: None,
            prefix: "test".parse().unwrap(),
        });
        let metrics = Metrics::new();
        let replica = || Recent::new(Some(&keep), metrics.learned());
        let (one, two, three) = (replica(), replica(), replica());
        until("the call is known elsewhere", async || {
            // Before there is a connection it is dropped.
            one.put(&"call".into(), was());
            two.find("call", Some("client")).await
        })
        .await;
        assert_eq!(two.find("call", Some("client")).await.unwrap().was, was());
        assert!(two.find("call", Some("another")).await.is_none());
        assert!(two.find("call", None).await.is_none());
        assert!(two.find("no call", Some("client")).await.is_none());
        let claim = async |replica: &Recent, name: &str| {
            let call = replica.find("call", Some("client")).await.unwrap();
            replica.claim("call", &call, name).await
        };
        assert_eq!(claim(&two, "score").await, Claim::First);
        assert_eq!(claim(&one, "score").await, Claim::Again);
        assert_eq!(claim(&two, "score").await, Claim::Again);
        for name in 1..MOST_NAMES {
            assert_eq!(claim(&one, &name.to_string()).await, Claim::First);
        }
        until("it is known to the third", async || {
            three.find("call", Some("client")).await
        })
        .await;
        assert_eq!(claim(&three, "one more").await, Claim::TooMany);
        process.kill();
        // What is known here is known without the server.
        one.put(&"later".into(), was());
        let call = one.find("later", Some("client")).await.unwrap();
        assert_eq!(one.claim("later", &call, "score").await, Claim::First);
        assert_eq!(one.claim("later", &call, "score").await, Claim::Again);
        assert!(two.find("later", Some("client")).await.is_none());
    }
}
