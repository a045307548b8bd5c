//! Model names, indexed.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use crate::snapshot::ModelClaim;

/// Which route a model name leads to, by its place in the order of precedence.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    exact: HashMap<Arc<str>, usize>,
    /// Longest first, then in order of precedence.
    prefixes: Vec<(Arc<str>, usize)>,
}

impl NameIndex {
    /// The first claim of a name stands: routes come in order of precedence.
    pub(super) fn claim(&mut self, claim: &ModelClaim, route: usize) {
        match claim.pattern.strip_suffix('*') {
            Some(prefix) => self.prefixes.push((prefix.into(), route)),
            None => {
                self.exact.entry(Arc::clone(&claim.pattern)).or_insert(route);
            }
        }
    }

    pub(super) fn sort(&mut self) {
        self.prefixes
            .sort_by_key(|(prefix, route)| (Reverse(prefix.len()), *route));
    }

    pub(super) fn find_exact(&self, name: &str) -> Option<usize> {
        self.exact.get(name).copied()
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let by_prefix = || {
            self.prefixes
                .iter()
                .find(|(prefix, _)| name.starts_with(&**prefix))
        };
        self.find_exact(name)
            .or_else(|| by_prefix().map(|(_, route)| *route))
    }
}
