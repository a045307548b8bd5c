//! Images and documents: bytes with a word for their format. Nothing is fetched from addresses.

use std::collections::BTreeSet;

use super::super::wire::{Block, Source as Bytes};
use crate::chat::{Document, Dropped, Image, Source};

/// The media types that can be sent, with the words for them.
pub(in super::super) const IMAGES: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/jpg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];
pub(in super::super) const DOCUMENTS: [(&str, &str); 9] = [
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ("application/vnd.ms-excel", "xls"),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];

/// The longest name of a document.
const LONGEST_NAME: usize = 200;

/// Writes the media of one request, in which every document has a name of its own.
#[derive(Debug, Default)]
pub(super) struct Media {
    names: BTreeSet<String>,
}

impl Media {
    #[expect(clippy::unused_self, reason = "beside its sibling")]
    pub(super) fn image<'a>(&self, image: &'a Image<'_>, dropped: &mut Dropped) -> Option<Block<'a>> {
        if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
            dropped.note("image_url.detail");
        }
        let (format, data) = inline(&image.source, &IMAGES, "image", dropped)?;
        Some(Block::Image {
            format,
            source: Bytes::Bytes(data),
        })
    }

    pub(super) fn document<'a>(
        &mut self,
        document: &'a Document<'_>,
        dropped: &mut Dropped,
    ) -> Option<Block<'a>> {
        let (format, data) = inline(&document.source, &DOCUMENTS, "file", dropped)?;
        Some(Block::Document {
            format,
            name: self.name(document.name.as_deref().unwrap_or_default()),
            source: Bytes::Bytes(data),
        })
    }

    /// A name of letters, digits, single blanks, hyphens, parentheses and square brackets that no other document has.
    fn name(&mut self, given: &str) -> String {
        let mut name = String::new();
        for character in given.chars().take(LONGEST_NAME) {
            match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '(' | ')' | '[' | ']' => name.push(character),
                _ if !character.is_whitespace() => name.push('-'),
                _ if !name.is_empty() && !name.ends_with(' ') => name.push(' '),
                _ => {}
            }
        }
        let name = match name.trim_end() {
            "" => "document",
            name => name,
        };
        let numbered = (2_u32..).map(|number| format!("{name} ({number})"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        let free = candidates.find(|name| !self.names.contains(name));
        let free = free.unwrap_or_default();
        self.names.insert(free.clone());
        free
    }
}

fn inline<'a>(
    source: &'a Source<'_>,
    formats: &[(&str, &'static str)],
    what: &str,
    dropped: &mut Dropped,
) -> Option<(&'static str, &'a str)> {
    let Source::Base64 { media_type, data } = source else {
        dropped.note(format!("{what}: a URL"));
        return None;
    };
    let format = formats
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(media_type));
    if format.is_none() {
        dropped.note(format!("{what} of {media_type}"));
    }
    format.map(|(_, format)| (*format, &**data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_differ() {
        let mut media = Media::default();
        for (given, name) in [
            ("report.pdf", "report-pdf"),
            ("report-pdf", "report-pdf (2)"),
            (" a  b\t[1] ", "a b [1]"),
            ("", "document"),
            ("\n", "document (2)"),
            ("é/ü", "---"),
        ] {
            assert_eq!(media.name(given), name);
        }
        assert_eq!(media.name(&"x".repeat(900)).len(), LONGEST_NAME);
    }
}
