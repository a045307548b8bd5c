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
        source: source(
            citation.location.as_ref(),
            (!title.is_empty()).then(|| title.to_owned()),
        ),
        cited: (!cited.is_empty()).then_some(cited),
        span: None,
    };
    sink(Event::Citation {
        choice: 0,
        citation: Box::new(citation),
    });
}

fn source(location: Option<&Location<'_>>, title: Option<String>) -> Source {
    if let Some(web) = location.and_then(|location| location.web.as_ref()) {
        return Source::Web {
            url: web.url.as_str().to_owned(),
            title,
        };
    }
    let place = |location: &Location<'_>| {
        let place = location.document_char.or(location.document_page);
        place.or(location.document_chunk)
    };
    Source::Document {
        index: location
            .and_then(place)
            .and_then(|place| place.document_index.0)
            .and_then(|index| u32::try_from(index).ok()),
        title,
        file: None,
    }
}
