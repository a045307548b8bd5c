//! `logprobsResult`, both ways.

use serde::Serialize;

use super::chunk::{Logprobs, Token};
use crate::event::logprobs::{Candidate, TokenLogprob};

/// Reads one: a token for each that was chosen.
pub(super) fn read(logprobs: &Logprobs<'_>) -> Vec<TokenLogprob> {
    let mut tops = logprobs.top_candidates.0.iter();
    let chosen = logprobs.chosen_candidates.0.iter().map(|chosen| {
        let top = tops.next().map(|top| top.candidates.0.as_slice());
        TokenLogprob {
            chosen: candidate(chosen),
            top: top.unwrap_or_default().iter().map(candidate).collect(),
        }
    });
    chosen.collect()
}

fn candidate(token: &Token<'_>) -> Candidate {
    let told = token.log_probability.map(|raw| raw.get().parse());
    Candidate {
        token: token.token.as_str().to_owned(),
        logprob: told.and_then(Result::ok).unwrap_or(0.0),
        bytes: None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogprobsOut<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_candidates: Vec<TopOut<'a>>,
    chosen_candidates: Vec<TokenOut<'a>>,
}

#[derive(Serialize)]
struct TopOut<'a> {
    candidates: Vec<TokenOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenOut<'a> {
    token: &'a str,
    log_probability: f64,
}

impl<'a> LogprobsOut<'a> {
    /// `None`: there are none.
    pub(super) fn new(tokens: &'a [TokenLogprob]) -> Option<Self> {
        let told = tokens.iter().any(|token| !token.top.is_empty());
        let top_candidates = tokens.iter().filter(|_| told).map(|token| TopOut {
            candidates: token.top.iter().map(token_out).collect(),
        });
        (!tokens.is_empty()).then(|| Self {
            top_candidates: top_candidates.collect(),
            chosen_candidates: tokens.iter().map(|token| token_out(&token.chosen)).collect(),
        })
    }
}

fn token_out(candidate: &Candidate) -> TokenOut<'_> {
    TokenOut {
        token: &candidate.token,
        log_probability: candidate.logprob,
    }
}
