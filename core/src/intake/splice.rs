//! Changes to a body that leave all its other bytes as they are.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::BadRequest;
use super::object::{Kind, Object, Path};

/// One replacement. An empty range inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) at: Range<usize>,
    pub(super) text: Cow<'static, str>,
}

/// Where `part`, which borrows from `whole`, lies in it.
pub(crate) fn span(whole: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.get().len()
}

/// The edit that asks for usage in an OpenAI stream with these `stream_options`; `None`: it is asked for already.
pub(super) fn ask_for_usage(
    body: &str,
    options: Option<&RawValue>,
    path: &Path<'_>,
) -> Result<Option<Edit>, BadRequest> {
    let Some(options) = options else {
        let start = after_brace(body, 0);
        let text = r#""stream_options":{"include_usage":true},"#;
        return Ok(Some(Edit {
            at: start..start,
            text: text.into(),
        }));
    };
    if Kind::of(options) == Kind::Null {
        return Ok(Some(Edit {
            at: span(body, options),
            text: r#"{"include_usage":true}"#.into(),
        }));
    }
    let mut members = Object::read(options, path)?;
    if let Some(include) = members.even_null("include_usage") {
        return match Kind::of(include) {
            Kind::Bool if include.get() == "true" => Ok(None),
            Kind::Bool | Kind::Null => Ok(Some(Edit {
                at: span(body, include),
                text: "true".into(),
            })),
            Kind::Number | Kind::Text | Kind::List | Kind::Object => {
                Err(path.member("include_usage").mismatch(include, "true or false"))
            }
        };
    }
    let start = after_brace(body, span(body, options).start);
    let text = if members.is_empty() {
        r#""include_usage":true"#
    } else {
        r#""include_usage":true,"#
    };
    Ok(Some(Edit {
        at: start..start,
        text: text.into(),
    }))
}

/// The position behind the next `{`.
fn after_brace(body: &str, from: usize) -> usize {
    let rest = body.as_bytes().get(from..).unwrap_or_default();
    memchr::memchr(b'{', rest).map_or(from, |brace| from + brace + 1)
}

/// Applies edits that do not overlap. The body is copied once; without edits, not at all.
pub(super) fn apply(body: &Bytes, mut edits: Vec<Edit>) -> Bytes {
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|edit| edit.at.start);
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut done = 0;
    for edit in &edits {
        out.extend_from_slice(body.get(done..edit.at.start).unwrap_or_default());
        out.extend_from_slice(edit.text.as_bytes());
        done = edit.at.end;
    }
    out.extend_from_slice(body.get(done..).unwrap_or_default());
    out.into()
}
