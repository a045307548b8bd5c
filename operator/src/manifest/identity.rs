//! Which object a value is.

use serde_json::{Map, Value};
use wayleave_core::snapshot::ObjectName;

use super::error::Fault;
use crate::field::FieldPath;
use crate::object::{Kind, ObjectRef};
use crate::spelling;

/// What a value is.
pub(super) enum Reading<'a> {
    /// An object of ours.
    Object(Identity),
    /// A list of objects.
    List(&'a [Value]),
    /// An object that is none of ours, by kind and name.
    Foreign(String),
}

/// An object that has a name.
pub(super) struct Identity {
    pub(super) object: ObjectRef,
}

const KINDS: [Kind; 6] = [
    Kind::ProviderKey,
    Kind::LLMRoute,
    Kind::CachePolicy,
    Kind::Secret,
    Kind::ConfigMap,
    Kind::Namespace,
];
const DEFAULT_NAMESPACE: &str = "default";
const MAX_NAME: usize = 253;
const MAX_NAMESPACE: usize = 63;

/// Reads the kind and the name of a value.
pub(super) fn read(value: &Value) -> Result<Reading<'_>, Fault> {
    let Value::Object(members) = value else {
        return Err(Fault::new(
            FieldPath::default(),
            "is no Kubernetes object: write apiVersion, kind and metadata",
        ));
    };
    let version = text(members, "apiVersion")?;
    let kind_name = text(members, "kind")?;
    if let (Some(Value::Array(items)), true) = (members.get("items"), kind_name.ends_with("List")) {
        return Ok(Reading::List(items));
    }
    let Some(kind) = kind(version, kind_name)? else {
        let name = members
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .and_then(Value::as_str);
        return Ok(Reading::Foreign(format!(
            "{kind_name} {}",
            name.unwrap_or("without a name")
        )));
    };
    Ok(Reading::Object(Identity {
        object: ObjectRef::new(kind, name(kind, members)?),
    }))
}

/// The kind; `None` for one that is not ours.
fn kind(version: &str, name: &str) -> Result<Option<Kind>, Fault> {
    let group = version.rsplit_once('/').map_or("", |(group, _)| group);
    let ours = |kind: &Kind| api_version(*kind) == wayleave_api::API_VERSION;
    let kind = KINDS.into_iter().find(|kind| kind.as_str() == name);
    match kind {
        Some(kind) if version == api_version(kind) => Ok(Some(kind)),
        Some(kind) if group == wayleave_api::GROUP || group.is_empty() || ours(&kind) => {
            let message = format!("`{version}` has no {name}: write {}", api_version(kind));
            Err(Fault::new(FieldPath::default().key("apiVersion"), message))
        }
        None if group == wayleave_api::GROUP => {
            let kinds = KINDS.iter().filter(|kind| ours(kind)).map(|kind| kind.as_str());
            let message = match spelling::nearest(name, kinds.clone()) {
                Some(near) => format!("unknown kind `{name}`, did you mean `{near}`?"),
                None => format!(
                    "unknown kind `{name}`; there are {}",
                    kinds.collect::<Vec<_>>().join(", ")
                ),
            };
            Err(Fault::new(FieldPath::default().key("kind"), message))
        }
        Some(_) | None => Ok(None),
    }
}

const fn api_version(kind: Kind) -> &'static str {
    match kind {
        Kind::ProviderKey | Kind::LLMRoute | Kind::CachePolicy => wayleave_api::API_VERSION,
        Kind::Secret | Kind::ConfigMap | Kind::Namespace => "v1",
    }
}

fn name(kind: Kind, members: &Map<String, Value>) -> Result<ObjectName, Fault> {
    let field = FieldPath::default().key("metadata");
    let metadata = members.get("metadata").and_then(Value::as_object);
    let part = |name: &'static str| match metadata.and_then(|metadata| metadata.get(name)) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Fault::new(
            field.key(name),
            "has to be a string: write it in quotes",
        )),
    };
    let name_field = field.key("name");
    let Some(name) = part("name")? else {
        return Err(Fault::new(
            name_field,
            format!("is missing: every {kind} needs a name"),
        ));
    };
    check_name(name, MAX_NAME, name_field)?;
    let namespace = match (kind, part("namespace")?) {
        (Kind::Namespace, _) => name,
        (_, namespace) => namespace.unwrap_or(DEFAULT_NAMESPACE),
    };
    check_name(namespace, MAX_NAMESPACE, field.key("namespace"))?;
    Ok(ObjectName::new(namespace, name))
}

/// Names as Kubernetes takes them (RFC 1123).
fn check_name(name: &str, longest: usize, field: FieldPath) -> Result<(), Fault> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.chars().all(inner) && name.starts_with(outer) && name.ends_with(outer) && name.len() <= longest {
        return Ok(());
    }
    let message = format!(
        "`{name}` is not a name: use small letters, digits, `-` and `.`, begin and end with a letter or digit, at most {longest}"
    );
    Err(Fault::new(field, message))
}

fn text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, Fault> {
    match members.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Fault::new(FieldPath::default().key(name), "has to be a string")),
        None => Err(Fault::new(FieldPath::default().key(name), "is missing")),
    }
}
