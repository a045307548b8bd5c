//! The fields of the CRDs and what their schemas demand.

use std::fs;

use serde::Deserialize as _;
use serde_json::Value;

use super::manifest::root;

/// A field of a spec.
#[derive(Debug)]
pub(crate) struct Field {
    /// The kind.
    pub(crate) kind: String,
    /// Where it is: `spec.rules[].steps[]`, and `spec.labels{}` for the values of a map.
    pub(crate) path: String,
    /// Its schema.
    pub(crate) schema: Value,
}

/// All CRDs.
pub(crate) fn crds() -> Vec<Value> {
    let entries = fs::read_dir(root().join("crds")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    texts
        .map(|text| Value::deserialize(serde_yaml::Deserializer::from_str(&text)).unwrap())
        .collect()
}

/// All fields of the specs of all CRDs.
pub(crate) fn fields() -> Vec<Field> {
    let mut fields = Vec::new();
    for crd in crds() {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        collect(kind, "spec", &schema["properties"]["spec"], &mut fields);
    }
    fields
}

fn collect(kind: &str, path: &str, schema: &Value, fields: &mut Vec<Field>) {
    fields.push(Field {
        kind: kind.to_owned(),
        path: path.to_owned(),
        schema: schema.clone(),
    });
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(kind, &format!("{path}.{name}"), property, fields);
    }
    for (inside, ending) in [("items", "[]"), ("additionalProperties", "{}")] {
        if schema[inside].is_object() {
            collect(kind, &format!("{path}{ending}"), &schema[inside], fields);
        }
    }
}
