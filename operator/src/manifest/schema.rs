//! What fits the schema of a kind. The same schema as the API server's, so that a folder is judged alike.
//!
//! Patterns and least lengths are left to the compiler, which says what the value means and keeps the object, broken,
//! in force.

use std::sync::LazyLock;

use kube::CustomResourceExt;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::core_kind::{ConfigMapManifest, NamespaceManifest, SecretManifest};
use super::error::Fault;
use crate::field::FieldPath;
use crate::object::Kind;
use crate::spelling;

/// The schema of a kind.
pub(super) fn of(kind: Kind) -> &'static Value {
    static PROVIDER_KEY: LazyLock<Value> = LazyLock::new(custom::<wayleave_api::ProviderKey>);
    static LLM_ROUTE: LazyLock<Value> = LazyLock::new(custom::<wayleave_api::LLMRoute>);
    static CACHE_POLICY: LazyLock<Value> = LazyLock::new(custom::<wayleave_api::CachePolicy>);
    static SECRET: LazyLock<Value> = LazyLock::new(plain::<SecretManifest>);
    static CONFIG_MAP: LazyLock<Value> = LazyLock::new(plain::<ConfigMapManifest>);
    static NAMESPACE: LazyLock<Value> = LazyLock::new(plain::<NamespaceManifest>);
    match kind {
        Kind::ProviderKey => &PROVIDER_KEY,
        Kind::LLMRoute => &LLM_ROUTE,
        Kind::CachePolicy => &CACHE_POLICY,
        Kind::Secret => &SECRET,
        Kind::ConfigMap => &CONFIG_MAP,
        Kind::Namespace => &NAMESPACE,
    }
}

/// The published schema, completed by what an API server knows by itself. A status is nobody's to write, and ignored.
fn custom<K: CustomResourceExt>() -> Value {
    let crd = K::crd();
    let schema = crd
        .spec
        .versions
        .into_iter()
        .next()
        .and_then(|version| version.schema);
    let mut schema =
        serde_json::to_value(schema.and_then(|schema| schema.open_api_v3_schema)).unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert("apiVersion".to_owned(), json!({}));
        properties.insert("kind".to_owned(), json!({}));
        properties.insert(
            "metadata".to_owned(),
            plain::<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>(),
        );
        properties.insert("status".to_owned(), json!({}));
    }
    schema
}

fn plain<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Adds all that does not fit.
pub(super) fn check(schema: &Value, value: &Value, field: &FieldPath, faults: &mut Vec<Fault>) {
    if let Some(message) = wrong_type(schema, value) {
        faults.push(Fault::new(field.clone(), message));
        return;
    }
    if let Some(message) = wrong_value(schema, value) {
        faults.push(Fault::new(field.clone(), message));
    }
    match value {
        Value::Object(members) => check_members(schema, members, field, faults),
        Value::Array(entries) => {
            let Some(item) = schema.get("items") else { return };
            for (index, entry) in entries.iter().enumerate() {
                check(item, entry, &field.index(index), faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn check_members(schema: &Value, members: &Map<String, Value>, field: &FieldPath, faults: &mut Vec<Fault>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let others = schema
        .get("additionalProperties")
        .filter(|others| others.is_object());
    for (name, member) in members {
        let field = field.key(name.clone());
        match (
            properties.and_then(|properties| properties.get(name)),
            others,
            properties,
        ) {
            (Some(schema), ..) | (None, Some(schema), _) => check(schema, member, &field, faults),
            (None, None, Some(properties)) => faults.push(Fault::new(field, unknown(name, properties))),
            (None, None, None) => {}
        }
    }
    let required = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    for name in required.filter(|name| !members.contains_key(*name)) {
        faults.push(Fault::new(field.key(name.to_owned()), "is missing"));
    }
}

fn unknown(name: &str, properties: &Map<String, Value>) -> String {
    let known = properties.keys().map(String::as_str);
    match spelling::nearest(name, known.clone()) {
        Some(near) => format!("unknown field `{name}`, did you mean `{near}`?"),
        None => format!(
            "unknown field `{name}`; there are {}",
            known.collect::<Vec<_>>().join(", ")
        ),
    }
}

fn wrong_type(schema: &Value, value: &Value) -> Option<String> {
    let wanted = schema.get("type").and_then(Value::as_str)?;
    let (found, fits) = match value {
        Value::Null => ("nothing", false),
        Value::Bool(_) => ("true or false", wanted == "boolean"),
        Value::Number(number) => {
            let whole = number.is_i64() || number.is_u64();
            ("a number", wanted == "number" || (wanted == "integer" && whole))
        }
        Value::String(_) => ("a string", wanted == "string"),
        Value::Array(_) => ("a list", wanted == "array"),
        Value::Object(_) => ("an object", wanted == "object"),
    };
    if fits {
        return None;
    }
    let wanted = match wanted {
        "string" if value.is_number() || value.is_boolean() => {
            // Not repeated: it may be a credential.
            return Some(format!("is {found}: write it in quotes"));
        }
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "an object",
    };
    Some(format!("is {found}, but has to be {wanted}"))
}

fn wrong_value(schema: &Value, value: &Value) -> Option<String> {
    if let (Some(Value::Array(allowed)), Value::String(text)) = (schema.get("enum"), value)
        && !allowed.contains(value)
    {
        let allowed = allowed.iter().filter_map(Value::as_str);
        return Some(match spelling::nearest(text, allowed.clone()) {
            Some(near) => format!("unknown value `{text}`, did you mean `{near}`?"),
            None => format!(
                "unknown value `{text}`; there are {}",
                allowed.collect::<Vec<_>>().join(", ")
            ),
        });
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let too_many = |count: usize, name: &str, what: &str| {
        let most = schema.get(name).and_then(Value::as_u64)?;
        (u64::try_from(count).unwrap_or(u64::MAX) > most)
            .then(|| format!("has {count} {what}: at most {most} are allowed"))
    };
    match value {
        Value::String(text) => too_many(text.chars().count(), "maxLength", "characters"),
        Value::Array(entries) => too_many(entries.len(), "maxItems", "entries"),
        Value::Object(members) => too_many(members.len(), "maxProperties", "members"),
        Value::Number(number) => {
            let number = number.as_f64()?;
            let low = bound("minimum")
                .filter(|least| number < *least)
                .map(|least| format!("write at least {least}"));
            let high = || {
                bound("maximum")
                    .filter(|most| number > *most)
                    .map(|most| format!("write at most {most}"))
            };
            low.or_else(high).map(|bound| format!("is {number}: {bound}"))
        }
        Value::Null | Value::Bool(_) => None,
    }
}
