//! `functionResponse`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Reader, media};
use crate::chat::{Content, ToolResult};
use crate::format::gemini::request::values::{object, one_or_more};
use crate::intake::{BadRequest, Kind, Path, text};

impl<'a> Reader<'a, '_> {
    pub(super) fn result(
        &mut self,
        raw: &'a RawValue,
        path: &Path<'_>,
    ) -> Result<ToolResult<'a>, BadRequest> {
        let mut result = object(raw, path)?;
        let name = result
            .text("name")?
            .ok_or_else(|| result.missing("name", "the function's name"))?;
        let id = result.text("id")?.filter(|id| !id.is_empty());
        let id = self.calls.result(&name, id);
        let response_path = path.member("response");
        let response = result.raw("response");
        let (said, is_error) = response
            .map(|raw| unwrapped(raw, &response_path))
            .transpose()?
            .unwrap_or_default();
        let mut parts = vec![Content::Text(said)];
        let list = path.member("parts");
        let more = result
            .raw("parts")
            .map(|raw| one_or_more(raw, &list))
            .transpose()?;
        for (index, raw) in more.unwrap_or_default().into_iter().enumerate() {
            let path = list.item(index);
            let mut part = object(raw, &path)?;
            parts.extend(media::read(&mut part, &path, self.dropped)?);
        }
        for name in result.leftover() {
            self.dropped
                .note(format!("contents[].parts[].functionResponse.{name}"));
        }
        Ok(ToolResult { id, parts, is_error })
    }
}

/// A response is an object. Google documents `output` and `error` as the members of one that is no object by itself;
/// its SDKs say `result`.
fn unwrapped<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<(Cow<'a, str>, bool), BadRequest> {
    if Kind::of(raw) != Kind::Object {
        return Err(path.mismatch(raw, "an object"));
    }
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| path.mismatch(raw, "an object in valid Unicode"))?;
    if let (1, Some((name, inner))) = (members.len(), members.first_key_value())
        && matches!(name.as_str(), "result" | "output" | "error")
    {
        let said = if Kind::of(inner) == Kind::Text {
            text(inner, &path.member(name))?
        } else {
            Cow::Borrowed(inner.get())
        };
        return Ok((said, name == "error"));
    }
    Ok((Cow::Borrowed(raw.get()), false))
}
