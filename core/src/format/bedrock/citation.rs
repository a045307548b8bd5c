//! Sources that an answer leans on.

use super::frame::{self, Location};
use crate::event::Event;
use crate::event::citation::{Citation, Source};
use crate::format::reading::Sink;

/// Tells a source of the text before it.
pub(super) fn cite(citation: &frame::Citation<'_>, sink: Sink<'_>) {
    let title = citation.title.as_str();
    let pieces = citation.source_content.0.iter();
    let cited: String = pieces.map(|piece| piece.text.as_str()).collect();
    let citation = Citation {
        source: source(&citation.location, (!title.is_empty()).then(|| title.to_owned())),
        cited: (!cited.is_empty()).then_some(cited),
        span: None,
    };
    sink(Event::Citation {
        choice: 0,
        citation: Box::new(citation),
    });
}

fn source(location: &Location<'_>, title: Option<String>) -> Source {
    if let Some(web) = &location.web {
        return Source::Web {
            url: web.url.as_str().to_owned(),
            title,
        };
    }
    let place = location
        .document_char
        .or(location.document_page)
        .or(location.document_chunk);
    Source::Document {
        index: place
            .and_then(|place| place.document_index.0)
            .and_then(|index| u32::try_from(index).ok()),
        title,
        file: None,
    }
}
