//! Content of Converse: a list of blocks, each an object with one member that says what it is.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::encode::{DOCUMENTS, IMAGES};
use crate::chat::proof::{Origin, Proof};
use crate::chat::{CacheControl, Content, Document, Dropped, Image, Part, Source, ToolCall, ToolResult};
use crate::format::bedrock::blob;
use crate::intake::{BadRequest, Kind, Object, Path, items};

/// Reads a list of blocks.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, BadRequest> {
    let mut parts = Vec::new();
    for (index, raw) in items(raw, path)?.into_iter().enumerate() {
        block(raw, &path.item(index), &mut parts, dropped)?;
    }
    Ok(parts)
}

fn block<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let mut block = Object::read(raw, path)?;
    let member = [
        "image",
        "document",
        "toolUse",
        "toolResult",
        "reasoningContent",
        "cachePoint",
    ]
    .into_iter()
    .chain(["guardContent", "citationsContent", "searchResult"])
    .find_map(|name| Some((name, block.raw(name)?)));
    let Some((name, raw)) = member else {
        return plain(&mut block, path, parts, dropped);
    };
    let path = path.member(name);
    let mut inner = Object::read(raw, &path)?;
    let content = match name {
        "image" => image(&mut inner, dropped)?,
        "document" => return document(&mut inner, parts, dropped),
        "toolUse" => Some(Content::ToolCall(tool_use(&mut inner)?)),
        "toolResult" => Some(Content::ToolResult(tool_result(&mut inner, dropped)?)),
        "reasoningContent" => reasoning(&mut inner)?,
        "cachePoint" => {
            match parts.last_mut() {
                Some(last) => last.cache = Some(cache_control(&mut inner)?),
                None => dropped.note("cachePoint before any content"),
            }
            None
        }
        // The rest is text with something around it.
        _ => return wrapped(name, &mut inner, parts, dropped),
    };
    parts.extend(content.map(Part::plain));
    Ok(())
}

/// Text, the JSON that a tool returned, and what has no place here.
fn plain<'a>(
    block: &mut Object<'a, '_>,
    path: &Path<'_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    if let Some(text) = block.text("text")? {
        parts.push(Part::plain(Content::Text(text)));
        return Ok(());
    }
    if let Some(json) = block.raw("json") {
        parts.push(Part::plain(Content::Text(Cow::Borrowed(json.get()))));
        return Ok(());
    }
    match block.first() {
        Some(name) => dropped.note(format!("messages[].content[].{name}")),
        None => return Err(path.error("is empty; send a block")),
    }
    Ok(())
}

fn wrapped<'a>(
    name: &'static str,
    inner: &mut Object<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    if name == "guardContent" {
        dropped.note(name);
        let path = inner.member("text");
        let text = inner
            .object("text", &path)?
            .map(|mut text| required(&mut text, "text"));
        parts.extend(text.transpose()?.map(Content::Text).map(Part::plain));
        return Ok(());
    }
    parts.extend(inner.text("title")?.map(Content::Text).map(Part::plain));
    if inner.raw("citations").is_some() {
        dropped.note(format!("{name}.citations"));
    }
    let path = inner.member("content");
    if let Some(raw) = inner.raw("content") {
        parts.extend(read(raw, &path, dropped)?);
    }
    Ok(())
}

fn required<'a>(object: &mut Object<'a, '_>, name: &str) -> Result<Cow<'a, str>, BadRequest> {
    object.text(name)?.ok_or_else(|| object.missing(name, "text"))
}

pub(super) fn cache_control<'a>(point: &mut Object<'a, '_>) -> Result<CacheControl<'a>, BadRequest> {
    Ok(CacheControl {
        ttl: point.text("ttl")?,
    })
}

