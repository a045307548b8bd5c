//! `groundingMetadata`, both ways.

use std::ops::Range;

use serde::Serialize;

use super::chunk::{Leaning, Place, Segment, Source as Chunk};
use super::reader::Shape;
use crate::event::citation::{Citation, Source};

/// The longest text, in bytes, of which pieces are told.
const MAX_TEXT: usize = 256 * 1024;

/// The most citations of one candidate.
const MAX_CITATIONS: usize = 256;

/// What a candidate leans on, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Grounded {
    /// The text so far: Google counts its bytes, others characters.
    text: String,
    /// Where each part of a whole answer begins in it. A stream is one part.
    parts: Vec<usize>,
    /// The text is longer than what is kept.
    cut: bool,
    citations: Vec<Citation>,
    searches: u64,
}

impl Grounded {
    /// Takes a text of the candidate.
    pub(super) fn say(&mut self, text: &str, shape: Shape) {
        self.cut |= self.text.len() + text.len() > MAX_TEXT;
        if self.cut {
            return;
        }
        if shape == Shape::Whole || self.parts.is_empty() {
            self.parts.push(self.text.len());
        }
        self.text.push_str(text);
    }

    /// Takes what it leans on. The last that names sources has them all.
    pub(super) fn lean(&mut self, grounding: &Leaning<'_>) {
        let searches = u64::try_from(grounding.web_search_queries.0.len()).unwrap_or(0);
        self.searches = self.searches.max(searches);
        let sources = &grounding.grounding_chunks.0;
        if sources.is_empty() {
            return;
        }
        self.citations.clear();
        let mut cited = vec![false; sources.len()];
        for support in &grounding.grounding_supports.0 {
            for index in &support.grounding_chunk_indices.0 {
                let index = index.0.and_then(|index| usize::try_from(index).ok());
                let Some((index, chunk)) = index.and_then(|index| sources.get(index).map(|it| (index, it)))
                else {
                    continue;
                };
                if let Some(cited) = cited.get_mut(index) {
                    *cited = true;
                }
                if self.citations.len() < MAX_CITATIONS {
                    let span = support.segment.and_then(|segment| self.span(segment));
                    self.add(chunk, span);
                }
            }
        }
        for (chunk, _) in sources.iter().zip(cited).filter(|(_, cited)| !cited) {
            self.add(chunk, None);
        }
    }

    /// All citations, once.
    pub(super) fn take(&mut self) -> Vec<Citation> {
        std::mem::take(&mut self.citations)
    }

    pub(super) const fn searches(&self) -> u64 {
        self.searches
    }

    fn add(&mut self, chunk: &Chunk<'_>, span: Option<Range<u32>>) {
        if self.citations.len() >= MAX_CITATIONS {
            return;
        }
        self.citations.extend(source(chunk).map(|source| Citation {
            source,
            cited: None,
            span,
        }));
    }

    /// In characters of the whole text.
    fn span(&self, segment: Segment) -> Option<Range<u32>> {
        if self.cut {
            return None;
        }
        let size = |count: u64| usize::try_from(count).ok();
        let part = self.parts.get(size(segment.part.or_zero())?)?;
        let at = |index: u64| {
            let before = self.text.get(..part.checked_add(size(index)?)?)?;
            u32::try_from(before.chars().count()).ok()
        };
        let (start, end) = (at(segment.start.or_zero())?, at(segment.end.0?)?);
        (start <= end).then_some(start..end)
    }
}

fn source(chunk: &Chunk<'_>) -> Option<Source> {
    let title = |place: &Place<'_>| {
        let title = place.title.as_str().to_owned();
        (!title.is_empty()).then_some(title)
    };
    let web = |place: &Place<'_>| Source::Web {
        url: place.uri.as_str().to_owned(),
        title: title(place),
    };
    if let Some(place) = chunk.web.as_ref().or(chunk.maps.as_ref()) {
        return Some(web(place));
    }
    let place = chunk.retrieved_context.as_ref()?;
    let file = place.uri.as_str();
    if file.starts_with("http") {
        return Some(web(place));
    }
    Some(Source::Document {
        index: None,
        title: title(place),
        file: (!file.is_empty()).then(|| file.to_owned()),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroundingOut<'a> {
    grounding_chunks: Vec<ChunkOut<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grounding_supports: Vec<SupportOut>,
}

#[derive(Serialize)]
struct ChunkOut<'a> {
    web: WebOut<'a>,
}

#[derive(PartialEq, Serialize)]
struct WebOut<'a> {
    uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SupportOut {
    segment: SegmentOut,
    grounding_chunk_indices: [usize; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SegmentOut {
    start_index: usize,
    end_index: usize,
}

impl<'a> GroundingOut<'a> {
    /// `text`: all text of the candidate, where it is known. `None`: it leans on no page of the web; documents have no
    /// address that would mean anything here.
    pub(super) fn new<'c>(citations: impl Iterator<Item = &'a Citation>, text: &'c str) -> Option<Self> {
        let mut all = Self {
            grounding_chunks: Vec::new(),
            grounding_supports: Vec::new(),
        };
        let text = if text.len() > MAX_TEXT { "" } else { text };
        for citation in citations.take(MAX_CITATIONS) {
            let Source::Web { url, title } = &citation.source else {
                continue;
            };
            let web = WebOut {
                uri: url,
                title: title.as_deref(),
            };
            let known = all.grounding_chunks.iter().position(|chunk| chunk.web == web);
            let index = known.unwrap_or(all.grounding_chunks.len());
            if known.is_none() {
                all.grounding_chunks.push(ChunkOut { web });
            }
            if let Some(segment) = citation.span.as_ref().and_then(|span| segment(span, text)) {
                all.grounding_supports.push(SupportOut {
                    segment,
                    grounding_chunk_indices: [index],
                });
            }
        }
        (!all.grounding_chunks.is_empty()).then_some(all)
    }
}

/// In bytes.
fn segment(span: &Range<u32>, text: &str) -> Option<SegmentOut> {
    let at = |characters: u32| {
        let characters = usize::try_from(characters).ok()?;
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        ends.into_iter().nth(characters)
    };
    Some(SegmentOut {
        start_index: at(span.start)?,
        end_index: at(span.end)?,
    })
}
