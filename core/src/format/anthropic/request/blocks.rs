//! Content of the Anthropic format: text, or a list of blocks.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::options;
use crate::chat::proof::{Origin, Proof};
use crate::chat::{Content, Document, Dropped, Image, Part, Source, ToolCall, ToolResult};
use crate::intake::{BadRequest, Kind, Object, Path, items, text};

/// Reads a content.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, BadRequest> {
    match Kind::of(raw) {
        Kind::Text => Ok(vec![Part::plain(Content::Text(text(raw, path)?))]),
        Kind::List => {
            let mut parts = Vec::new();
            for (index, raw) in items(raw, path)?.into_iter().enumerate() {
                block(raw, &path.item(index), &mut parts, dropped)?;
            }
            Ok(parts)
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => {
            Err(path.mismatch(raw, "text or a list of blocks"))
        }
    }
}

fn block<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let mut block = Object::read(raw, path)?;
    let kind = block
        .text("type")?
        .ok_or_else(|| block.missing("type", "the kind of the block"))?;
    let cache = options::cache_control(&mut block)?;
    let content = match &*kind {
        "text" => Some(Content::Text(required(&mut block, "text")?)),
        "image" => image(&mut block, path, dropped)?,
        "document" => {
            let from = parts.len();
            document(&mut block, path, parts, dropped)?;
            if let Some(last) = parts.get_mut(from..).and_then(<[_]>::last_mut) {
                last.cache = cache;
            }
            return Ok(());
        }
        "search_result" => {
            let title = block.text("title")?.map(Content::Text);
            parts.extend(title.map(Part::plain));
            if let Some(raw) = block.raw("content") {
                parts.extend(read(raw, &path.member("content"), dropped)?);
            }
            None
        }
        "thinking" => Some(Content::Reasoning {
            text: required(&mut block, "thinking")?,
            proof: block
                .text("signature")?
                .filter(|signature| !signature.is_empty())
                .map(|signature| Proof::read(signature, Origin::Anthropic)),
        }),
        "redacted_thinking" => Some(Content::RedactedReasoning(Proof::read(
            required(&mut block, "data")?,
            Origin::Anthropic,
        ))),
        "tool_use" => Some(Content::ToolCall(tool_use(&mut block, path)?)),
        "tool_result" => Some(Content::ToolResult(tool_result(&mut block, path, dropped)?)),
        // What Anthropic's own tools did, files that only it has, …
        _ => {
            dropped.note(format!("messages[].content[].{kind}"));
            None
        }
    };
    parts.extend(content.map(|content| Part { content, cache }));
    Ok(())
}

fn required<'a>(object: &mut Object<'a, '_>, name: &str) -> Result<Cow<'a, str>, BadRequest> {
    object.text(name)?.ok_or_else(|| object.missing(name, "text"))
}

fn tool_use<'a>(block: &mut Object<'a, '_>, path: &Path<'_>) -> Result<ToolCall<'a>, BadRequest> {
    let input = match block.raw("input") {
        Some(raw) if Kind::of(raw) == Kind::Object => raw.get(),
        Some(raw) => return Err(path.member("input").mismatch(raw, "an object")),
        None => "{}",
    };
    Ok(ToolCall {
        id: required(block, "id")?,
        name: required(block, "name")?,
        arguments: Cow::Borrowed(input),
    })
}

fn tool_result<'a>(
    block: &mut Object<'a, '_>,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<ToolResult<'a>, BadRequest> {
    let content_path = path.member("content");
    let parts = block
        .raw("content")
        .map(|raw| read(raw, &content_path, dropped))
        .transpose()?;
    Ok(ToolResult {
        id: required(block, "tool_use_id")?,
        parts: parts
            .unwrap_or_default()
            .into_iter()
            .map(|part| part.content)
            .collect(),
        is_error: block.flag("is_error")?.unwrap_or(false),
    })
}

/// `None`: a file that only Anthropic has.
fn image<'a>(
    block: &mut Object<'a, '_>,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Option<Content<'a>>, BadRequest> {
    let path = path.member("source");
    let source = block.object("source", &path)?;
    let mut source = source.ok_or_else(|| path.error("is missing; send base64 or url"))?;
    let kind = required(&mut source, "type")?;
    let Some(source) = bytes(&kind, &mut source)? else {
        dropped.note(format!("image.source.{kind}"));
        return Ok(None);
    };
    Ok(Some(Content::Image(Image { source, detail: None })))
}

fn bytes<'a>(kind: &str, source: &mut Object<'a, '_>) -> Result<Option<Source<'a>>, BadRequest> {
    Ok(match kind {
        "base64" => Some(Source::Base64 {
            media_type: required(source, "media_type")?,
            data: required(source, "data")?,
        }),
        "url" => Some(Source::Url(required(source, "url")?)),
        _ => None,
    })
}

/// A document of text is text under its title and what is said about it; one of blocks is those blocks.
fn document<'a>(
    block: &mut Object<'a, '_>,
    path: &Path<'_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let citations = path.member("citations");
    let path = path.member("source");
    let source = block.object("source", &path)?;
    let mut source = source.ok_or_else(|| path.error("is missing; send base64, url, text or content"))?;
    let kind = required(&mut source, "type")?;
    let title = block.text("title")?;
    let context = block.text("context")?;
    let says = |text: Option<Cow<'a, str>>| {
        text.filter(|text| !text.is_empty())
            .map(|text| Part::plain(Content::Text(text)))
    };
    if let Some(mut wish) = block.object("citations", &citations)?
        && wish.flag("enabled")? == Some(true)
    {
        dropped.note("document.citations");
    }
    match &*kind {
        "text" => {
            parts.extend(says(title));
            parts.extend(says(context));
            parts.push(Part::plain(Content::Text(required(&mut source, "data")?)));
        }
        "content" => {
            parts.extend(says(title));
            parts.extend(says(context));
            if let Some(raw) = source.raw("content") {
                parts.extend(read(raw, &path.member("content"), dropped)?);
            }
        }
        _ => match bytes(&kind, &mut source)? {
            Some(source) => {
                parts.extend(says(context));
                parts.push(Part::plain(Content::Document(Document { source, name: title })));
            }
            None => dropped.note(format!("document.source.{kind}")),
        },
    }
    Ok(())
}
