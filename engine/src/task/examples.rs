//! The vectors of the examples of classes: made once for each configuration, in the background of the call that first
//! needs them and in its books.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use wayleave_core::digest::Digest;
use wayleave_core::table::{ActiveClassifier, ActiveRule, ActiveTasks, Table};
use wayleave_core::walk::Role;

use crate::cache::store::Vector;
use crate::context::CallContext;
use crate::embedding::embed_all;

/// Texts that are asked for at once.
const BATCH: usize = 32;
/// How long a batch may take. No call waits for it longer than its own timeout.
const BATCH_TIMEOUT: Duration = Duration::from_secs(30);
/// How long after a failure nobody tries again; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Vectors, each with the place of its class.
type Vectors = Arc<[(usize, Vector)]>;

/// The vectors of all examples of the configuration in force.
#[derive(Debug, Default)]
pub(crate) struct Examples(Mutex<HashMap<Digest, Arc<Set>>>);

/// Those of one rule.
#[derive(Debug, Default)]
struct Set {
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// What has come so far.
    made: Vec<(usize, Vector)>,
    whole: Option<Vectors>,
    under_way: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// What is wanted.
pub(super) struct Wanted<'a> {
    /// Names the set.
    pub(super) name: Digest,
    pub(super) rule: &'a Arc<ActiveRule>,
    pub(super) tasks: &'a ActiveTasks,
}

impl Examples {
    /// Forgets what a configuration does not have.
    pub(crate) fn configure(&self, table: &Table) {
        let rules = table
            .routes()
            .iter()
            .filter_map(|route| route.rules.as_ref().ok());
        let tasks = rules.flatten().filter_map(|rule| rule.tasks.as_ref());
        let named = tasks.filter_map(|tasks| match &tasks.classifier {
            ActiveClassifier::Embedding { examples, .. } => Some(*examples),
            ActiveClassifier::Rules | ActiveClassifier::Model { .. } => None,
        });
        let named: HashSet<Digest> = named.collect();
        self.sets().retain(|name, _| named.contains(name));
    }

    /// The vectors. `None`: they are not there by then.
    pub(super) async fn of(
        &self,
        call: &Arc<CallContext>,
        wanted: Wanted<'_>,
        until: Instant,
    ) -> Option<Vectors> {
        let set = Arc::clone(self.sets().entry(wanted.name).or_default());
        let mut progress = set.progress.subscribe();
        if set.begin() {
            let texts = texts(wanted.tasks);
            let making = Making {
                set,
                held: call.hold(),
            };
            let (call, rule) = (Arc::clone(call), Arc::clone(wanted.rule));
            let tasks = call.core.tasks.clone();
            tasks.spawn(async move { making.run(&call, &rule, &texts).await });
        }
        let over = |progress: &Progress| progress.whole.is_some() || !progress.under_way;
        let seen = timeout_at(until, progress.wait_for(over)).await.ok()?.ok()?;
        seen.whole.clone()
    }

    fn sets(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Set>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Set {
    /// Whether whoever asks is to make them.
    fn begin(&self) -> bool {
        self.progress.send_if_modified(|progress| {
            let waits = progress.not_before.is_some_and(|at| Instant::now() < at);
            let begins = progress.whole.is_none() && !progress.under_way && !waits;
            progress.under_way |= begins;
            begins
        })
    }
}

/// Examples on their way to vectors. However it ends, others can begin after it.
struct Making {
    set: Arc<Set>,
    /// The call's books stay open.
    held: crate::context::Held,
}

impl Making {
    async fn run(self, call: &Arc<CallContext>, rule: &Arc<ActiveRule>, texts: &[(usize, Arc<str>)]) {
        loop {
            let made = self.set.progress.borrow().made.len();
            let batch: Vec<_> = texts.iter().skip(made).take(BATCH).collect();
            if batch.is_empty() {
                return self.end();
            }
            let words: Vec<&str> = batch.iter().map(|(_, text)| &**text).collect();
            let Some(vectors) = embed_all(call, rule, &words, (Role::Classifier, BATCH_TIMEOUT)).await else {
                return;
            };
            let classes = batch.iter().map(|(class, _)| *class);
            self.set.progress.send_modify(|progress| {
                progress.made.extend(classes.zip(vectors));
            });
        }
    }

    fn end(self) {
        self.set.progress.send_modify(|progress| {
            progress.whole = Some(std::mem::take(&mut progress.made).into());
        });
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.set.progress.send_modify(|progress| {
            progress.under_way = false;
            if progress.whole.is_none() {
                let wait = FIRST_WAIT.saturating_mul(1 << progress.failures.min(16));
                progress.failures = progress.failures.saturating_add(1);
                progress.not_before = Some(Instant::now() + wait.min(LONGEST_WAIT));
            }
        });
        self.held.release();
    }
}

fn texts(tasks: &ActiveTasks) -> Vec<(usize, Arc<str>)> {
    let classes = tasks.classes.iter().enumerate();
    let texts = classes.flat_map(|(place, class)| {
        let examples = class.spec.examples.iter();
        examples.map(move |example| (place, Arc::clone(example)))
    });
    texts.collect()
}
