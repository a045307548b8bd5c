//! What similar requests are found by, in a server with vector sets: one set for each group.
//!
//! An element is the request's digest, its vector is not rounded, its attribute has the words.

use std::time::Duration;

use redis::{FromRedisValue, Value, cmd, from_redis_value, pipe};
use serde::{Deserialize, Serialize};
use wayleave_core::cache::key::{Digest, Key};

use super::{Redis, millis, name};
use crate::cache::store::index::MOST_IN_GROUP;
use crate::cache::store::{Found, Item, Vector};
use crate::metrics::Operation;

/// The commands that are needed: the second came together with attributes in what is found.
pub(super) const COMMANDS: [&str; 2] = ["VSIM", "VISMEMBER"];

/// The attribute of an element.
#[derive(Serialize, Deserialize)]
struct Attribute<'a> {
    words: std::borrow::Cow<'a, str>,
}

impl Redis {
    /// The most similar of a group, best first; `None`: the server cannot say.
    pub(in crate::cache::store) async fn nearest(
        &self,
        group: &Key,
        vector: &Vector,
        most: usize,
    ) -> Option<Vec<Found>> {
        if !self.may_search() {
            return None;
        }
        let command = cmd("VSIM")
            .arg(name::of_group(group))
            .arg("FP32")
            .arg(vector.to_le_bytes())
            .arg("WITHSCORES")
            .arg("WITHATTRIBS")
            .arg("COUNT")
            .arg(most)
            .to_owned();
        let answer = self.command(Operation::Search, &command).await.ok()?;
        Some(read(answer))
    }

    /// Adds an item. The set lives as long as the longest of its answers; a full one loses any of them.
    pub(in crate::cache::store) async fn put_up(&self, group: &Key, item: &Item, ttl: Duration) {
        let words = item.words.as_ref().into();
        let Ok(attribute) = serde_json::to_string(&Attribute { words }) else {
            return;
        };
        if !self.may_search() {
            return;
        }
        let name = name::of_group(group);
        let mut adding = pipe();
        // In one transaction: no set is left that lives for ever.
        adding
            .atomic()
            .cmd("VADD")
            .arg(&name)
            .arg("FP32")
            .arg(item.vector.to_le_bytes())
            .arg(item.request.to_string())
            .arg("NOQUANT")
            .arg("SETATTR")
            .arg(attribute)
            .cmd("PEXPIRE")
            .arg(&name)
            .arg(millis(ttl))
            .arg("NX")
            .cmd("PEXPIRE")
            .arg(&name)
            .arg(millis(ttl))
            .arg("GT")
            .cmd("VCARD")
            .arg(&name);
        let added: Result<(Value, Value, Value, usize), _> = self.commands(Operation::Index, &adding).await;
        let Ok((.., items)) = added else { return };
        if let Some(over @ 1..) = items.checked_sub(MOST_IN_GROUP) {
            self.make_room(&name, over).await;
        }
    }

    /// Takes an item out whose answer is gone.
    pub(in crate::cache::store) async fn take_down(&self, group: &Key, request: Digest) {
        if self.may_search() {
            self.remove(&name::of_group(group), &[request.to_string()]).await;
        }
    }

    async fn make_room(&self, name: &str, over: usize) {
        // Several replicas may see it at once.
        let command = cmd("VRANDMEMBER").arg(name).arg(over).to_owned();
        if let Ok(any) = self.command::<Vec<String>>(Operation::Index, &command).await {
            self.remove(name, &any).await;
        }
    }

    async fn remove(&self, name: &str, elements: &[String]) {
        let mut removing = pipe();
        for element in elements {
            removing.cmd("VREM").arg(name).arg(element);
        }
        // What went wrong is counted.
        let _ = self.commands::<()>(Operation::Index, &removing).await;
    }
}

/// What was found: `element, score, attribute` one after the other, or in RESP 3 `element: [score, attribute]`.
fn read(answer: Value) -> Vec<Found> {
    if let Value::Map(pairs) = answer {
        let pairs = pairs.into_iter();
        return pairs
            .filter_map(|(element, rest)| found(&element, rest))
            .collect();
    }
    let Value::Array(flat) = answer else {
        return Vec::new();
    };
    let parts = flat.chunks_exact(3).filter_map(<[Value]>::split_first);
    parts
        .filter_map(|(element, rest)| found(element, Value::Array(rest.to_vec())))
        .collect()
}

/// `None`: another one has put it there.
fn found(element: &Value, rest: Value) -> Option<Found> {
    let request = String::from_redis_value_ref(element).ok()?;
    let (score, attribute): (f64, String) = from_redis_value(rest).ok()?;
    let Attribute { words } = serde_json::from_str(&attribute).ok()?;
    // From -1…1 the server makes 0…1.
    let similarity = (2.0 * score - 1.0).min(1.0);
    Some(Found {
        request: request.parse().ok()?,
        words: words.into(),
        similarity,
    })
}
