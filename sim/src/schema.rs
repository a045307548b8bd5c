//! A small value that fits a JSON schema.

use serde_json::{Map, Value, json};

/// Deeper schemas end in null; recursive ones would never end.
const MAX_DEPTH: usize = 12;

/// The smallest plain value of a schema: required members only, `"sample"`, 1, true, one element per list.
pub(crate) fn sample(schema: &Value) -> Value {
    Sampler { root: schema }.value(schema, 0)
}

/// Arguments for a tool: always an object.
pub(crate) fn arguments(schema: &Value) -> String {
    match sample(schema) {
        Value::Object(members) => Value::Object(members).to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            "{}".to_owned()
        }
    }
}

struct Sampler<'a> {
    root: &'a Value,
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self
                .reference(target)
                .map_or(Value::Null, |found| self.value(found, depth + 1));
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
            return fixed.clone();
        }
        if let Some(first) = ["anyOf", "oneOf", "allOf"]
            .iter()
            .find_map(|key| schema.get(key)?.get(0))
        {
            return self.value(first, depth + 1);
        }
        // Google writes types in capitals.
        match type_of(schema).to_ascii_lowercase().as_str() {
            "object" => self.object(schema, depth),
            "array" => {
                let element = schema
                    .get("items")
                    .map_or(Value::Null, |items| self.value(items, depth + 1));
                json!([element])
            }
            "string" => json!("sample"),
            "integer" | "number" => number(schema),
            "boolean" => json!(true),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let members: Map<String, Value> = required
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                let member = schema
                    .get("properties")
                    .and_then(|properties| properties.get(name));
                (
                    name.to_owned(),
                    member.map_or(json!("sample"), |member| self.value(member, depth + 1)),
                )
            })
            .collect();
        Value::Object(members)
    }

    fn reference(&self, target: &str) -> Option<&Value> {
        self.root.pointer(target.strip_prefix('#')?)
    }
}

/// The type, the first of several that is not null, or what the other members tell.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn number(schema: &Value) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
    let low = bound("minimum").unwrap_or(i64::MIN);
    let high = bound("maximum").unwrap_or(i64::MAX);
    json!(1_i64.max(low).min(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_members_get_plain_values() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"}, "days": {"type": "integer"}, "exact": {"type": "boolean"},
                "unit": {"enum": ["C", "F"]}, "tags": {"type": "array", "items": {"type": "string"}},
                "note": {"type": "string"}, "age": {"type": "number", "minimum": 18},
                "at": {"type": "object", "properties": {"lat": {"type": ["null", "number"]}}, "required": ["lat"]}
            },
            "required": ["city", "days", "exact", "unit", "tags", "age", "at"]
        });
        assert_eq!(sample(&json!({"type": "INTEGER"})), json!(1));
        let wanted = json!({
            "city": "sample", "days": 1, "exact": true, "unit": "C", "tags": ["sample"], "age": 18, "at": {"lat": 1}
        });
        assert_eq!(sample(&schema), wanted);
    }

    #[test]
    fn references_are_followed_and_recursion_ends() {
        let schema = json!({
            "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}},
                "required": ["next"]}, "name": {"type": "string"}},
            "type": "object",
            "properties": {"name": {"$ref": "#/$defs/name"}, "node": {"$ref": "#/$defs/node"}},
            "required": ["name", "node"]
        });
        let value = sample(&schema);
        assert_eq!(value["name"], "sample");
        assert!(value["node"]["next"]["next"].is_object());
    }

    #[test]
    fn arguments_are_an_object_whatever_the_schema() {
        for schema in [
            json!({}),
            json!(null),
            json!({"type": "string"}),
            json!({"type": "object"}),
        ] {
            assert_eq!(arguments(&schema), "{}", "{schema}");
        }
    }
}
