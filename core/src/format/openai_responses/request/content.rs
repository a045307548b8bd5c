//! `content` of a message, or `output` of a function: text, or a list of parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::{Content, Document, Dropped, Image, Source};
use crate::format::openai_chat::request::source;
use crate::intake::{BadRequest, Kind, Object, Path, items, text};

/// Reads a content.
pub(super) fn read<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<Content<'a>>, BadRequest> {
    match Kind::of(raw) {
        Kind::Text => Ok(vec![Content::Text(text(raw, path)?)]),
        Kind::List => {
            let mut parts = Vec::new();
            for (index, raw) in items(raw, path)?.into_iter().enumerate() {
                parts.extend(part(raw, &path.item(index), dropped)?);
            }
            Ok(parts)
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => {
            Err(path.mismatch(raw, "text or a list of parts"))
        }
    }
}

/// `None`: it cannot be said in other formats.
fn part<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Option<Content<'a>>, BadRequest> {
    let mut part = Object::read(raw, path)?;
    let kind = part
        .text("type")?
        .ok_or_else(|| part.missing("type", "the kind of the part"))?;
    let content = match &*kind {
        // The last is the name in chats, which clients mix up.
        "input_text" | "output_text" | "text" => Some(Content::Text(required(&mut part, "text")?)),
        "refusal" => Some(Content::Refusal(required(&mut part, "refusal")?)),
        "input_image" => image(&mut part)?.map(Content::Image),
        "input_file" => document(&mut part)?.map(Content::Document),
        "input_audio" => {
            let inner = path.member("input_audio");
            let audio = part.object("input_audio", &inner)?;
            let mut audio = audio.ok_or_else(|| inner.error("is missing; send data and format"))?;
            Some(Content::Audio {
                data: required(&mut audio, "data")?,
                format: required(&mut audio, "format")?,
            })
        }
        _ => None,
    };
    if content.is_none() {
        dropped.note(format!("input[].content[].{kind}"));
    }
    // What an earlier answer had beside its text is not said again.
    for name in ["annotations", "logprobs"] {
        part.raw(name);
    }
    for name in part.leftover().filter(|_| content.is_some()) {
        dropped.note(format!("input[].content[].{name}"));
    }
    Ok(content)
}

fn required<'a>(object: &mut Object<'a, '_>, name: &str) -> Result<Cow<'a, str>, BadRequest> {
    object.text(name)?.ok_or_else(|| object.missing(name, "text"))
}

/// `None`: a file that only OpenAI has.
fn image<'a>(part: &mut Object<'a, '_>) -> Result<Option<Image<'a>>, BadRequest> {
    let detail = part.text("detail")?;
    let url = part.text("image_url")?;
    Ok(url.map(|url| Image {
        source: source(url),
        detail,
    }))
}

/// `None`: a file that only OpenAI has.
fn document<'a>(part: &mut Object<'a, '_>) -> Result<Option<Document<'a>>, BadRequest> {
    let name = part.text("filename")?;
    let source = match part.text("file_data")? {
        Some(data) => match source(data) {
            // No data URL: base64 without its head.
            Source::Url(data) => Some(Source::Base64 {
                media_type: Cow::Borrowed("application/pdf"),
                data,
            }),
            source @ Source::Base64 { .. } => Some(source),
        },
        None => part.text("file_url")?.map(Source::Url),
    };
    Ok(source.map(|source| Document { source, name }))
}
