//! `logprobs` of a choice, both ways.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::format::lenient::{List, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Members<'a> {
    #[serde(borrow)]
    content: List<Token<'a>>,
    #[serde(borrow)]
    refusal: List<Token<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Token<'a> {
    #[serde(borrow, rename = "token")]
    text: Text<'a>,
    #[serde(borrow)]
    logprob: Option<&'a RawValue>,
    #[serde(borrow)]
    bytes: Option<&'a RawValue>,
    #[serde(borrow)]
    top_logprobs: List<Token<'a>>,
}

impl Token<'_> {
    /// `None`: it tells no probability.
    fn candidate(&self) -> Option<Candidate> {
        Some(Candidate {
            token: self.text.as_str().to_owned(),
            logprob: serde_json::from_str(self.logprob?.get()).ok()?,
            bytes: self
                .bytes
                .and_then(|bytes| serde_json::from_str(bytes.get()).ok())
                .flatten(),
        })
    }
}

/// The tokens of the text, and those of the refusal. What has another form (legacy completions) is left out.
pub(super) fn read(raw: &RawValue) -> (Vec<TokenLogprob>, Vec<TokenLogprob>) {
    let members: Option<Members<'_>> = serde_json::from_str(raw.get()).ok().flatten();
    let members = members.unwrap_or_default();
    (tokens(&members.content), tokens(&members.refusal))
}

fn tokens(list: &List<Token<'_>>) -> Vec<TokenLogprob> {
    let token = |token: &Token<'_>| {
        Some(TokenLogprob {
            chosen: token.candidate()?,
            top: token.top_logprobs.0.iter().filter_map(Token::candidate).collect(),
        })
    };
    list.0.iter().filter_map(token).collect()
}

/// `logprobs` as they are written. The official SDK wants every member.
#[derive(Debug, Serialize)]
pub(super) struct LogprobsOut<'a> {
    content: Option<Vec<TokenOut<'a>>>,
    refusal: Option<Vec<TokenOut<'a>>>,
}

#[derive(Debug, Serialize)]
struct TokenOut<'a> {
    #[serde(flatten)]
    chosen: CandidateOut<'a>,
    top_logprobs: Vec<CandidateOut<'a>>,
}

#[derive(Debug, Serialize)]
struct CandidateOut<'a> {
    token: &'a str,
    logprob: f64,
    bytes: Option<&'a [u8]>,
}

impl<'a> CandidateOut<'a> {
    fn new(candidate: &'a Candidate) -> Self {
        Self {
            token: &candidate.token,
            logprob: candidate.logprob,
            bytes: candidate.bytes.as_deref(),
        }
    }
}

impl<'a> LogprobsOut<'a> {
    /// `None`: no tokens. `refused`: they are those of a refusal.
    pub(super) fn new(tokens: &'a [TokenLogprob], refused: bool) -> Option<Self> {
        let token = |token: &'a TokenLogprob| TokenOut {
            chosen: CandidateOut::new(&token.chosen),
            top_logprobs: token.top.iter().map(CandidateOut::new).collect(),
        };
        let tokens = (!tokens.is_empty()).then(|| tokens.iter().map(token).collect::<Vec<_>>())?;
        let (content, refusal) = if refused {
            (None, Some(tokens))
        } else {
            (Some(tokens), None)
        };
        Some(Self { content, refusal })
    }
}
