//! What the user says, but for results.

use std::borrow::Cow;

use super::super::super::wire::{Blob, File, PartData};
use crate::chat::{Content, Dropped, Source};

/// Types by the end of an address: Google wants to be told.
const TYPES: [(&str, &str); 14] = [
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
    (".gif", "image/gif"),
    (".heic", "image/heic"),
    (".pdf", "application/pdf"),
    (".txt", "text/plain"),
    (".html", "text/html"),
    (".csv", "text/csv"),
    (".mp3", "audio/mpeg"),
    (".wav", "audio/wav"),
    (".mp4", "video/mp4"),
    (".mov", "video/quicktime"),
];

/// `None`: it goes elsewhere, or nowhere.
pub(super) fn part<'a>(content: &'a Content<'_>, dropped: &mut Dropped) -> Option<PartData<'a>> {
    match content {
        Content::Text(text) | Content::Refusal(text) => (!text.is_empty()).then_some(PartData::Text(text)),
        Content::Image(image) => {
            if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                dropped.note("image_url.detail");
            }
            Some(source(&image.source, "image/jpeg"))
        }
        Content::Document(document) => Some(source(&document.source, "application/pdf")),
        Content::Audio { data, format } => Some(PartData::InlineData(Blob {
            mime_type: Cow::Owned(format!("audio/{format}")),
            data,
        })),
        Content::Reasoning { .. } | Content::RedactedReasoning(_) | Content::ToolCall(_) => {
            dropped.note("messages[].content[]: of the assistant in a user's turn");
            None
        }
        Content::ToolResult(_) => None,
    }
}

/// `likely`: the type where the address does not tell.
fn source<'a>(source: &'a Source<'_>, likely: &'static str) -> PartData<'a> {
    match source {
        Source::Base64 { media_type, data } => PartData::InlineData(Blob {
            mime_type: Cow::Borrowed(media_type),
            data,
        }),
        Source::Url(url) => {
            let path = url
                .split(['?', '#'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let told = TYPES.iter().find(|(end, _)| path.ends_with(end));
            PartData::FileData(File {
                mime_type: told.map_or(likely, |(_, media_type)| media_type),
                file_uri: url,
            })
        }
    }
}
