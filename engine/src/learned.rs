//! What is learned while calls are made, by name: by this replica, and by all together.
//!
//! ```text
//!      calls ──observe──► Shared: own parts ──┐
//! plans, pages ◄──sum───  + sum of others' ◄──┤
//!                                             Learned (all tables, by name)
//! ```
//! A table is made in one line, [`Learned::table`], and everything in it is kept.

mod shared;

use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wayleave_core::evidence::Part;

pub(crate) use self::shared::Shared;
use crate::metrics::LearnedMetrics;

/// A part that can be kept.
pub(crate) trait Learnable:
    Part<Sum: Clone + Send> + Clone + Default + Serialize + DeserializeOwned + Send + 'static
{
}

impl<P> Learnable for P where
    P: Part<Sum: Clone + Send> + Clone + Default + Serialize + DeserializeOwned + Send + 'static
{
}

/// A table, whatever its parts are.
pub(crate) trait Table: Debug + Send + Sync {
    /// How many names it has.
    fn len(&self) -> usize;
}

/// All tables of an engine.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    tables: Vec<(&'static str, Arc<dyn Table>)>,
}

impl Learned {
    /// Makes a table. Its name is that under which it is kept: it must not change, nor what its parts mean.
    pub(crate) fn table<P: Learnable>(&mut self, name: &'static str) -> Arc<Shared<P>> {
        let table = Arc::new(Shared::default());
        self.tables.push((name, Arc::<Shared<P>>::clone(&table)));
        table
    }

    /// Tells how many names each table has.
    pub(crate) fn measure(&self, metrics: &LearnedMetrics) {
        for (name, table) in &self.tables {
            metrics.names(name, table.len());
        }
    }
}
