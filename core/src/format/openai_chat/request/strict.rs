//! Which schemas OpenAI's strict mode takes; Anthropic's takes more.

use serde_json::Value;
use serde_json::value::RawValue;

/// Whether every object in the schema requires all its properties and forbids others.
pub(super) fn takes(schema: &RawValue) -> bool {
    serde_json::from_str(schema.get()).is_ok_and(|schema: Value| all_required(&schema))
}

fn all_required(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let closed = members
                .get("properties")
                .and_then(Value::as_object)
                .is_none_or(|properties| {
                    let required = members.get("required").and_then(Value::as_array);
                    members.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(|name| {
                            required
                                .is_some_and(|required| required.iter().any(|value| value == name.as_str()))
                        })
                });
            closed && members.values().all(all_required)
        }
        Value::Array(items) => items.iter().all(all_required),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}
