//! Where answers are kept.

use std::sync::Arc;
use std::time::Duration;

use wayleave_api::cache_policy as api;
use wayleave_api::condition::Reason;
use wayleave_api::reference::SecretEntryRef;
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::cache::{RedisStore, Store};

use super::super::credential;
use super::super::timing::{self, Most};
use super::super::verdict::Problems;
use super::{Limit, bytes};
use crate::field::FieldPath;
use crate::object::Objects;

const DEFAULT_MEMORY: u64 = 64 << 20;
const MAX_MEMORY: Limit = Limit {
    bytes: 64 << 30,
    shown: "64Gi",
};
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
const MAX_TIMEOUT: Duration = Duration::from_millis(50);
const DEFAULT_TIMEOUT: Duration = Duration::from_millis(20);

/// The store; `Err`: why there is none. What is wrong is among the problems as well.
pub(super) fn compile(
    name: &ObjectName,
    spec: Option<&api::Store>,
    objects: &Objects,
    problems: &mut Problems,
) -> Result<Store, String> {
    let Some(spec) = spec else {
        return Ok(Store::Memory {
            max_bytes: DEFAULT_MEMORY,
        });
    };
    let field = FieldPath::spec().key("store");
    let mut own = Problems::default();
    let store = match (&spec.memory, &spec.redis) {
        (Some(memory), None) => {
            let field = field.key("memory").key("maxBytes");
            let max_bytes = bytes(&memory.max_bytes, MAX_MEMORY, &field, &mut own);
            max_bytes.map(|max_bytes| Store::Memory { max_bytes })
        }
        (None, Some(redis)) => self::redis(name, redis, &field.key("redis"), objects, &mut own)
            .map(|redis| Store::Redis(Arc::new(redis))),
        _ => {
            own.invalid(&field, "needs exactly one of memory and redis");
            None
        }
    };
    let fault = own.fault();
    problems.append(own);
    store.ok_or_else(|| fault.unwrap_or_else(|| "its store cannot be used".to_owned()))
}

fn redis(
    name: &ObjectName,
    spec: &api::RedisStore,
    field: &FieldPath,
    objects: &Objects,
    problems: &mut Problems,
) -> Option<RedisStore> {
    let cluster = match spec.mode {
        None | Some(api::RedisMode::Standalone) => false,
        Some(api::RedisMode::Cluster) => true,
    };
    let mut secret =
        |member: &'static str, entry: &SecretEntryRef, check: &dyn Fn(&Secret) -> Option<String>| {
            let field = field.key(member);
            let found = credential::secret_entry(name, &entry.name, &entry.key, objects, &field, problems)?;
            let Some(bad) = check(&found) else {
                return Some(found);
            };
            let SecretEntryRef { name: secret, key } = entry;
            let message = format!("entry `{key}` of Secret {}/{secret} {bad}", name.namespace);
            problems.broken(Reason::SecretInvalid, &field.key("key"), message);
            None
        };
    let url = secret("urlSecretRef", &spec.url_secret_ref, &|text| {
        let checked = RedisStore::check_url(text, cluster);
        checked.err().map(|bad| bad.to_string())
    });
    let key = spec.encryption_key_ref.as_ref();
    // Asked for and not there: nothing is written in clear instead.
    let encryption_key = key.map(|entry| {
        secret("encryptionKeyRef", entry, &|text| {
            RedisStore::check_key(text).err().map(|bad| bad.to_string())
        })
    });
    let ca = field.key("ca");
    let ca_pem = spec.ca.as_ref();
    let ca_pem = ca_pem.map(|from| credential::ca_pem(name, from, &ca, objects, problems).ok());
    if ca_pem.is_some() && url.as_ref().is_some_and(|url| url.expose().starts_with("redis:")) {
        problems.warn(
            Reason::Accepted,
            &ca,
            "has no effect: the URL is redis://, without TLS",
        );
    }
    let timeout = match &spec.timeout {
        None => Some(DEFAULT_TIMEOUT),
        Some(text) => timing::bounded(
            text,
            MIN_TIMEOUT,
            Most::Fixed(MAX_TIMEOUT),
            &field.key("timeout"),
            problems,
        ),
    };
    Some(RedisStore {
        url: url?,
        cluster,
        ca_pem: transposed(ca_pem)?,
        timeout: timeout?,
        encryption_key: transposed(encryption_key)?,
    })
}

/// `None`: it was asked for and cannot be had.
#[expect(clippy::option_option, reason = "asked for, and found")]
fn transposed<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    found.map_or(Some(None), |found| found.map(Some))
}
