//! `inlineData` and `fileData`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::chat::{Content, Document, Dropped, Image, Source};
use crate::format::gemini::request::values::object;
use crate::intake::{BadRequest, Object, Path};

/// Files that nobody but Google can read.
const GOOGLES_OWN: [&str; 2] = ["gs://", "https://generativelanguage.googleapis.com/"];

/// Reads what a part holds beside text. `None`: nothing, or nothing that means anything elsewhere.
pub(super) fn read<'a>(
    part: &mut Object<'a, '_>,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Option<Content<'a>>, BadRequest> {
    let (inline_path, file_path) = (path.member("inlineData"), path.member("fileData"));
    if let Some(raw) = part.raw("inlineData") {
        let mut inline = object(raw, &inline_path)?;
        let media_type = inline
            .text("mimeType")?
            .ok_or_else(|| inline.missing("mimeType", "the type of the data"))?;
        let data = inline
            .text("data")?
            .ok_or_else(|| inline.missing("data", "base64"))?;
        let name = inline.text("displayName")?;
        return Ok(Some(held(media_type, data, name)));
    }
    let Some(raw) = part.raw("fileData") else {
        return Ok(None);
    };
    let mut file = object(raw, &file_path)?;
    let uri = file
        .text("fileUri")?
        .ok_or_else(|| file.missing("fileUri", "an address"))?;
    if GOOGLES_OWN.iter().any(|place| uri.starts_with(place)) {
        dropped.note("contents[].parts[].fileData of Google's");
        return Ok(None);
    }
    let media_type = file.text("mimeType")?.unwrap_or_default();
    let name = file.text("displayName")?;
    let source = Source::Url(uri);
    Ok(Some(if media_type.starts_with("image/") {
        Content::Image(Image { source, detail: None })
    } else {
        Content::Document(Document { source, name })
    }))
}

fn held<'a>(media_type: Cow<'a, str>, data: Cow<'a, str>, name: Option<Cow<'a, str>>) -> Content<'a> {
    if let Some(format) = media_type.strip_prefix("audio/") {
        let format = match format {
            "mpeg" | "mp3" => "mp3",
            "wav" | "x-wav" | "wave" | "vnd.wave" => "wav",
            other => other,
        };
        return Content::Audio {
            data,
            format: Cow::Owned(format.to_owned()),
        };
    }
    // As a document of text at Anthropic is.
    let said = media_type
        .starts_with("text/")
        .then(|| STANDARD.decode(data.as_bytes()));
    if let Some(Ok(said)) = said
        && let Ok(said) = String::from_utf8(said)
    {
        return Content::Text(Cow::Owned(said));
    }
    let image = media_type.starts_with("image/");
    let source = Source::Base64 { media_type, data };
    if image {
        Content::Image(Image { source, detail: None })
    } else {
        Content::Document(Document { source, name })
    }
}
