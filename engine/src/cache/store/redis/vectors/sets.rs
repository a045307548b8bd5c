//! In a server with vector sets: one set for each group.
//!
//! An element is the request's digest, its vector is not rounded, its attribute has the words.

use std::time::Duration;

use redis::{FromRedisValue, Value, cmd, from_redis_value, pipe};
use serde::{Deserialize, Serialize};
use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use crate::cache::store::index::MOST_IN_GROUP;
use crate::cache::store::redis::{Redis, millis, name};
use crate::cache::store::{Found, Item, Vector};
use crate::metrics::Operation;

/// The attribute of an element.
#[derive(Serialize, Deserialize)]
struct Attribute<'a> {
    words: std::borrow::Cow<'a, str>,
}

impl Redis {
    pub(super) async fn nearest_in_set(
        &self,
        group: &Key,
        vector: &Vector,
        most: usize,
    ) -> Option<Vec<Found>> {
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

    /// The set lives as long as the longest of its answers.
    pub(super) async fn put_in_set(&self, group: &Key, item: &Item, ttl: Duration) {
        let words = item.words.as_ref().into();
        let Ok(attribute) = serde_json::to_string(&Attribute { words }) else {
            return;
        };
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
            self.thin_out(&name, over).await;
        }
    }

    pub(super) async fn take_from_set(&self, group: &Key, request: Digest) {
        self.remove_elements(&name::of_group(group), &[request.to_string()])
            .await;
    }

    async fn thin_out(&self, name: &str, over: usize) {
        // Several replicas may see it at once.
        let command = cmd("VRANDMEMBER").arg(name).arg(over).to_owned();
        if let Ok(any) = self.command::<Vec<String>>(Operation::Index, &command).await {
            self.remove_elements(name, &any).await;
        }
    }

    async fn remove_elements(&self, name: &str, elements: &[String]) {
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
    // From -1…1 the server makes 0…1. What is no number must not become the most similar.
    let similarity = (2.0 * score - 1.0).clamp(-1.0, 1.0);
    Some(Found {
        request: request.parse().ok()?,
        words: words.into(),
        similarity,
    })
}
