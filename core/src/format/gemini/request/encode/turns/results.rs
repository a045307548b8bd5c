//! What functions returned.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::super::models::Generation;
use super::super::super::wire::{CallResult, Part, PartData, Response, Said};
use super::{Names, media};
use crate::chat::{Content, Dropped, ToolResult};

/// What the function is called where the conversation does not tell.
const UNKNOWN: &str = "unknown";

/// Before Gemini 3 a result holds no pictures: they go to `said`.
pub(super) fn write<'a>(
    result: &'a ToolResult<'_>,
    names: &Names<'a>,
    generation: Generation,
    said: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Part<'a> {
    let mut texts = Vec::new();
    let mut parts = Vec::new();
    for content in &result.parts {
        if let Content::Text(text) = content {
            texts.push(text.as_ref());
        } else {
            let place = if generation.third { &mut parts } else { &mut *said };
            place.extend(media::part(content, dropped).map(Part::plain));
        }
    }
    let name = names.get(result.id.as_ref()).copied();
    if name.is_none() {
        dropped.note("tool results: the name of a call that is not in the conversation");
    }
    Part::plain(PartData::FunctionResponse(CallResult {
        id: &result.id,
        name: name.unwrap_or(UNKNOWN),
        response: response(texts.join("\n"), result.is_error),
        parts,
    }))
}

/// An object as it is; anything else as the member of one. So is an object that would read as such a member.
fn response(text: String, is_error: bool) -> Response {
    if is_error {
        return Response::Said(Said::Error(text));
    }
    let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(&text).ok();
    let is_object = members.is_some_and(|members| {
        let wraps = |name: &String| matches!(name.as_str(), "result" | "output" | "error");
        members.len() != 1 || !members.keys().any(wraps)
    });
    let object = is_object.then(|| RawValue::from_string(text.trim().to_owned()));
    match object {
        Some(Ok(object)) => Response::Whole(object),
        Some(Err(_)) | None => Response::Said(Said::Result(text)),
    }
}
