//! `GET /v1/models`: the names that routes claim, in the format of the asking client.

use http::StatusCode;
use serde_json::{Value, json};
use wayleave_core::format::{Family, WireFormat};
use wayleave_core::table::Table;

use crate::call::Answer;
use crate::engine::json_answer;

/// What vendors put where a model has no date: the beginning of time.
const NO_DATE: &str = "1970-01-01T00:00:00Z";

pub(crate) fn list(table: &Table, format: WireFormat) -> Answer {
    let names = table.model_names();
    let body = match format.family() {
        Family::Anthropic => anthropic(&names),
        Family::Google => google(&names),
        Family::OpenAI | Family::Amazon => openai(&names),
    };
    json_answer(StatusCode::OK, body.to_string().into())
}

fn openai(names: &[std::sync::Arc<str>]) -> Value {
    let models = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 0, "owned_by": "wayleave"}));
    json!({"object": "list", "data": models.collect::<Vec<_>>()})
}

fn google(names: &[std::sync::Arc<str>]) -> Value {
    let methods = ["generateContent", "streamGenerateContent"];
    let models = names.iter().map(|name| {
        json!({"name": format!("models/{name}"), "displayName": name, "supportedGenerationMethods": methods})
    });
    json!({"models": models.collect::<Vec<_>>()})
}

fn anthropic(names: &[std::sync::Arc<str>]) -> Value {
    let models = names.iter().map(|name| {
        json!({
            "type": "model",
            "id": name,
            "display_name": name,
            "created_at": NO_DATE,
            "lifecycle": "active",
        })
    });
    json!({
        "data": models.collect::<Vec<_>>(),
        "first_id": names.first(),
        "last_id": names.last(),
        "has_more": false,
    })
}
