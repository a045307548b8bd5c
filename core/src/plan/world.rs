//! What a plan asks of the state of the world.

use std::time::Duration;

use crate::evidence::Mean;
use crate::plan::KeyChoice;
use crate::snapshot::{Endpoint, ObjectName};

/// Which credentials may be used.
pub trait Availability {
    /// Whether a credential may be used for a model now.
    fn admits(&self, provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice, model: &str) -> bool;
}

/// All that a plan asks.
pub trait World: Availability {
    /// What is known of a model at a provider, for calls like this one.
    fn known(&self, provider: &ObjectName, model: &str) -> Known;
}

/// What is known of a model at a provider, for calls like the one that is planned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Output tokens that such a call comes to there.
    pub output: Output,
    /// Until the first content: peak-sensitive, of late.
    pub first_content: Option<Duration>,
    /// Between two tokens of output: likewise. `None` for calls that are not streamed, all of whose content comes at once.
    pub per_token: Option<Duration>,
    /// Attempts in flight.
    pub in_flight: u32,
    /// Tokens of the conversation that the provider is likely to have in its prompt cache.
    pub cached: u64,
    /// How good its answers are; `None`: nobody has scored one.
    pub scores: Option<Mean>,
}

/// How many output tokens a call is expected to come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// So many, by the target's own answers.
    Measured(u64),
    /// So many, by answers of other targets: models differ by a factor of some.
    Alike(u64),
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Output {
    /// The count to reckon with.
    pub const fn tokens(self) -> u64 {
        match self {
            Self::Measured(tokens) | Self::Alike(tokens) => tokens,
            Self::Unknown => DEFAULT_OUTPUT,
        }
    }

    /// The least that it may well be.
    pub const fn least(self) -> u64 {
        match self {
            Self::Measured(tokens) => tokens,
            Self::Alike(_) | Self::Unknown => self.tokens() / BREVITY,
        }
    }
}

/// Output tokens of a call where there is no mean yet: the median answer of a chat is a few hundred tokens.
pub const DEFAULT_OUTPUT: u64 = 256;

/// How many times shorter the answers of one model may well be than those of another to the same request.
const BREVITY: u64 = 4;
