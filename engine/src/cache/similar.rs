//! Answers to similar requests: the last words of the user as a vector, compared with those of answers that are kept,
//! within a group in which all else is equal.

use std::sync::Arc;
use std::time::Duration;

use wayleave_core::cache::guard::agree;
use wayleave_core::cache::key::Key;
use wayleave_core::cache::{Ask, Similar};
use wayleave_core::snapshot::cache::{Semantic, Verify};
use wayleave_core::table::{ActiveCache, ActiveRule};
use wayleave_core::walk::Role;

use super::enter::fetch;
use super::replay::{Kept, Likeness};
use super::store::{Asked, Item, Store, Vector};
use crate::context::CallContext;
use crate::embedding::embed;
use crate::metrics::Missed;

/// Longer words are not compared: few models embed them whole.
const LONGEST_WORDS: usize = 16 << 10;

/// A lookup by meaning.
pub(super) struct Search<'a> {
    semantic: &'a Semantic,
    embedder: Option<&'a Arc<ActiveRule>>,
    similar: &'a Similar,
    largest: usize,
}

/// By what similar requests find an answer that is going to be kept.
#[derive(Debug)]
pub(crate) struct Sign {
    group: Key,
    words: Arc<str>,
    vector: Vector,
}

/// The lookup that a request gets; `None`: none.
pub(super) fn prepare<'a>(call: &CallContext, cache: &'a ActiveCache, ask: &'a Ask) -> Option<Search<'a>> {
    let (semantic, similar) = (cache.rules.semantic.as_ref()?, ask.similar.as_ref()?);
    // Anybody can wait for an embedding that never comes, so the call's own time has to allow for it.
    let fits = similar.words.len() <= LONGEST_WORDS && call.left() > semantic.timeout;
    fits.then(|| Search {
        semantic,
        embedder: cache
            .embedder
            .as_ref()
            .and_then(|embedder| embedder.as_ref().ok()),
        similar,
        largest: cache.rules.max_entry_bytes,
    })
}

impl Search<'_> {
    /// Runs it. Where it finds nothing, `sign` is what the new answer will be found by.
    pub(super) async fn run(
        self,
        call: &Arc<CallContext>,
        store: &Store,
        ask: &Ask,
        sign: &mut Option<Sign>,
    ) -> Result<Kept, Missed> {
        let embedder = self.embedder.ok_or(Missed::NoEmbedding)?;
        let asking = (Role::Embedding, self.semantic.timeout);
        let vector = embed(call, embedder, &self.similar.words, asking).await;
        let vector = vector.ok_or(Missed::NoEmbedding)?;
        let group = &self.similar.group;
        let least = f64::from(self.semantic.threshold.millionths()) / 1e6;
        for found in store.nearest(group, &vector, least).await {
            if !self.means_the_same(&found.words) {
                continue;
            }
            let key = Key {
                scope: ask.key.scope.clone(),
                request: found.request,
            };
            let likeness = Likeness::Similar(found.similarity);
            match fetch(call, store, ask, &key, self.largest, likeness).await {
                Ok(kept) => return Ok(kept),
                Err(Missed::Absent) => store.take_down(group, found.request),
                Err(_) => {}
            }
        }
        *sign = Some(Sign {
            group: group.clone(),
            words: Arc::clone(&self.similar.words),
            vector,
        });
        Err(Missed::Dissimilar)
    }

    fn means_the_same(&self, words: &str) -> bool {
        match self.semantic.verify {
            Verify::Words => agree(&self.similar.words, words),
            Verify::Off => true,
        }
    }
}

impl Sign {
    /// The answer is in the store, under this key and for this long.
    pub(super) async fn put_up(self, store: &Store, key: &Key, ttl: Duration, asked: Asked) {
        let item = Item {
            request: key.request,
            words: self.words,
            vector: self.vector,
        };
        store.put_up(&self.group, item, ttl, asked).await;
    }
}
