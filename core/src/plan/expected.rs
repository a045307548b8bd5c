//! What a call is expected to cost at a target, before it is made.

use crate::capability::Needs;
use crate::money::Ticks;
use crate::plan::{Known, Wanted, World};
use crate::snapshot::Endpoint;
use crate::table::ActiveTarget;
use crate::usage::Usage;

/// Output tokens of a call where there is no mean yet: the median answer of a chat is a few hundred tokens.
pub const DEFAULT_OUTPUT: u64 = 256;

/// The usage that a call is expected to come to.
pub fn expected_usage(needs: &Needs, known: &Known) -> Usage {
    let cached = known.cached.min(needs.input_tokens);
    let output = known.output.unwrap_or(DEFAULT_OUTPUT);
    Usage {
        input: needs.input_tokens - cached,
        cache_read: cached,
        output: needs.max_output.map_or(output, |most| output.min(most)),
        ..Usage::default()
    }
}

/// What the call is expected to cost; `None`: nobody has a price.
pub(super) fn cost(
    wanted: &Wanted<'_>,
    target: &ActiveTarget,
    endpoint: &Endpoint,
    model: &str,
    world: &impl World,
) -> Option<Ticks> {
    let offer = target.offer(endpoint, model);
    let usage = expected_usage(&wanted.needs, &world.known(&target.provider, model));
    offer.rates.as_ref()?.cost(&usage, None, wanted.at).ticks()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_the_mean_within_what_the_request_allows() {
        let needs = |max_output| Needs {
            input_tokens: 1000,
            max_output,
            ..Needs::default()
        };
        let known = |output| Known {
            output,
            cached: 400,
            ..Known::default()
        };
        let usage = expected_usage(&needs(None), &known(Some(100)));
        assert_eq!((usage.input, usage.cache_read, usage.output), (600, 400, 100));
        assert_eq!(expected_usage(&needs(Some(50)), &known(Some(100))).output, 50);
        assert_eq!(expected_usage(&needs(None), &known(None)).output, DEFAULT_OUTPUT);
        assert_eq!(expected_usage(&needs(Some(8)), &known(None)).output, 8);
    }

    #[test]
    fn no_more_is_cached_than_there_is() {
        let known = Known {
            cached: 5000,
            ..Known::default()
        };
        let needs = Needs {
            input_tokens: 1000,
            ..Needs::default()
        };
        let usage = expected_usage(&needs, &known);
        assert_eq!((usage.input, usage.cache_read), (0, 1000));
    }
}
