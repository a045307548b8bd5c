//! Reads requests as strictly as the real API where clients and translators get it wrong.

use serde_json::Value;

use super::{member, strict, turns};
use crate::ask::{Ask, JsonShape, Meter, Tool, ToolChoice, limit_of, list_of, text_of};
use crate::format::Delivery;
use crate::problem::Malformed;

/// An image: 258 tokens (Google's guide to tokens); the same for other media, for want of a better figure.
const MEDIA_TOKENS: u64 = 258;
const JSON_TYPE: &str = "application/json";

/// Reads a request. `model` is its model without the behaviour.
pub(crate) fn read(body: &Value, model: &str, delivery: Delivery) -> Result<Ask, Malformed> {
    strict::check(body)?;
    let contents = list_of(body, "contents");
    if contents.is_empty() {
        let text = "* GenerateContentRequest.contents: contents is not specified";
        return Err(Malformed::new(text));
    }
    turns::check(contents, model)?;
    let mut ask = Ask {
        model: model.to_owned(),
        stream: delivery != Delivery::Whole,
        ..Ask::default()
    };
    let mut meter = Meter::default();
    for part in member(body, "systemInstruction").map_or(&[][..], |system| list_of(system, "parts")) {
        meter.text(text_of(part, "text"));
    }
    for (index, content) in contents.iter().enumerate() {
        read_content(content, index, &mut ask, &mut meter)?;
    }
    let config = member(body, "generationConfig").unwrap_or(&Value::Null);
    ask.max_tokens = limit_of(config, "maxOutputTokens").or_else(|| limit_of(config, "max_output_tokens"));
    ask.json = json_shape(config)?;
    ask.tools = declarations(body, &mut meter);
    choose(body, &mut ask)?;
    if ask.json.is_some()
        && !ask.tools.is_empty()
        && (model.starts_with("gemini-2") || model.starts_with("gemini-1"))
    {
        let text = format!("Function calling with a response mime type: '{JSON_TYPE}' is unsupported");
        return Err(Malformed::new(text));
    }
    ask.prompt_tokens = meter.total();
    Ok(ask)
}

fn read_content(content: &Value, index: usize, ask: &mut Ask, meter: &mut Meter) -> Result<(), Malformed> {
    meter.message();
    let parts = list_of(content, "parts");
    if parts.is_empty() {
        return Err(Malformed::new(format!(
            "* GenerateContentRequest.contents[{index}].parts: contents.parts must not be empty."
        )));
    }
    for part in parts {
        meter.text(text_of(part, "text"));
        for call in ["functionCall", "functionResponse"] {
            if let Some(call) = member(part, call) {
                meter.json(call);
            }
        }
        if member(part, "inlineData").is_some() || member(part, "fileData").is_some() {
            meter.tokens(MEDIA_TOKENS);
        }
    }
    ask.after_tool = parts.iter().any(turns::is_response);
    let said = parts.iter().any(|part| part.get("text").is_some());
    if said && text_of(content, "role") != "model" {
        ask.last_user_text = parts.iter().map(|part| text_of(part, "text")).collect();
    }
    Ok(())
}

fn declarations(body: &Value, meter: &mut Meter) -> Vec<Tool> {
    let tools = list_of(body, "tools").iter();
    let functions = tools.filter_map(|tool| member(tool, "functionDeclarations")?.as_array());
    let read = |function: &Value| {
        meter.json(function);
        let schema = member(function, "parameters").or_else(|| member(function, "parametersJsonSchema"));
        Tool {
            name: text_of(function, "name").to_owned(),
            schema: schema.cloned().unwrap_or_default(),
        }
    };
    functions.flatten().map(read).collect()
}

