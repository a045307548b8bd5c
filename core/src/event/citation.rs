//! What an answer leans on.

use std::ops::Range;

/// A source that a piece of an answer's text leans on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// Where it is from.
    pub source: Source,
    /// The words of the source, where the provider repeats them.
    pub cited: Option<String>,
    /// The piece of the choice's text that leans on it, in characters (Unicode scalar values) from its beginning. Of
    /// Anthropic it is the text block. `None`: the provider does not say; it is taken for what was said last.
    pub span: Option<Range<u32>>,
}

/// Where a citation is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page of the web.
    Web {
        /// Its address.
        url: String,
        /// Its title.
        title: Option<String>,
    },
    /// A document of the request or of a file store.
    Document {
        /// Which document of the request, from 0.
        index: Option<u32>,
        /// Its title or file name.
        title: Option<String>,
        /// The provider's id of the file.
        file: Option<String>,
    },
}

impl Source {
    /// Its address, or else its name.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Web { url, .. } => url,
            Self::Document { title, file, .. } => title.as_deref().or(file.as_deref()).unwrap_or_default(),
        }
    }
}
