//! `CachePolicy` → its rules.

pub(super) mod key;
mod semantic;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use wayleave_api::cache_policy::{self as api, CachePolicySpec};
use wayleave_api::number::{ByteSize, Decimal};
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::ObjectName;
use wayleave_core::snapshot::cache::{Cache, CacheRules, CacheState, Method, Partition, ToolCalls};

use super::attachment::Targets;
use super::grant::Grants;
use super::timing::{self, Most};
use super::verdict::{Problems, Verdict};
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef, Objects};

const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_secs(30 * 24 * 3600);
const DEFAULT_ENTRY: u64 = 1 << 20;
const MAX_ENTRY: Limit = Limit {
    bytes: 16 << 20,
    shown: "16Mi",
};
const MAX_TEMPERATURE: Ratio = Ratio::from_millionths(2_000_000);

/// The most bytes of something.
#[derive(Clone, Copy)]
struct Limit {
    bytes: u64,
    shown: &'static str,
}

/// Compiles one `CachePolicy`. Without the provider that makes embeddings it still finds equal requests; without its
/// store, or what encrypts it, it is no cache.
pub(super) fn compile(
    name: &ObjectName,
    spec: &CachePolicySpec,
    targets: Targets,
    objects: &Objects,
    grants: &mut Grants<'_>,
) -> (Cache, Verdict) {
    let Targets {
        routes,
        said,
        mut problems,
    } = targets;
    let root = FieldPath::spec();
    let ttl = timing::bounded(
        &spec.ttl,
        MIN_TTL,
        Most::Fixed(MAX_TTL),
        &root.key("ttl"),
        &mut problems,
    );
    let partition = partition(spec, &mut problems);
    let key = spec.key.as_ref();
    let key = key.map(|parts| key::parts(parts, &root.key("key"), &mut problems));
    let methods = methods(spec.methods.as_deref(), &root.key("methods"), &mut problems);
    let field = root.key("maxEntryBytes");
    let entry = spec.max_entry_bytes.as_ref();
    let entry = entry.and_then(|text| bytes(text, MAX_ENTRY, &field, &mut problems));
    let field = root.key("cacheTemperatureAbove");
    let max_temperature = spec.cache_temperature_above.as_ref();
    let max_temperature = max_temperature.and_then(|text| temperature(text, &field, &mut problems));
    let store = store::compile(name, spec.store.as_ref(), objects, &mut problems);
    let semantic = spec.semantic.as_ref();
    let semantic = semantic.map(|spec| semantic::compile(name, spec, grants, &mut problems));

    let rules = match (problems.own_fault(), store) {
        (Some(reason), _) | (None, Err(reason)) => CacheState::Broken(reason),
        (None, Ok(store)) => CacheState::Ready(Arc::new(CacheRules {
            ttl: ttl.unwrap_or(MIN_TTL),
            partition,
            key: key.unwrap_or_default(),
            methods,
            max_entry_bytes: usize::try_from(entry.unwrap_or(DEFAULT_ENTRY)).unwrap_or(usize::MAX),
            max_temperature: max_temperature.unwrap_or(Ratio::from_millionths(0)),
            tool_calls: match spec.tool_calls {
                None | Some(api::ToolCalls::Skip) => ToolCalls::Skip,
                Some(api::ToolCalls::Keep) => ToolCalls::Keep,
            },
            store,
            semantic,
        })),
    };
    let in_force = matches!(rules, CacheState::Ready(_));
    let object = ObjectRef::new(Kind::CachePolicy, name.clone());
    let verdict = problems.into_verdict(object, in_force).with_targets(said);
    (
        Cache {
            name: name.clone(),
            routes,
            rules,
        },
        verdict,
    )
}

fn partition(spec: &CachePolicySpec, problems: &mut Problems) -> Partition {
    let field = FieldPath::spec().key("clientHeader");
    let header = spec.client_header.as_deref();
    let header = header.and_then(|name| key::header(name, &field, problems));
    match (spec.partition, header) {
        (None | Some(api::Partition::Client), None) => Partition::Credential,
        (None | Some(api::Partition::Client), Some(header)) => Partition::Header(header),
        (Some(api::Partition::Route), None) => Partition::Route,
        (Some(api::Partition::Route), Some(_)) => {
            problems.invalid(
                &field,
                "has no effect with partition: Route, where all clients share: write partition: Client, or remove it",
            );
            Partition::Route
        }
    }
}

/// All, where none are listed.
fn methods(listed: Option<&[api::Method]>, field: &FieldPath, problems: &mut Problems) -> BTreeSet<Method> {
    let Some(listed) = listed else {
        return Method::ALL.into_iter().collect();
    };
    if listed.is_empty() {
        problems.invalid(field, "is empty: write at least one, or remove it for all");
    }
    problems.once(field, listed);
    let methods = listed.iter().map(|method| match method {
        api::Method::Chat => Method::Chat,
        api::Method::Completions => Method::Completions,
        api::Method::Responses => Method::Responses,
        api::Method::Messages => Method::Messages,
        api::Method::Generate => Method::Generate,
        api::Method::Embeddings => Method::Embeddings,
    });
    methods.collect()
}

fn bytes(text: &ByteSize, most: Limit, field: &FieldPath, problems: &mut Problems) -> Option<u64> {
    let bytes = problems.valid(field, text.parse())?;
    if bytes > most.bytes {
        problems.invalid(field, format!("is too much: write at most {}", most.shown));
        return None;
    }
    Some(bytes)
}

fn temperature(text: &Decimal, field: &FieldPath, problems: &mut Problems) -> Option<Ratio> {
    let ratio = up_to(text, MAX_TEMPERATURE);
    if ratio.is_none() {
        let message =
            format!("`{text}` is not a temperature: write a decimal number from 0 to 2, such as 0.7");
        problems.invalid(field, message);
    }
    ratio
}

/// A number from 0 to `most`.
fn up_to(text: &Decimal, most: Ratio) -> Option<Ratio> {
    let ratio = text.as_str().parse::<Ratio>().ok();
    ratio.filter(|ratio| *ratio <= most)
}
