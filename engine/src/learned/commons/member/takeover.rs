//! What a replica leaves behind that is gone, another one takes over.

use std::sync::Arc;

use super::{Member, SILENCE, field, name};
use crate::learned::commons::scripts::{List, PAGE, Said, Takeover};
use crate::metrics::Fault;

/// What is asked to be taken over.
pub(in crate::learned::commons) struct Pending {
    takeover: Takeover,
    /// The table, and the name there.
    rows: Vec<(&'static str, Arc<str>)>,
}

impl Member {
    /// Takes over what those left behind that are gone.
    pub(in crate::learned::commons) async fn take_over(&mut self, list: &List) -> Result<(), Fault> {
        // Any of those that are there may do it: that all try at once is of no use, and of no harm.
        if fastrand::usize(0..=self.present(list)) > 0 {
            return Ok(());
        }
        for gone in self.others(list) {
            let silent = list
                .heard
                .get(&gone)
                .is_some_and(|heard| list.silent(*heard) >= SILENCE);
            while silent && self.prepare(&gone) {
                if !self.resolve().await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Some of the parts of a replica, to be asked for. `false`: it has none that this one knows how to merge.
    pub(in crate::learned::commons) fn prepare(&mut self, gone: &str) -> bool {
        let Some(seen) = self.seen.get(gone) else {
            return false;
        };
        let mut rows = Vec::new();
        let mut merged = Vec::new();
        for (table, known) in self.tables.iter() {
            for (name, part) in known.merged(gone, PAGE - merged.len()) {
                merged.push((field(table, &name), part));
                rows.push((table, name));
            }
        }
        if rows.is_empty() {
            return false;
        }
        let takeover = Takeover {
            gone: gone.to_owned(),
            seq: seen.seq,
            cut: seen.cut,
            token: name(),
            silence: SILENCE,
            merged,
        };
        self.pending = Some(Pending { takeover, rows });
        true
    }

    pub(in crate::learned::commons) async fn ask_for_pending(&self) -> Result<Said, Fault> {
        let pending = self.pending.as_ref().ok_or(Fault::Refused)?;
        let scripts = self.scripts()?;
        scripts
            .take(&self.replica, self.seq.server, &pending.takeover)
            .await
    }

    /// Asks for what is pending, until the answer is known. `false`: there is nothing, or it is not this replica's.
    pub(in crate::learned::commons) async fn resolve(&mut self) -> Result<bool, Fault> {
        if self.pending.is_none() {
            return Ok(false);
        }
        let said = self.ask_for_pending().await?;
        let Some(Pending { takeover, rows }) = self.pending.take() else {
            return Ok(false);
        };
        match said {
            Said::Done(seq) => {
                for (table, name) in &rows {
                    if let Some(known) = self.tables.get(table) {
                        known.merge(&takeover.gone, name);
                    }
                }
                if let Some(seen) = self.seen.get_mut(&takeover.gone) {
                    seen.cut += 1;
                }
                self.seq.is(seq);
                self.metrics.taken_over(rows.len());
                return Ok(true);
            }
            Said::OutOfStep(seq) => self.out_of_step(seq),
            Said::Gone => self.begin_anew(),
            Said::Refused => {}
        }
        Ok(false)
    }
}
