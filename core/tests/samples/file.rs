//! Files with an entry per feature.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// Reads `core/tests/FOLDER/NAME.json`. A text `@NAME` stands for what the file's entry of that name holds,
/// or else for what `given` does.
pub(crate) fn read(folder: &str, name: &str, given: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder)
        .join(name)
        .with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entries: Map<String, Value> =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut named: BTreeMap<String, Value> = given
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Value::from(*text)))
        .collect();
    named.extend(
        entries
            .iter()
            .filter(|(name, _)| name.starts_with('@'))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    entries
        .iter()
        .filter(|(name, _)| !name.starts_with('@'))
        .map(|(name, value)| (name.clone(), filled(value, &named)))
        .collect()
}

fn filled(value: &Value, named: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::String(name) if name.starts_with('@') => {
            let meant = named.get(name);
            filled(meant.unwrap_or_else(|| panic!("nothing is named {name}")), named)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, named)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, named)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// `base` with the members of `over`; an object is gone through, all else is replaced.
pub(crate) fn merged(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            let mut members = base.clone();
            for (name, value) in over {
                let before = members.get(name).unwrap_or(&Value::Null);
                let value = merged(before, value);
                members.insert(name.clone(), value);
            }
            members.into()
        }
        (_, over) => over.clone(),
    }
}
