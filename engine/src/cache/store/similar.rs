//! What similar requests are found by: in the server that all replicas share where it can search vectors, and always in
//! this process as well, for the time that the server cannot be asked.

use std::time::Duration;

use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use super::index::CANDIDATES;
use super::{Asked, Found, Item, Place, Store, Vector};
use crate::metrics::Operation;

impl Store {
    /// The most similar of a group, best first, none below `least`.
    pub(crate) async fn nearest(&self, group: &Key, vector: &Vector, least: f64) -> Vec<Found> {
        let searching = async {
            if let Place::Redis(redis) = &self.place
                && let Some(mut found) = redis.nearest(group, vector, CANDIDATES).await
            {
                found.retain(|found| found.reaches(least));
                return found;
            }
            self.ground.index.search(group, vector, least)
        };
        self.timed(Operation::Search, searching).await
    }

    /// Adds an answer that is kept, in place of an older one to the same request, unless a purge has taken it since it was
    /// asked for.
    pub(crate) async fn put_up(&self, group: &Key, item: Item, ttl: Duration, asked: Asked) {
        let key = Key {
            scope: group.scope.clone(),
            request: item.request,
        };
        let adding = async {
            self.ground.index.insert(group, item.clone());
            if let Place::Redis(redis) = &self.place {
                redis.put_up(group, &item, ttl).await;
            }
            if self.is_purged(&key, asked).await == Ok(true) {
                self.take_down(group, item.request);
            }
        };
        self.timed(Operation::Index, adding).await;
    }

    /// Takes out one whose answer is gone. The server is told behind the caller's back.
    pub(crate) fn take_down(&self, group: &Key, request: Digest) {
        self.ground.index.remove(group, request);
        if let Place::Redis(redis) = &self.place {
            let (redis, group) = (redis.clone(), group.clone());
            tokio::spawn(async move { redis.take_down(&group, request).await });
        }
    }
}
