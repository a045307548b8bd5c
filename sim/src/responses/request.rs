//! Reads requests as strictly as the real API where clients and translators get it wrong.

use serde_json::Value;

use super::echo::Echo;
use super::input;
use crate::ask::{Ask, JsonShape, Meter, Tool, ToolChoice, limit_of, list_of, text_of};
use crate::problem::Malformed;

/// Smaller limits are refused.
const LEAST_TOKENS: usize = 16;
/// Members of chat requests, and where the same is said here.
const MOVED: [(&str, &str); 6] = [
    ("messages", "input"),
    ("response_format", "text.format"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("reasoning_effort", "reasoning.effort"),
    ("functions", "tools"),
];

/// Reads a request. `model` is its model without the behaviour.
pub(crate) fn read(body: &Value, model: &str) -> Result<Ask, Malformed> {
    if let Some((old, new)) = MOVED.iter().find(|(old, _)| body.get(*old).is_some()) {
        let text = format!(
            "Unsupported parameter: '{old}'. In the Responses API, this parameter has moved to '{new}'."
        );
        return Err(Malformed::at(text, old, "unsupported_parameter"));
    }
    let mut ask = Ask {
        model: model.to_owned(),
        max_tokens: max_tokens(body)?,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        ..Ask::default()
    };
    let mut meter = Meter::default();
    meter.text(text_of(body, "instructions"));
    let stored = body.get("previous_response_id").is_some_and(Value::is_string);
    input::read(body, stored, &mut ask, &mut meter)?;
    ask.tools = tools(body, &mut meter)?;
    ask.choice = choice(body, &ask.tools)?;
    ask.json = json_shape(body)?;
    ask.prompt_tokens = meter.total();
    ask.echo = Echo::new(body, model);
    Ok(ask)
}

fn max_tokens(body: &Value) -> Result<Option<usize>, Malformed> {
    let limit = limit_of(body, "max_output_tokens");
    if let Some(small) = limit.filter(|limit| *limit < LEAST_TOKENS) {
        let text = format!(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {LEAST_TOKENS}, but got \
             {small} instead."
        );
        return Err(Malformed::at(
            text,
            "max_output_tokens",
            "integer_below_min_value",
        ));
    }
    Ok(limit)
}

/// Functions lie flat here; tools that run at the provider only count as input.
fn tools(body: &Value, meter: &mut Meter) -> Result<Vec<Tool>, Malformed> {
    let mut tools = Vec::new();
    for (index, tool) in list_of(body, "tools").iter().enumerate() {
        meter.json(tool);
        let kind = text_of(tool, "type");
        if kind.is_empty() || (kind == "function" && text_of(tool, "name").is_empty()) {
            let member = if kind.is_empty() { "type" } else { "name" };
            let text = format!("Missing required parameter: 'tools[{index}].{member}'.");
            return Err(Malformed::at(text, "tools", "missing_required_parameter"));
        }
        if kind == "function" {
            check_strict(tool)?;
            tools.push(Tool {
                name: text_of(tool, "name").to_owned(),
                schema: tool.get("parameters").cloned().unwrap_or_default(),
            });
        }
    }
    Ok(tools)
}

/// A strict schema must be closed and require all that it has; only its outermost object is looked at.
fn check_strict(tool: &Value) -> Result<(), Malformed> {
    let schema = tool.get("parameters").unwrap_or(&Value::Null);
    if tool.get("strict") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let required = list_of(schema, "required");
    let properties = schema.get("properties").and_then(Value::as_object);
    let missing = properties
        .into_iter()
        .flat_map(|properties| properties.keys())
        .find(|name| !required.iter().any(|given| given.as_str() == Some(name.as_str())));
    let what = match missing {
        Some(name) => format!(
            "'required' is required to be supplied and to be an array including every key in properties. Missing \
             '{name}'."
        ),
        None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => return Ok(()),
        None => "'additionalProperties' is required to be supplied and to be false.".to_owned(),
    };
    let text = format!(
        "Invalid schema for function '{}': In context=(), {what}",
        text_of(tool, "name")
    );
    Err(Malformed::at(text, "tools", "invalid_function_parameters"))
}

fn choice(body: &Value, tools: &[Tool]) -> Result<ToolChoice, Malformed> {
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    let wrong = |text: String| Malformed::at(text, "tool_choice", "invalid_value");
    let mode = match text_of(choice, "type") {
        "allowed_tools" => text_of(choice, "mode"),
        "" => choice.as_str().unwrap_or("auto"),
        "function" => {
            let name = text_of(choice, "name");
            if !tools.iter().any(|tool| tool.name == name) {
                let text = "Tool choice 'function' not found in 'tools' parameter.";
                return Err(Malformed {
                    param: Some("tool_choice"),
                    ..Malformed::new(text)
                });
            }
            return Ok(ToolChoice::Named(name.to_owned()));
        }
        // A tool that runs at the provider.
        _ => "auto",
    };
    match mode {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::Never),
        "required" => Ok(ToolChoice::Any),
        other => Err(wrong(format!(
            "Invalid value: '{other}'. Supported values are: 'none', 'auto', and 'required'."
        ))),
    }
}

