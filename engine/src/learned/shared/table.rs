//! A table as whoever keeps it sees it.

use std::cmp::Reverse;
use std::sync::Arc;

use super::Shared;
use super::row::State;
use crate::learned::{LARGEST_PART, LONGEST_NAME, Learnable, Sent, Table};

/// Rows that are copied at once: calls wait meanwhile.
const PAGE: usize = 256;

impl<P: Learnable> Shared<P> {
    /// The own parts of these, as JSON.
    fn copies(&self, names: &[Arc<str>]) -> Vec<(Arc<str>, String)> {
        let mut copies = Vec::new();
        for page in names.chunks(PAGE) {
            let rows = self.lock();
            let parts: Vec<_> = page
                .iter()
                .filter_map(|name| Some((Arc::clone(name), rows.by_name.get(name)?.own.clone())))
                .collect();
            drop(rows);
            copies.extend(
                parts
                    .into_iter()
                    .filter_map(|(name, part)| Some((name, text(&part)?))),
            );
        }
        copies
    }
}

impl<P: Learnable> Table for Shared<P> {
    fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    fn observed(&self) -> u64 {
        self.lock().observed
    }

    fn dump(&self) -> Vec<(Arc<str>, String)> {
        let rows = self.lock();
        let own = rows.by_name.iter().filter(|(_, row)| row.state != State::Empty);
        let mut names: Vec<_> = own
            .map(|(name, row)| (Reverse(row.touched), Arc::clone(name)))
            .collect();
        drop(rows);
        names.sort_unstable();
        let names: Vec<_> = names.into_iter().map(|(_, name)| name).collect();
        self.copies(&names)
    }

    fn restore(&self, name: &str, part: &str) -> bool {
        let Some(part) = parsed(name, part) else {
            return false;
        };
        self.lock().row(name).observe(|own| *own = part);
        true
    }

    fn changed(&self, most: usize) -> Vec<(Arc<str>, String)> {
        let mut rows = self.lock();
        let changed = rows
            .by_name
            .iter_mut()
            .filter(|(_, row)| row.state.is_to_be_written());
        let names: Vec<_> = changed
            .take(most)
            .map(|(name, row)| {
                row.send();
                Arc::clone(name)
            })
            .collect();
        drop(rows);
        self.copies(&names)
    }

    fn sent(&self, names: &[Arc<str>], sent: Sent) {
        let mut rows = self.lock();
        for name in names {
            if let Some(row) = rows.by_name.get_mut(name) {
                row.sent(sent);
            }
        }
    }

    fn unwritten(&self) {
        self.lock().by_name.values_mut().for_each(super::Row::unwritten);
    }

    fn leave(&self) {
        self.lock().by_name.values_mut().for_each(super::Row::leave);
    }

    fn learn(&self, replica: &str, parts: &[(&str, &str)]) {
        for page in parts.chunks(PAGE) {
            let page: Vec<_> = page
                .iter()
                .filter_map(|(name, part)| Some((*name, parsed::<P>(name, part)?)))
                .collect();
            let mut rows = self.lock();
            for (name, part) in page {
                if let Some(row) = rows.row_of_others(name) {
                    row.learn(replica, &part);
                }
            }
        }
    }

    fn forget(&self, replica: &str) {
        self.lock().by_name.retain(|_, row| row.forget(replica));
    }

    fn merged(&self, replica: &str, most: usize) -> Vec<(Arc<str>, String)> {
        let rows = self.lock();
        let merged = rows
            .by_name
            .iter()
            .filter_map(|(name, row)| Some((Arc::clone(name), row.merged(replica)?)));
        let merged: Vec<_> = merged.take(most).collect();
        drop(rows);
        let texts = merged
            .iter()
            .filter_map(|(name, part)| Some((Arc::clone(name), text(part)?)));
        texts.collect()
    }

    fn merge(&self, replica: &str, name: &str) {
        let mut rows = self.lock();
        if let Some(row) = rows.by_name.get_mut(name) {
            row.merge(replica);
        }
    }
}

fn text<P: Learnable>(part: &P) -> Option<String> {
    let text = serde_json::to_string(part).ok()?;
    (text.len() <= LARGEST_PART).then_some(text)
}

/// Whoever can write to the store can write anything.
fn parsed<P: Learnable>(name: &str, part: &str) -> Option<P> {
    if name.len() > LONGEST_NAME || part.len() > LARGEST_PART {
        return None;
    }
    serde_json::from_str(part).ok()
}
