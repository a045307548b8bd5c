//! In a server with the search module: one hash for each item, found through an index of all that have as many
//! dimensions.
//!
//! Only what Valkey's module (since 1.0) and Redis' (since 2.4) both understand: a filter by one tag, and the nearest of
//! what it leaves. Nothing is sorted by the server, and no query goes without a vector.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Value, cmd, from_redis_value, pipe};
use tokio::time::timeout;
use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use crate::cache::store::index::MOST_IN_GROUP;
use crate::cache::store::redis::{Redis, millis, name, server};
use crate::cache::store::{Found, Item, Vector};
use crate::metrics::{Fault, Operation};

/// The field that says what was asked.
const WORDS: &str = "words";
/// What the distance is called in what is found.
const DISTANCE: &str = "distance";
/// From that of the same direction to that of the opposite one, rounded.
const DISTANCES: RangeInclusive<f64> = -1e-3..=2.001;
/// The most that are taken out of a full group at once: replicas that put something up at the same time see the same.
const MOST_OVER: usize = 8;

/// The fields that one index covers. Those of others do not see them, and need not refuse them for their length.
struct Fields {
    group: String,
    vector: String,
}

/// What was found.
#[derive(Default)]
struct Answer {
    /// How many there are.
    all: usize,
    /// Those that were asked for: a name and what it holds.
    shown: Vec<(String, Value)>,
}

impl Redis {
    pub(super) async fn nearest_hashes(
        &self,
        group: &Key,
        vector: &Vector,
        most: usize,
    ) -> Option<Vec<Found>> {
        let mut query = query(group, vector, most);
        query.arg("RETURN").arg(2).arg(DISTANCE).arg(WORDS);
        let answer = self
            .search(Operation::Search, &mut query, vector, most)
            .await
            .ok()?;
        let shown = answer?.shown.into_iter();
        let mut found: Vec<Found> = shown
            .filter_map(|(name, fields)| found(name::request_of(group, &name)?, fields))
            .collect();
        found.sort_by(|one, other| other.similarity.total_cmp(&one.similarity));
        Some(found)
    }

    /// The hash lives as long as its answer.
    pub(super) async fn put_hash(&self, group: &Key, item: &Item, ttl: Duration) {
        let name = name::of_item(group, item.request);
        if self.make_room(group, item).await.is_err() {
            return;
        }
        let mut lasting = pipe();
        // In one transaction: no hash is left that lives for ever.
        lasting
            .atomic()
            .cmd("HSET")
            .arg(&name)
            .arg(WORDS)
            .arg(&*item.words)
            .cmd("PEXPIRE")
            .arg(&name)
            .arg(millis(ttl));
        if self.commands::<()>(Operation::Index, &lasting).await.is_err() {
            return;
        }
        // Valkey's module looks at what comes in a transaction later, at what comes alone at once.
        let fields = Fields::of(&item.vector);
        let command = cmd("HSET")
            .arg(&name)
            .arg(fields.group)
            .arg(tag(group))
            .arg(fields.vector)
            .arg(item.vector.to_le_bytes())
            .to_owned();
        // What went wrong is counted.
        let _ = self.command::<()>(Operation::Index, &command).await;
    }

    pub(super) async fn take_hash(&self, group: &Key, request: Digest) {
        self.remove_hashes(&[name::of_item(group, request)]).await;
    }

    /// Makes room for one more in its group, and an index where there is none.
    async fn make_room(&self, group: &Key, item: &Item) -> Result<(), Fault> {
        let mut query = query(group, &item.vector, MOST_IN_GROUP + MOST_OVER);
        query.arg("NOCONTENT");
        let answer = self
            .search(Operation::Index, &mut query, &item.vector, MOST_OVER)
            .await?
            .unwrap_or_default();
        let over = (answer.all + 1).saturating_sub(MOST_IN_GROUP);
        // It takes its own place.
        let others = answer
            .shown
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| name::request_of(group, name).is_some_and(|request| request != item.request));
        let any: Vec<String> = others.take(over).collect();
        self.remove_hashes(&any).await;
        Ok(())
    }

    async fn remove_hashes(&self, names: &[String]) {
        if !names.is_empty() {
            // What went wrong is counted.
            let _ = self
                .command::<()>(Operation::Index, cmd("UNLINK").arg(names))
                .await;
        }
    }

    /// Sends a query, in the time that a command has. `None`: nothing that could be read.
    ///
    /// A server that refuses it may have no index yet, or not any more; what it says of that differs between modules and
    /// their versions. So one is made, and if that is refused too, as there is one, the query is sent again.
    async fn search(
        &self,
        operation: Operation,
        query: &mut Cmd,
        vector: &Vector,
        shown: usize,
    ) -> Result<Option<Answer>, Fault> {
        query.arg("LIMIT").arg(0).arg(shown).arg("DIALECT").arg(2);
        let link = self.link(operation)?;
        let asking = async {
            match link.wire.ask_any(query).await {
                Err(error) if server::fault(&error) == Fault::Refused => {}
                answer => return answer,
            }
            match link.wire.ask_any::<()>(&index(vector)).await {
                Ok(()) => Ok(Value::Nil),
                Err(_) => link.wire.ask_any(query).await,
            }
        };
        let answer = timeout(self.0.timeout, asking).await;
        self.judge(operation, &link, answer).map(read)
    }
}

