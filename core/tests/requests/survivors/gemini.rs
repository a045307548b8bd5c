//! Of Gemini's requests. Google's servers take every name in two spellings.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Survivors, list, squeeze};

impl Survivors {
    pub(super) fn gemini(&mut self, body: &Value) {
        let mut open = Vec::new();
        for part in items(&get(body, "systemInstruction")["parts"]) {
            self.system += &squeeze(part["text"].as_str().unwrap_or_default());
        }
        for content in items(&body["contents"]) {
            for part in items(&content["parts"]) {
                let text = self.gemini_part(part, &mut open);
                if content["role"] == "model" {
                    self.assistant += &text;
                } else {
                    self.user += &text;
                }
            }
        }
        for tool in items(&body["tools"]) {
            for function in items(get(tool, "functionDeclarations")) {
                let given = get(function, "parametersJsonSchema");
                let schema = if given.is_null() {
                    plain(&function["parameters"])
                } else {
                    given.clone()
                };
                self.tool(&function["name"], &schema);
            }
        }
        let config = get(body, "generationConfig");
        let given = get(config, "responseJsonSchema");
        self.schema = if given.is_null() {
            plain(get(config, "responseSchema"))
        } else {
            given.clone()
        };
    }

    /// `open`: the calls without a result, by name.
    fn gemini_part(&mut self, part: &Value, open: &mut Vec<(String, usize)>) -> String {
        let inline = get(part, "inlineData");
        let kind = get(inline, "mimeType").as_str().unwrap_or_default();
        // Google's client writes base64 for addresses.
        let data = inline["data"]
            .as_str()
            .map(|data| data.replace('-', "+").replace('_', "/"));
        let data = data.as_deref();
        let mut text = part["text"].as_str().unwrap_or_default().to_owned();
        match kind.split('/').next() {
            Some("audio") => self.sounds.extend(data.map(str::to_owned)),
            Some("text") => text += std::str::from_utf8(&STANDARD.decode(data.unwrap()).unwrap()).unwrap(),
            _ => self.media.extend(data.map(str::to_owned)),
        }
        let uri = get(get(part, "fileData"), "fileUri").as_str();
        self.media
            .extend(uri.filter(|uri| !is_googles(uri)).map(str::to_owned));
        let call = get(part, "functionCall");
        if let Some(name) = call["name"].as_str() {
            open.push((name.to_owned(), self.calls.len()));
            let arguments = if call["args"].is_null() {
                json!({})
            } else {
                call["args"].clone()
            };
            self.calls.push((name.to_owned(), arguments));
        }
        let result = get(part, "functionResponse");
        if let Some(name) = result["name"].as_str() {
            let at = open.iter().position(|(of, _)| of == name);
            let call = at.map(|at| open.remove(at).1);
            for more in items(&result["parts"]) {
                self.gemini_part(more, open);
            }
            self.answer(call, said(&result["response"]));
        }
        if part["thought"] == true {
            return String::new();
        }
        squeeze(&text)
    }
}

/// What a response says that is no object by itself.
fn said(response: &Value) -> String {
    let members = response.as_object().expect("an object");
    let only = ["result", "output", "error"]
        .iter()
        .find_map(|name| members.get(*name).filter(|_| members.len() == 1));
    match only {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => response.to_string(),
    }
}

/// Files that nobody else can read.
fn is_googles(uri: &str) -> bool {
    uri.starts_with("gs://") || uri.starts_with("https://generativelanguage.googleapis.com/")
}

fn get<'v>(value: &'v Value, camel: &str) -> &'v Value {
    let snake = camel.chars().fold(String::new(), |mut snake, character| {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
        snake
    });
    if value[camel].is_null() {
        &value[snake]
    } else {
        &value[camel]
    }
}

/// A list, or one that is none.
fn items(value: &Value) -> &[Value] {
    if value.is_object() {
        std::slice::from_ref(value)
    } else {
        list(value)
    }
}

/// Google's dialect of a schema as JSON Schema.
fn plain(schema: &Value) -> Value {
    const TYPES: [&str; 8] = [
        "", "string", "number", "integer", "boolean", "array", "object", "null",
    ];
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    let mut written = serde_json::Map::new();
    for (name, value) in members {
        let value = match name.as_str() {
            "type" => match value {
                Value::Number(number) => json!(TYPES[usize::try_from(number.as_u64().unwrap()).unwrap()]),
                Value::String(word) => json!(word.to_lowercase()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.clone(),
            },
            "properties" | "$defs" => {
                let named = value.as_object().unwrap().iter();
                Value::Object(named.map(|(name, of)| (name.clone(), plain(of))).collect())
            }
            "items" => plain(value),
            "anyOf" | "any_of" => list(value).iter().map(plain).collect(),
            "nullable" | "propertyOrdering" | "property_ordering" => continue,
            _ => value.clone(),
        };
        let name = if name == "any_of" { "anyOf" } else { name };
        written.insert(name.to_owned(), value);
    }
    if schema["nullable"] == true {
        written["type"] = json!([written["type"], "null"]);
    }
    Value::Object(written)
}