fn tool_use<'a>(tool: &mut Object<'a, '_>) -> Result<ToolCall<'a>, BadRequest> {
    let arguments = match tool.raw("input") {
        Some(raw) if Kind::of(raw) == Kind::Object => raw.get(),
        Some(raw) => return Err(tool.member("input").mismatch(raw, "an object")),
        None => "{}",
    };
    Ok(ToolCall {
        id: required(tool, "toolUseId")?,
        name: required(tool, "name")?,
        arguments: Cow::Borrowed(arguments),
    })
}

fn tool_result<'a>(result: &mut Object<'a, '_>, dropped: &mut Dropped) -> Result<ToolResult<'a>, BadRequest> {
    let path = result.member("content");
    let parts = result.raw("content").map(|raw| read(raw, &path, dropped));
    let parts = parts.transpose()?.unwrap_or_default();
    Ok(ToolResult {
        id: required(result, "toolUseId")?,
        parts: parts.into_iter().map(|part| part.content).collect(),
        is_error: result.text("status")?.as_deref() == Some("error"),
    })
}

/// The proofs are taken for Claude's: no request says whose they are.
fn reasoning<'a>(reasoning: &mut Object<'a, '_>) -> Result<Option<Content<'a>>, BadRequest> {
    if let Some(data) = reasoning.text("redactedContent")? {
        return Ok(Some(Content::RedactedReasoning(blob::read(
            data,
            Origin::Anthropic,
        ))));
    }
    let path = reasoning.member("reasoningText");
    let Some(mut shown) = reasoning.object("reasoningText", &path)? else {
        return Ok(None);
    };
    Ok(Some(Content::Reasoning {
        text: required(&mut shown, "text")?,
        proof: shown
            .text("signature")?
            .filter(|signature| !signature.is_empty())
            .map(|signature| Proof::read(signature, Origin::Anthropic)),
    }))
}

/// `None`: a file of Amazon's own store.
fn image<'a>(image: &mut Object<'a, '_>, dropped: &mut Dropped) -> Result<Option<Content<'a>>, BadRequest> {
    let format = required(image, "format")?;
    let path = image.member("source");
    let source = image.object("source", &path)?;
    let source = source.map(|mut source| bytes(&mut source, &IMAGES, &format));
    let source = source.transpose()?.flatten();
    if source.is_none() {
        dropped.note("image.source");
    }
    Ok(source.map(|source| Content::Image(Image { source, detail: None })))
}

fn bytes<'a>(
    source: &mut Object<'a, '_>,
    formats: &[(&'static str, &str)],
    format: &str,
) -> Result<Option<Source<'a>>, BadRequest> {
    let known = formats.iter().find(|(_, word)| *word == format);
    let Some((data, (media_type, _))) = source.text("bytes")?.zip(known) else {
        return Ok(None);
    };
    Ok(Some(Source::Base64 {
        media_type: Cow::Borrowed(*media_type),
        data,
    }))
}

/// A document of text is text under its title, as at Anthropic.
fn document<'a>(
    document: &mut Object<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let name = document.text("name")?;
    let format = document.text("format")?.unwrap_or(Cow::Borrowed("txt"));
    for member in ["context", "citations"] {
        if document.raw(member).is_some() {
            dropped.note(format!("document.{member}"));
        }
    }
    let path = document.member("source");
    let Some(mut source) = document.object("source", &path)? else {
        return Err(path.error("is missing; send bytes or text"));
    };
    if let Some(source) = bytes(&mut source, &DOCUMENTS, &format)? {
        parts.push(Part::plain(Content::Document(Document { source, name })));
        return Ok(());
    }
    if let Some(text) = source.text("text")? {
        parts.extend(name.map(Content::Text).map(Part::plain));
        parts.push(Part::plain(Content::Text(text)));
        return Ok(());
    }
    if let Some(raw) = source.raw("content") {
        parts.extend(name.map(Content::Text).map(Part::plain));
        parts.extend(read(raw, &path.member("content"), dropped)?);
        return Ok(());
    }
    dropped.note("document.source");
    Ok(())
}
