//! Google's JSON refuses names that it does not know.

use serde_json::Value;

use super::{member, snake};
use crate::ask::list_of;
use crate::problem::Malformed;

const REQUEST: [&str; 11] = [
    "contents",
    "tools",
    "toolConfig",
    "safetySettings",
    "systemInstruction",
    "generationConfig",
    "cachedContent",
    "model",
    "labels",
    "modelArmorConfig",
    "serviceTier",
];
/// Google's own schemas are a part of `OpenAPI`'s. JSON schemas have members of their own in a request.
const SCHEMA: [&str; 22] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "items",
    "minimum",
    "maximum",
];
/// Deeper ones are refused too.
const MAX_DEPTH: usize = 32;

/// Checks the members of the request and of the schemas in it.
pub(super) fn check(body: &Value) -> Result<(), Malformed> {
    known(body, &REQUEST, "")?;
    for (index, tool) in list_of(body, "tools").iter().enumerate() {
        let functions = member(tool, "functionDeclarations").and_then(Value::as_array);
        for (place, function) in functions.into_iter().flatten().enumerate() {
            if let Some(parameters) = function.get("parameters") {
                let at = format!("tools[{index}].function_declarations[{place}].parameters");
                check_schema(parameters, &at, 0)?;
            }
        }
    }
    let config = member(body, "generationConfig");
    match config.and_then(|config| member(config, "responseSchema")) {
        Some(schema) => check_schema(schema, "generation_config.response_schema", 0),
        None => Ok(()),
    }
}

fn known(value: &Value, names: &[&str], at: &str) -> Result<(), Malformed> {
    let is_known = |name: &String| names.iter().any(|known| known == name || snake(known) == *name);
    let unknown = value
        .as_object()
        .and_then(|members| members.keys().find(|name| !is_known(name)));
    let Some(name) = unknown else { return Ok(()) };
    let place = if at.is_empty() {
        String::new()
    } else {
        format!(" at '{at}'")
    };
    Err(Malformed::new(format!(
        "Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field."
    )))
}

fn check_schema(schema: &Value, at: &str, depth: usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed::new(format!("The schema at '{at}' is too deep.")));
    }
    known(schema, &SCHEMA, at)?;
    if schema.get("type").is_some_and(Value::is_array) {
        return Err(Malformed::new(format!(
            "Invalid JSON payload received. Proto field is not repeating at '{at}.type', cannot start list."
        )));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, inner) in properties.into_iter().flatten() {
        check_schema(inner, &format!("{at}.properties[{name}]"), depth + 1)?;
    }
    if let Some(items) = schema.get("items") {
        check_schema(items, &format!("{at}.items"), depth + 1)?;
    }
    let any = member(schema, "anyOf").and_then(Value::as_array);
    for (index, inner) in any.into_iter().flatten().enumerate() {
        check_schema(inner, &format!("{at}.any_of[{index}]"), depth + 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(parameters: &Value) -> Result<(), Malformed> {
        check(&json!({"tools": [{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]}))
    }

    #[test]
    fn schemas_are_google_s_own() {
        let city = json!({"type": "STRING", "title": "City"});
        assert_eq!(
            with(&json!({"type": "object", "properties": {"$city": city}})),
            Ok(())
        );
        for parameters in [
            json!({"type": "object", "additionalProperties": false}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/x"}}}),
            json!({"type": "array", "items": {"const": 1}}),
            json!({"anyOf": [{"exclusiveMinimum": 1}]}),
            json!({"type": ["string", "null"]}),
        ] {
            assert!(with(&parameters).is_err(), "{parameters}");
        }
        let tool = json!({"name": "f", "parametersJsonSchema": {"additionalProperties": false}});
        assert_eq!(
            check(&json!({"tools": [{"functionDeclarations": [tool]}]})),
            Ok(())
        );
    }

    #[test]
    fn unknown_members_are_told_by_name() {
        assert_eq!(check(&json!({"contents": [], "system_instruction": {}})), Ok(()));
        let error = check(&json!({"contents": [], "messages": []})).expect_err("unknown");
        assert!(error.message.contains("\"messages\""), "{}", error.message);
    }
}