/// One allowed function is that function; of several any may be called.
fn choose(body: &Value, ask: &mut Ask) -> Result<(), Malformed> {
    let config = member(body, "toolConfig").and_then(|config| member(config, "functionCallingConfig"));
    let Some(config) = config else { return Ok(()) };
    let names: Vec<&str> = member(config, "allowedFunctionNames")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| !ask.tools.iter().any(|tool| tool.name == **name))
    {
        return Err(Malformed::new(format!(
            "The allowed function name '{unknown}' is not in the function declarations."
        )));
    }
    let mode = text_of(config, "mode");
    if !names.is_empty() && !matches!(mode, "ANY" | "VALIDATED") {
        let text = "Please set the function calling mode to ANY to use allowed function names.";
        return Err(Malformed::new(text));
    }
    ask.choice = match (mode, &names[..]) {
        ("ANY", [name]) => ToolChoice::Named((*name).to_owned()),
        ("ANY", _) => ToolChoice::Any,
        ("NONE", _) => ToolChoice::Never,
        ("" | "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => ToolChoice::Auto,
        (other, _) => {
            return Err(Malformed::new(format!(
                "Invalid value at 'tool_config.function_calling_config.mode', \"{other}\""
            )));
        }
    };
    if !names.is_empty() {
        ask.tools.retain(|tool| names.contains(&tool.name.as_str()));
    }
    Ok(())
}

/// A schema needs the type beside it.
fn json_shape(config: &Value) -> Result<Option<JsonShape>, Malformed> {
    let schema = ["responseSchema", "responseJsonSchema"]
        .iter()
        .find_map(|name| member(config, name));
    let json = member(config, "responseMimeType").and_then(Value::as_str) == Some(JSON_TYPE);
    match schema {
        Some(schema) if json => Ok(Some(JsonShape::Schema(schema.clone()))),
        Some(_) => Err(Malformed::new(format!(
            "A response schema needs the response mime type '{JSON_TYPE}'."
        ))),
        None => Ok(json.then_some(JsonShape::AnyObject)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(name: &str, value: Value) -> Result<Ask, Malformed> {
        let tool = |name: &str| json!({"name": name, "parameters": {"type": "OBJECT"}});
        let mut body = json!({
            "contents": [{"role": "user", "parts": [{"text": "hello there"}]}],
            "tools": [{"functionDeclarations": [tool("f"), tool("g")]}],
        });
        body[name] = value;
        read(&body, "gemini-3-pro", Delivery::Whole)
    }

    #[test]
    fn tool_choice_is_read() {
        let choice = |config: Value| {
            with("toolConfig", json!({"functionCallingConfig": config}))
                .map(|ask| (ask.choice, ask.tools.len()))
        };
        assert_eq!(choice(json!({"mode": "AUTO"})), Ok((ToolChoice::Auto, 2)));
        assert_eq!(choice(json!({"mode": "NONE"})), Ok((ToolChoice::Never, 2)));
        assert_eq!(choice(json!({"mode": "ANY"})), Ok((ToolChoice::Any, 2)));
        let only = json!({"mode": "ANY", "allowedFunctionNames": ["g"]});
        assert_eq!(choice(only), Ok((ToolChoice::Named("g".to_owned()), 1)));
        assert!(choice(json!({"mode": "ANY", "allowedFunctionNames": ["h"]})).is_err());
        assert!(choice(json!({"mode": "AUTO", "allowedFunctionNames": ["g"]})).is_err());
        assert!(choice(json!({"mode": "required"})).is_err());
    }

    #[test]
    fn a_schema_needs_its_type() {
        let config = |config: Value| with("generationConfig", config).map(|ask| ask.json.is_some());
        let schema = json!({"type": "OBJECT"});
        assert_eq!(config(json!({"responseMimeType": JSON_TYPE})), Ok(true));
        assert_eq!(
            config(json!({"responseMimeType": JSON_TYPE, "responseSchema": schema})),
            Ok(true)
        );
        assert_eq!(
            config(json!({"response_mime_type": JSON_TYPE, "response_json_schema": schema})),
            Ok(true)
        );
        assert!(config(json!({"responseSchema": schema})).is_err());
    }

    #[test]
    fn malformed_requests_are_told_so() {
        assert_eq!(
            with("model", json!("m")).expect("well-formed").last_user_text,
            "hello there"
        );
        for contents in [
            json!([]),
            json!([{"role": "user"}]),
            json!([{"role": "user", "parts": []}]),
        ] {
            assert!(with("contents", contents.clone()).is_err(), "{contents}");
        }
    }
}
