//! `content` of a message of the OpenAI format: text, or a list of parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::options;
use crate::chat::{Content, Document, Dropped, Image, Part, Source};
use crate::intake::{BadRequest, Kind, Object, Path, items, text};

/// Reads a content.
pub(super) fn parts<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<Part<'a>>, BadRequest> {
    match Kind::of(raw) {
        Kind::Text => Ok(vec![Part::plain(Content::Text(text(raw, path)?))]),
        Kind::List => {
            let mut parts = Vec::new();
            for (index, raw) in items(raw, path)?.into_iter().enumerate() {
                part(raw, &path.item(index), &mut parts, dropped)?;
            }
            Ok(parts)
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => {
            Err(path.mismatch(raw, "text or a list of parts"))
        }
    }
}

fn part<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    parts: &mut Vec<Part<'a>>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    if Kind::of(raw) == Kind::Text {
        parts.push(Part::plain(Content::Text(text(raw, path)?)));
        return Ok(());
    }
    let mut part = Object::read(raw, path)?;
    let kind = part
        .text("type")?
        .ok_or_else(|| part.missing("type", "the kind of the part"))?;
    let cache = options::cache_control(&mut part)?;
    let content = match &*kind {
        // The latter two are the names in the Responses format, which clients mix up.
        "text" | "input_text" | "output_text" => Some(Content::Text(required(&mut part, "text")?)),
        "refusal" => Some(Content::Refusal(required(&mut part, "refusal")?)),
        "image_url" => Some(Content::Image(image(&mut part)?)),
        "file" => document(&mut part, path)?.map(Content::Document),
        "input_audio" => {
            let inner = path.member("input_audio");
            let audio = part.object("input_audio", &inner)?;
            let mut audio = audio.ok_or_else(|| inner.error("is missing; send data and format"))?;
            Some(Content::Audio {
                data: required(&mut audio, "data")?,
                format: required(&mut audio, "format")?,
            })
        }
        // Mistral's reasoning.
        "thinking" => Some(Content::Reasoning {
            text: thinking(&mut part)?,
            proof: None,
        }),
        _ => None,
    };
    match content {
        Some(content) => parts.push(Part { content, cache }),
        None => dropped.note(format!("messages[].content[].{kind}")),
    }
    Ok(())
}

fn required<'a>(object: &mut Object<'a, '_>, name: &str) -> Result<Cow<'a, str>, BadRequest> {
    object.text(name)?.ok_or_else(|| object.missing(name, "text"))
}

/// `image_url` is an object, or (Mistral) the URL itself.
fn image<'a>(part: &mut Object<'a, '_>) -> Result<Image<'a>, BadRequest> {
    let path = part.member("image_url");
    let raw = part
        .raw("image_url")
        .ok_or_else(|| part.missing("image_url", "an object with url"))?;
    if Kind::of(raw) == Kind::Text {
        return Ok(Image {
            source: source(text(raw, &path)?),
            detail: None,
        });
    }
    let mut image = Object::read(raw, &path)?;
    let url = required(&mut image, "url")?;
    Ok(Image {
        source: source(url),
        detail: image.text("detail")?,
    })
}

/// `None`: a file that only OpenAI has.
fn document<'a>(part: &mut Object<'a, '_>, path: &Path<'_>) -> Result<Option<Document<'a>>, BadRequest> {
    let inner = path.member("file");
    let file = part.object("file", &inner)?;
    let mut file = file.ok_or_else(|| inner.error("is missing; send filename and file_data"))?;
    let name = file.text("filename")?;
    let data = file.text("file_data")?;
    Ok(data.map(|data| Document {
        source: source(data),
        name,
    }))
}

fn thinking<'a>(part: &mut Object<'a, '_>) -> Result<Cow<'a, str>, BadRequest> {
    let path = part.member("thinking");
    let Some(raw) = part.raw("thinking") else {
        return Ok(Cow::Borrowed(""));
    };
    if Kind::of(raw) == Kind::Text {
        return text(raw, &path);
    }
    let mut all = String::new();
    for (index, raw) in items(raw, &path)?.into_iter().enumerate() {
        let path = path.item(index);
        let piece = Object::read(raw, &path)?.text("text")?;
        all.push_str(piece.as_deref().unwrap_or_default());
    }
    Ok(Cow::Owned(all))
}

/// Splits a data URL in base64. Any other URL is the provider's to fetch.
pub(crate) fn source(url: Cow<'_, str>) -> Source<'_> {
    match url {
        Cow::Borrowed(url) => match split_data_url(url) {
            Some((media_type, data)) => Source::Base64 {
                media_type: Cow::Borrowed(media_type),
                data: Cow::Borrowed(data),
            },
            None => Source::Url(Cow::Borrowed(url)),
        },
        Cow::Owned(url) => match split_data_url(&url) {
            Some((media_type, data)) => Source::Base64 {
                media_type: Cow::Owned(media_type.to_owned()),
                data: Cow::Owned(data.to_owned()),
            },
            None => Source::Url(Cow::Owned(url)),
        },
    }
}

/// Media type without parameters, and data.
fn split_data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some((
        kind.split_once(';').map_or(kind, |(media_type, _)| media_type),
        data,
    ))
}
