//! What became of a call at the cache of its route, as its client is told.

/// What became of a call at the cache of its route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A kept answer to an equal request served.
    Hit,
    /// A kept answer to a similar request served.
    SemanticHit,
    /// There was none.
    Miss,
    /// The answer to an equal call in flight served.
    Coalesced,
    /// The cache was left alone.
    Bypass,
    /// A new answer was wanted.
    Refresh,
}

impl Status {
    /// As it stands in `x-wayleave-cache`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::SemanticHit => "semantic-hit",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Bypass => "bypass",
            Self::Refresh => "refresh",
        }
    }
}
