//! What similar requests are found by, in a server that searches vectors, in the way that it has.
//!
//! Whatever comes back may have been put there by others: what cannot be read is not found.

mod search;
mod sets;

use std::time::Duration;

use redis::Value;
use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use super::Redis;
use super::server::{self, Wire};
use crate::cache::store::{Found, Item, Vector};
use crate::metrics::Fault;

/// How a server searches vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// In sets of vectors, as Redis has them since 8.2.
    VectorSets,
    /// In hashes that an index covers, as the search module does: Valkey's, or Redis'.
    Search,
}

/// What both take, in the order in which [`Dialect::among`] looks.
const COMMANDS: [&str; 4] = [
    "VSIM",
    // It came together with attributes in what is found.
    "VISMEMBER",
    "FT.SEARCH",
    "FT.CREATE",
];

impl Dialect {
    /// That of a server; `None`: it searches none, or says no to us.
    pub(super) async fn of(wire: &Wire) -> Result<Option<Self>, Fault> {
        match wire.know(&COMMANDS).await.map_err(|error| server::fault(&error)) {
            Ok(nodes) => Ok(Self::among(&nodes, wire.is_cluster())),
            Err(Fault::Refused | Fault::Credentials) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// That of nodes which say this of the commands.
    fn among(nodes: &[Vec<Value>], cluster: bool) -> Option<Self> {
        let all = |has: &dyn Fn(&[Value]) -> bool| nodes.iter().all(|node| has(node));
        if all(&|node| matches!(node, [similar, member, ..] if known(similar) && known(member))) {
            return Some(Self::VectorSets);
        }
        let searches = |node: &[Value]| matches!(node, [_, _, search, create] if known(search) && known(create) && !(cluster && is_local(search)));
        all(&searches).then_some(Self::Search)
    }
}

fn known(command: &Value) -> bool {
    *command != Value::Nil
}

/// Whether it searches only what its own node holds: it takes the name of an index for that of a key then. Of a cluster
/// that would be a part.
fn is_local(search: &Value) -> bool {
    /// After a command's name, how many arguments it takes, and what it is like.
    const FIRST_KEY: usize = 3;
    matches!(search, Value::Array(told) if told.get(FIRST_KEY) != Some(&Value::Int(0)))
}

impl Redis {
    /// The most similar of a group, best first; `None`: the server cannot say.
    pub(in crate::cache::store) async fn nearest(
        &self,
        group: &Key,
        vector: &Vector,
        most: usize,
    ) -> Option<Vec<Found>> {
        match self.dialect()? {
            Dialect::VectorSets => self.nearest_in_set(group, vector, most).await,
            Dialect::Search => self.nearest_hashes(group, vector, most).await,
        }
    }

    /// Adds an item, in place of an older one. A full group loses any of them.
    pub(in crate::cache::store) async fn put_up(&self, group: &Key, item: &Item, ttl: Duration) {
        match self.dialect() {
            Some(Dialect::VectorSets) => self.put_in_set(group, item, ttl).await,
            Some(Dialect::Search) => self.put_hash(group, item, ttl).await,
            None => {}
        }
    }

    /// Takes an item out whose answer is gone.
    pub(in crate::cache::store) async fn take_down(&self, group: &Key, request: Digest) {
        match self.dialect() {
            Some(Dialect::VectorSets) => self.take_from_set(group, request).await,
            Some(Dialect::Search) => self.take_hash(group, request).await,
            None => {}
        }
    }

    /// How the server searches vectors, as far as is known; `None`: it does not, or may not have them.
    fn dialect(&self) -> Option<Dialect> {
        self.0.line.link()?.dialect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str, first_key: i64) -> Value {
        let name = Value::BulkString(name.into());
        Value::Array(vec![
            name,
            Value::Int(-1),
            Value::Array(vec![]),
            Value::Int(first_key),
        ])
    }

    /// A node that knows these: a command whose name has a `!` takes a key first.
    fn node(names: &[&str]) -> Vec<Value> {
        let told = COMMANDS.iter().map(|name| {
            let found = names.iter().find(|known| known.trim_end_matches('!') == *name);
            found.map_or(Value::Nil, |known| command(name, i64::from(known.ends_with('!'))))
        });
        told.collect()
    }

    #[test]
    fn a_server_is_asked_in_the_way_that_all_its_nodes_have() {
        const SETS: [&str; 2] = ["VSIM!", "VISMEMBER!"];
        const SEARCH: [&str; 2] = ["FT.SEARCH", "FT.CREATE"];
        const LOCAL: [&str; 2] = ["FT.SEARCH!", "FT.CREATE!"];
        let (sets, search, local) = (node(&SETS), node(&SEARCH), node(&LOCAL));
        let both = node(&[SETS, LOCAL].concat());
        for (nodes, alone, cluster) in [
            (
                vec![both.clone()],
                Some(Dialect::VectorSets),
                Some(Dialect::VectorSets),
            ),
            (
                vec![sets.clone()],
                Some(Dialect::VectorSets),
                Some(Dialect::VectorSets),
            ),
            (vec![search.clone()], Some(Dialect::Search), Some(Dialect::Search)),
            (vec![local], Some(Dialect::Search), None),
            (
                vec![search.clone(), search.clone()],
                Some(Dialect::Search),
                Some(Dialect::Search),
            ),
            (vec![both, search.clone()], Some(Dialect::Search), None),
            (vec![sets, search], None, None),
            (vec![node(&["VSIM!"])], None, None),
            (vec![node(&["FT.SEARCH"])], None, None),
            (vec![node(&[])], None, None),
        ] {
            assert_eq!(Dialect::among(&nodes, false), alone, "{nodes:?}");
            assert_eq!(Dialect::among(&nodes, true), cluster, "{nodes:?}");
        }
    }
}
