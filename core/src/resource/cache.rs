//! A cache on the wire: the one place where the credentials of its store are written out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::BadResource;
use crate::price::Ratio;
use crate::secret::Secret;
use crate::snapshot::ObjectName;
use crate::snapshot::cache::{
    Cache, CacheRules, CacheState, KeyParts, Method, Partition, RedisStore, Semantic, Store, ToolCalls,
};

#[derive(Serialize, Deserialize)]
pub(super) struct WireCache {
    name: ObjectName,
    routes: Vec<ObjectName>,
    rules: WireState,
}

#[derive(Serialize, Deserialize)]
enum WireState {
    Ready(Box<WireRules>),
    Broken(String),
}

#[derive(Serialize, Deserialize)]
struct WireRules {
    ttl: Duration,
    partition: Partition,
    key: KeyParts,
    methods: BTreeSet<Method>,
    max_entry_bytes: usize,
    max_temperature: Ratio,
    tool_calls: ToolCalls,
    store: WireStore,
    semantic: Option<Semantic>,
}

#[derive(Serialize, Deserialize)]
enum WireStore {
    Memory { max_bytes: u64 },
    Redis(WireRedis),
}

#[derive(Serialize, Deserialize)]
struct WireRedis {
    url: String,
    cluster: bool,
    ca_pem: Option<Arc<str>>,
    timeout: Duration,
    encryption_key: Option<String>,
}

impl WireCache {
    /// With the credentials in clear.
    pub(super) fn expose(cache: &Cache) -> Self {
        Self {
            name: cache.name.clone(),
            routes: cache.routes.clone(),
            rules: match &cache.rules {
                CacheState::Broken(reason) => WireState::Broken(reason.clone()),
                CacheState::Ready(rules) => WireState::Ready(Box::new(WireRules::expose(rules))),
            },
        }
    }

    /// With the credentials as secrets again.
    pub(super) fn conceal(self) -> Result<Cache, BadResource> {
        Ok(Cache {
            name: self.name,
            routes: self.routes,
            rules: match self.rules {
                WireState::Broken(reason) => CacheState::Broken(reason),
                WireState::Ready(rules) => CacheState::Ready(Arc::new(rules.conceal()?)),
            },
        })
    }
}

impl WireRules {
    fn expose(rules: &CacheRules) -> Self {
        Self {
            ttl: rules.ttl,
            partition: rules.partition.clone(),
            key: rules.key.clone(),
            methods: rules.methods.clone(),
            max_entry_bytes: rules.max_entry_bytes,
            max_temperature: rules.max_temperature,
            tool_calls: rules.tool_calls,
            store: match &rules.store {
                Store::Memory { max_bytes } => WireStore::Memory {
                    max_bytes: *max_bytes,
                },
                Store::Redis(redis) => WireStore::Redis(WireRedis::expose(redis)),
            },
            semantic: rules.semantic.clone(),
        }
    }

    fn conceal(self) -> Result<CacheRules, BadResource> {
        Ok(CacheRules {
            ttl: self.ttl,
            partition: self.partition,
            key: self.key,
            methods: self.methods,
            max_entry_bytes: self.max_entry_bytes,
            max_temperature: self.max_temperature,
            tool_calls: self.tool_calls,
            store: match self.store {
                WireStore::Memory { max_bytes } => Store::Memory { max_bytes },
                WireStore::Redis(redis) => Store::Redis(Arc::new(redis.conceal()?)),
            },
            semantic: self.semantic,
        })
    }
}

impl WireRedis {
    fn expose(redis: &RedisStore) -> Self {
        Self {
            url: redis.url.expose().to_owned(),
            cluster: redis.cluster,
            ca_pem: redis.ca_pem.clone(),
            timeout: redis.timeout,
            encryption_key: redis.encryption_key.as_ref().map(|key| key.expose().to_owned()),
        }
    }

    fn conceal(self) -> Result<RedisStore, BadResource> {
        let redis = RedisStore {
            url: Secret::new(self.url),
            cluster: self.cluster,
            ca_pem: self.ca_pem,
            timeout: self.timeout,
            encryption_key: self.encryption_key.map(Secret::new),
        };
        redis.check()?;
        Ok(redis)
    }
}
