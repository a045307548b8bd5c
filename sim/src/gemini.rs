//! Google's Gemini format, as the Gemini API and Vertex AI speak it.

pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
mod strict;
mod turns;

use http::request::Parts;
use serde_json::{Value, json};

use crate::answer::{Call, Finish, Usage};
use crate::format::{Delivery, bearer, header_text};
use crate::problem::Malformed;
use crate::{ids, path};

const CALL_MESSAGE: &str = "Model generated function call(s).";

/// The key in its header or, at Vertex AI, as a token; the query's comes from older clients.
pub(crate) fn credential(head: &Parts) -> Option<String> {
    let own = header_text(&head.headers, "x-goog-api-key").or_else(|| bearer(&head.headers));
    own.map(str::to_owned).or_else(|| path::query(head, "key"))
}

/// A member under its name or, as Google's JSON allows, in snake case.
fn member<'a>(value: &'a Value, camel: &str) -> Option<&'a Value> {
    value.get(camel).or_else(|| value.get(snake(camel)))
}

fn snake(camel: &str) -> String {
    camel.chars().fold(String::new(), |mut name, letter| {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        name
    })
}

/// Calls have one since the models that think, texts since Gemini 3.
fn signs_calls(model: &str) -> bool {
    !model.starts_with("gemini-1") && !model.starts_with("gemini-2.0")
}

/// Where a call's signature has to come back.
fn wants_signatures(model: &str) -> bool {
    model.starts_with("gemini-3")
}

/// What the model needs to go on thinking where it was.
fn signature() -> String {
    ids::random("Eu", 118)
}

fn response_id() -> String {
    ids::random("", 23)
}

/// Tool calls end with `STOP` too.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls | Finish::NamedTool => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
        Finish::Refusal => "PROHIBITED_CONTENT",
    }
}

/// Calls have no ids here. The first carries the signature.
fn call_part(call: &Call, signed: bool) -> Value {
    let args: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
    let mut part = json!({"functionCall": {"name": call.name, "args": args}});
    if signed && let Some(members) = part.as_object_mut() {
        members.insert("thoughtSignature".to_owned(), signature().into());
    }
    part
}

/// Here the prompt includes the cached tokens, and the candidates do not include the thoughts.
fn usage(usage: Usage) -> Value {
    let prompt = usage.input + usage.cached;
    let mut counts = json!({
        "promptTokenCount": prompt,
        "totalTokenCount": prompt + usage.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    });
    let optional = [
        (
            "candidatesTokenCount",
            usage.output.saturating_sub(usage.reasoning),
        ),
        ("thoughtsTokenCount", usage.reasoning),
        ("cachedContentTokenCount", usage.cached),
    ];
    if let Some(members) = counts.as_object_mut() {
        let given = optional.into_iter().filter(|(_, count)| *count > 0);
        members.extend(given.map(|(name, count)| (name.to_owned(), count.into())));
    }
    counts
}

/// The answer of `:countTokens`: contents alone, or a whole request.
pub(crate) fn count(body: &Value, model: &str) -> Result<Value, Malformed> {
    let request = member(body, "generateContentRequest").unwrap_or(body);
    let tokens = request::read(request, model, Delivery::Whole)?.prompt_tokens;
    Ok(json!({"totalTokens": tokens, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}]}))
}

/// The answer of `GET …/models`.
pub(crate) fn models(names: &[String]) -> Value {
    let model = |name: &String| {
        json!({
            "name": format!("models/{name}"),
            "displayName": name,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        })
    };
    json!({"models": names.iter().map(model).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_two_names() {
        assert_eq!(snake("parametersJsonSchema"), "parameters_json_schema");
        for body in [json!({"functionCall": 1}), json!({"function_call": 1})] {
            assert_eq!(member(&body, "functionCall"), Some(&json!(1)));
        }
    }

    #[test]
    fn thoughts_are_no_candidates() {
        let counts = usage(Usage {
            input: 7,
            cached: 5,
            output: 9,
            reasoning: 4,
        });
        assert_eq!(
            (&counts["promptTokenCount"], &counts["candidatesTokenCount"]),
            (&json!(12), &json!(5))
        );
        assert_eq!(
            (&counts["thoughtsTokenCount"], &counts["totalTokenCount"]),
            (&json!(4), &json!(21))
        );
        assert_eq!(usage(Usage::default()).get("thoughtsTokenCount"), None);
    }
}
