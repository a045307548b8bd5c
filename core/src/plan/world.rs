//! What a plan asks of the state of the world.

use std::time::Duration;

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
    pub output: Option<u64>,
    /// Until the first content: peak-sensitive, of late.
    pub first_content: Option<Duration>,
    /// Between two tokens of output: likewise. `None` for calls that are not streamed, all of whose content comes at once.
    pub per_token: Option<Duration>,
    /// Attempts in flight.
    pub in_flight: u32,
    /// Tokens of the conversation that the provider is likely to have in its prompt cache.
    pub cached: u64,
}
