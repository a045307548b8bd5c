//! How likely the tokens of an answer were.

/// One token of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogprob {
    /// The token, and how likely it was.
    pub chosen: Candidate,
    /// What else could have stood there, the most likely first.
    pub top: Vec<Candidate>,
}

/// A token that may stand at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// As text.
    pub token: String,
    /// The natural logarithm of its probability.
    pub logprob: f64,
    /// Its bytes, where the provider tells them: a token may be a part of a character.
    pub bytes: Option<Vec<u8>>,
}