impl Fields {
    fn of(vector: &Vector) -> Self {
        let dimensions = vector.dimensions();
        Self {
            group: format!("group{dimensions}"),
            vector: format!("vector{dimensions}"),
        }
    }
}

/// Makes an index. The names of entries begin in the same way, but they are no hashes.
fn index(vector: &Vector) -> Cmd {
    let fields = Fields::of(vector);
    cmd("FT.CREATE")
        .arg(name::of_index(vector.dimensions()))
        .arg("ON")
        .arg("HASH")
        .arg("PREFIX")
        .arg(1)
        .arg(name::BEFORE)
        .arg("SCHEMA")
        .arg(fields.group)
        .arg("TAG")
        .arg(fields.vector)
        .arg("VECTOR")
        // Exact: of all vectors only those of a group are looked at.
        .arg("FLAT")
        .arg(6)
        .arg("TYPE")
        .arg("FLOAT32")
        .arg("DIM")
        .arg(vector.dimensions())
        .arg("DISTANCE_METRIC")
        .arg("COSINE")
        .to_owned()
}

/// Asks for the most similar of a group.
fn query(group: &Key, vector: &Vector, most: usize) -> Cmd {
    let fields = Fields::of(vector);
    let query = format!(
        "(@{}:{{{}}})=>[KNN {most} @{} $vector AS {DISTANCE}]",
        fields.group,
        tag(group),
        fields.vector
    );
    cmd("FT.SEARCH")
        .arg(name::of_index(vector.dimensions()))
        .arg(query)
        .arg("PARAMS")
        .arg(2)
        .arg("vector")
        .arg(vector.to_le_bytes())
        .to_owned()
}

/// What all of a group have in common. No sign of it has to be escaped, and it is no number.
fn tag(group: &Key) -> String {
    format!("g{}", Digest::of([name::of_group(group).as_bytes()]))
}

/// Reads `count, name, fields, name, fields…`, or without fields `count, name, name…`; in RESP 3 Redis' module says the
/// same by names.
fn read(answer: Value) -> Option<Answer> {
    if let Value::Map(_) = answer {
        return read_named(answer);
    }
    let Value::Array(parts) = answer else {
        return None;
    };
    let mut parts = parts.into_iter();
    let all = from_redis_value(parts.next()?).ok()?;
    let mut shown: Vec<(String, Value)> = Vec::new();
    for part in parts {
        match (part, shown.last_mut()) {
            (fields @ (Value::Array(_) | Value::Map(_)), Some((_, last))) => *last = fields,
            // Without a name it is of no group.
            (name, _) => shown.push((from_redis_value(name).unwrap_or_default(), Value::Nil)),
        }
    }
    Some(Answer { all, shown })
}

fn read_named(answer: Value) -> Option<Answer> {
    let mut answer: HashMap<String, Value> = from_redis_value(answer).ok()?;
    let all = from_redis_value(answer.remove("total_results")?).ok()?;
    let results: Vec<Value> = from_redis_value(answer.remove("results")?).ok()?;
    let shown = results.into_iter().filter_map(|result| {
        let mut result: HashMap<String, Value> = from_redis_value(result).ok()?;
        let name = from_redis_value(result.remove("id")?).ok()?;
        Some((name, result.remove("extra_attributes").unwrap_or(Value::Nil)))
    });
    Some(Answer {
        all,
        shown: shown.collect(),
    })
}

/// `None`: another one has put it there, or its time is over.
fn found(request: Digest, fields: Value) -> Option<Found> {
    let fields: HashMap<String, Value> = from_redis_value(fields).ok()?;
    let words = String::from_redis_value_ref(fields.get(WORDS)?).ok()?;
    let distance = f64::from_redis_value_ref(fields.get(DISTANCE)?).ok()?;
    DISTANCES.contains(&distance).then(|| Found {
        request,
        words: words.into(),
        similarity: (1.0 - distance).min(1.0),
    })
}
