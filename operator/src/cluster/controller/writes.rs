//! Statuses on their way to the API server.

use tokio::task::JoinSet;
use wayleave_api::condition::Status;

use crate::cluster::world::Standing;
use crate::cluster::write::Scribe;
use crate::object::ObjectRef;

/// The statuses that are being written.
#[derive(Debug)]
pub(super) struct Writes {
    scribe: Scribe,
    tasks: JoinSet<Write>,
}

/// How the writing of a status went.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) object: ObjectRef,
    pub(super) uid: String,
    pub(super) status: Status,
    pub(super) outcome: Outcome,
}

/// What became of a status.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It stands there.
    Written,
    /// The object was deleted, or deleted and made anew.
    Gone,
    /// It has to be tried again.
    Failed(kube::Error),
}

impl Writes {
    /// None yet.
    pub(super) fn new(scribe: Scribe) -> Self {
        Self {
            scribe,
            tasks: JoinSet::new(),
        }
    }

    /// Begins to write one.
    pub(super) fn begin(&mut self, object: ObjectRef, standing: Standing, status: Status) {
        let scribe = self.scribe.clone();
        self.tasks.spawn(async move {
            let outcome = match scribe.write(&object, &standing, &status).await {
                Ok(()) => Outcome::Written,
                Err(error) if is_gone(&error) => Outcome::Gone,
                Err(error) => Outcome::Failed(error),
            };
            Write {
                object,
                uid: standing.uid,
                status,
                outcome,
            }
        });
    }

    /// The next that ends; `None`: there is none.
    pub(super) async fn next(&mut self) -> Option<Write> {
        while let Some(write) = self.tasks.join_next().await {
            match write {
                Ok(write) => return Some(write),
                Err(error) => tracing::error!(%error, "writing a status failed: this is a bug"),
            }
        }
        None
    }
}

fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if [404, 409].contains(&status.code))
}