fn json_shape(body: &Value) -> Result<Option<JsonShape>, Malformed> {
    let Some(format) = body.pointer("/text/format") else {
        return Ok(None);
    };
    match text_of(format, "type") {
        "text" => Ok(None),
        "json_object" => Ok(Some(JsonShape::AnyObject)),
        "json_schema" => match (text_of(format, "name"), format.get("schema")) {
            ("", _) => Err(missing("text.format.name")),
            (_, None) => Err(missing("text.format.schema")),
            (_, Some(schema)) => Ok(Some(JsonShape::Schema(schema.clone()))),
        },
        other => Err(Malformed::at(
            format!(
                "Invalid value: '{other}'. Supported values are: 'text', 'json_object', and 'json_schema'."
            ),
            "text.format.type",
            "invalid_value",
        )),
    }
}

fn missing(param: &'static str) -> Malformed {
    Malformed::at(
        format!("Missing required parameter: '{param}'."),
        param,
        "missing_required_parameter",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(name: &str, value: Value) -> Result<Ask, Malformed> {
        let tools = json!([{"type": "function", "name": "f", "parameters": {"type": "object"}}]);
        let mut body = json!({"input": "hello there", "tools": tools});
        body[name] = value;
        read(&body, "m")
    }

    #[test]
    fn tool_choice_is_read() {
        let choice = |choice: Value| with("tool_choice", choice).map(|ask| ask.choice);
        assert_eq!(choice(json!(null)), Ok(ToolChoice::Auto));
        assert_eq!(choice(json!("none")), Ok(ToolChoice::Never));
        assert_eq!(choice(json!("required")), Ok(ToolChoice::Any));
        let allowed = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]});
        assert_eq!(choice(allowed), Ok(ToolChoice::Any));
        let named = |name: &str| choice(json!({"type": "function", "name": name}));
        assert_eq!(named("f"), Ok(ToolChoice::Named("f".to_owned())));
        assert!(named("g").is_err());
        assert!(choice(json!("any")).is_err());
    }

    #[test]
    fn members_of_chat_requests_are_refused() {
        for (old, _) in MOVED {
            assert_eq!(
                with(old, json!(50)).expect_err(old).code,
                Some("unsupported_parameter")
            );
        }
        assert_eq!(
            with("max_output_tokens", json!(15)).expect_err("too small").code,
            Some("integer_below_min_value")
        );
        let nested = json!([{"type": "function", "function": {"name": "f"}}]);
        assert!(with("tools", nested).is_err());
    }

    #[test]
    fn strict_schemas_are_closed_and_whole() {
        let tool = |strict: bool, parameters: Value| {
            let tool = json!({"type": "function", "name": "f", "strict": strict, "parameters": parameters});
            with("tools", json!([tool])).map(|ask| ask.tools.len())
        };
        let schema = |required: Value, more: bool| {
            json!({"type": "object", "properties": {"a": {}, "b": {}}, "required": required,
                "additionalProperties": more})
        };
        assert_eq!(tool(true, schema(json!(["b", "a"]), false)), Ok(1));
        assert_eq!(tool(false, schema(json!(["a"]), true)), Ok(1));
        for parameters in [schema(json!(["a"]), false), schema(json!(["a", "b"]), true)] {
            let error = tool(true, parameters).expect_err("not strict");
            assert_eq!(error.code, Some("invalid_function_parameters"));
        }
    }

    #[test]
    fn formats_are_read() {
        let format = |format: Value| with("text", json!({"format": format})).map(|ask| ask.json.is_some());
        assert_eq!(format(json!({"type": "text"})), Ok(false));
        assert_eq!(format(json!({"type": "json_object"})), Ok(true));
        assert_eq!(
            format(json!({"type": "json_schema", "name": "n", "schema": {}})),
            Ok(true)
        );
        assert!(format(json!({"type": "json_schema", "json_schema": {"name": "n", "schema": {}}})).is_err());
        assert!(format(json!({"type": "xml"})).is_err());
    }
}
