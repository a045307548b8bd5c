//! What is learned while calls are made, by name: by this replica, and by all together.
//!
//! ```text
//!      calls ──observe──► Shared: own parts ──┐        ┌─► Disk: the own parts of this process
//! plans, pages ◄──sum───  + sum of others' ◄──┤ keeper ┤
//!                                             └────────┴─► Commons: those of all replicas, in Redis
//! ```
//! A table is made in one line, [`Learned::table`], and everything in it is kept. No call waits for that: the keeper is
//! a task of its own.

mod commons;
mod disk;
mod keeper;
mod shared;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayleave_core::evidence::Part;

pub use self::commons::{BadPrefix, BadRedisUrl, CommonsOptions, Prefix, RedisUrl};
use self::disk::Disk;
use self::keeper::Keeper;
pub(crate) use self::shared::Shared;
use crate::StartError;
use crate::metrics::LearnedMetrics;

/// The most bytes of a name. What has a longer one, a model's name of a client's making, is not learned.
const LONGEST_NAME: usize = 512;
/// The most bytes of a part as JSON. A larger one is not kept.
const LARGEST_PART: usize = 64 << 10;

/// Where what is learned is kept.
#[derive(Clone, Debug)]
pub enum Keep {
    /// In a folder of this process alone.
    Folder(PathBuf),
    /// In Redis, together with what other replicas learn.
    Redis(CommonsOptions),
}

/// A part that can be kept.
pub(crate) trait Learnable:
    Part<Sum: Clone + Send> + Clone + Default + Serialize + DeserializeOwned + Send + 'static
{
}

impl<P> Learnable for P where
    P: Part<Sum: Clone + Send> + Clone + Default + Serialize + DeserializeOwned + Send + 'static
{
}

/// A table, whatever its parts are. Parts go in and out as JSON.
pub(crate) trait Table: Debug + Send + Sync {
    /// How many names it has.
    fn len(&self) -> usize;

    /// Grows with each observation.
    fn observed(&self) -> u64;

    /// The own parts, those that were touched last first.
    fn dump(&self) -> Vec<(Arc<str>, String)>;

    /// Takes what [`Table::dump`] gave for the own part of a name. `false`: it is not that.
    fn restore(&self, name: &str, part: &str) -> bool;

    /// Own parts that have changed since they were last asked for, at most so many.
    fn changed(&self, most: usize) -> Vec<(Arc<str>, String)>;
    /// What became of these.
    fn sent(&self, names: &[Arc<str>], sent: Sent);
    /// Whatever was written is to be written again.
    fn unwritten(&self);

    /// Begins anew, as another replica has taken in what was written.
    fn leave(&self);

    /// Parts of another replica.
    fn learn(&self, replica: &str, parts: &[(&str, &str)]);

    /// Another replica is no more, or is read anew.
    fn forget(&self, replica: &str);

    /// What own parts would be together with those of another replica, at most so many of those that this one has.
    fn merged(&self, replica: &str, most: usize) -> Vec<(Arc<str>, String)>;

    /// Makes one of them so.
    fn merge(&self, replica: &str, name: &str);
}

/// What became of parts that were to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// They are.
    Written,
    /// They are not.
    Refused,
    /// They may be.
    Unknown,
}

/// All tables, by name. Cheap to clone: all clones are one.
#[derive(Clone, Debug)]
struct Tables(Arc<[(&'static str, Arc<dyn Table>)]>);

/// All that an engine learns.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    tables: Vec<(&'static str, Arc<dyn Table>)>,
    keeper: Option<Keeper>,
}

impl Learned {
    /// Makes a table. Its name is that under which it is kept: it must not change, nor what its parts mean.
    pub(crate) fn table<P: Learnable>(&mut self, name: &'static str) -> Arc<Shared<P>> {
        let table = Arc::new(Shared::default());
        self.tables.push((name, Arc::<Shared<P>>::clone(&table)));
        table
    }

    /// Reads back what was learned before, and begins to keep what is learned. Has to be called inside a Tokio runtime.
    ///
    /// All tables have to be made by then.
    pub(crate) fn keep(&mut self, keep: &Keep, metrics: &LearnedMetrics) -> Result<(), StartError> {
        let tables = Tables(self.tables.as_slice().into());
        self.keeper = Some(match keep {
            Keep::Folder(folder) => {
                let disk = Disk::open(folder).map_err(|error| StartError::Learned {
                    path: folder.clone(),
                    error,
                })?;
                disk.restore(&tables);
                Keeper::of_disk(disk, tables, metrics.clone())
            }
            Keep::Redis(options) => Keeper::of_commons(options.clone(), tables, metrics.clone()),
        });
        Ok(())
    }

    /// Tells how many names each table has.
    pub(crate) fn measure(&self, metrics: &LearnedMetrics) {
        for (name, table) in &self.tables {
            metrics.names(name, table.len());
        }
    }

    /// Resolves when all that was learned before is kept, or cannot be.
    pub(crate) async fn flush(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.flush().await;
        }
    }
}

impl Tables {
    fn iter(&self) -> impl Iterator<Item = (&'static str, &dyn Table)> {
        self.0.iter().map(|(name, table)| (*name, &**table))
    }

    fn get(&self, name: &str) -> Option<&dyn Table> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, table)| table)
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn observed(&self) -> u64 {
        self.iter().map(|(_, table)| table.observed()).sum()
    }
}

#[cfg(test)]
mod tests;
