//! From a value to the object that it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::core_kind::{ConfigMapManifest, NamespaceManifest, SecretManifest};
use super::env::Env;
use super::error::Fault;
use super::identity::Identity;
use super::schema;
use crate::field::FieldPath;
use crate::object::{Kind, Objects, SecretEntry};

/// Adds an object, or tells all that is wrong with it.
pub(super) fn add(objects: &mut Objects, identity: &Identity, value: &Value, env: Env<'_>) -> Vec<Fault> {
    let kind = identity.object.kind;
    let mut faults = Vec::new();
    schema::check(schema::of(kind), value, &FieldPath::default(), &mut faults);
    if faults.is_empty()
        && let Err(found) = insert(objects, identity, value, env)
    {
        faults = found;
    }
    faults
}

fn insert(objects: &mut Objects, identity: &Identity, value: &Value, env: Env<'_>) -> Result<(), Vec<Fault>> {
    let name = identity.object.name.clone();
    match identity.object.kind {
        Kind::ProviderKey => drop(objects.provider_keys.insert(name, Arc::new(parse(value)?))),
        Kind::LLMRoute => drop(objects.routes.insert(name, Arc::new(parse(value)?))),
        Kind::CachePolicy => drop(objects.cache_policies.insert(name, Arc::new(parse(value)?))),
        Kind::Secret => drop(objects.secrets.insert(name, entries(&parse(value)?, env)?)),
        Kind::ConfigMap => drop(
            objects
                .config_maps
                .insert(name, parse::<ConfigMapManifest>(value)?.data),
        ),
        Kind::Namespace => {
            let labels = parse::<NamespaceManifest>(value)?.metadata.labels;
            objects.namespaces.insert(name.name, labels.unwrap_or_default());
        }
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<Fault>> {
    // A status is nobody's to write: what stands there is not looked at.
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("status");
    }
    serde_path_to_error::deserialize(value)
        .map_err(|error| vec![Fault::new(path(error.path()), error.inner().to_string())])
}

fn path(path: &serde_path_to_error::Path) -> FieldPath {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(FieldPath::default(), |field, segment| match segment {
            Segment::Seq { index } => field.index(*index),
            Segment::Map { key } => field.key(key.clone()),
            Segment::Enum { variant } => field.key(variant.clone()),
            Segment::Unknown => field,
        })
}

/// The entries of a Secret; as in Kubernetes, `stringData` goes before `data`.
fn entries(secret: &SecretManifest, env: Env<'_>) -> Result<BTreeMap<String, SecretEntry>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut entries = BTreeMap::new();
    for (name, text) in &secret.data {
        let field = FieldPath::default().key("data").key(name.clone());
        match STANDARD.decode(text.split_ascii_whitespace().collect::<String>()) {
            Ok(bytes) => drop(entries.insert(name.clone(), SecretEntry::from_bytes(bytes))),
            // The error would repeat a part of the credential.
            Err(_) => faults.push(Fault::new(
                field,
                "is not base64: encode it, or write it plainly in stringData",
            )),
        }
    }
    for (name, text) in &secret.string_data {
        let field = FieldPath::default().key("stringData").key(name.clone());
        match env.fill(text) {
            Ok(text) => drop(entries.insert(name.clone(), SecretEntry::from_bytes(text.into_bytes()))),
            Err(error) => faults.push(Fault::new(field, error.to_string())),
        }
    }
    if faults.is_empty() {
        Ok(entries)
    } else {
        Err(faults)
    }
}
