//! What a call is expected to cost at a target, before it is made.

use jiff::Timestamp;

use crate::capability::Needs;
use crate::money::Ticks;
use crate::plan::{Known, Wanted, World};
use crate::price::Rates;
use crate::snapshot::Endpoint;
use crate::table::ActiveTarget;
use crate::usage::Usage;

/// The usage that a call is expected to come to.
pub fn expected_usage(needs: &Needs, known: &Known) -> Usage {
    usage(needs, known, known.output.tokens())
}

/// What a call is expected to cost at these prices; `None`: what it uses has none.
pub fn expected_cost(needs: &Needs, known: &Known, rates: &Rates, at: Timestamp) -> Option<Ticks> {
    rates.cost(&expected_usage(needs, known), None, at).ticks()
}

/// What a call costs at a target, as far as one can say before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Estimate {
    /// What is to be reckoned with; `None`: nobody has a price.
    pub(super) expected: Option<Ticks>,
    /// What it may well be, as the target's own answers are not known yet.
    pub(super) least: Option<Ticks>,
}

impl Estimate {
    pub(super) fn of(
        wanted: &Wanted<'_>,
        target: &ActiveTarget,
        endpoint: &Endpoint,
        model: &str,
        world: &impl World,
    ) -> Self {
        let offer = target.offer(endpoint, model);
        let Some(rates) = &offer.rates else {
            return Self::default();
        };
        let known = world.known(&target.provider, model);
        let least = usage(&wanted.needs, &known, known.output.least());
        Self {
            expected: expected_cost(&wanted.needs, &known, rates, wanted.at),
            least: rates.cost(&least, None, wanted.at).ticks(),
        }
    }
}

fn usage(needs: &Needs, known: &Known, output: u64) -> Usage {
    let cached = known.cached.min(needs.input_tokens);
    Usage {
        input: needs.input_tokens - cached,
        cache_read: cached,
        output: needs.max_output.map_or(output, |most| output.min(most)),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{DEFAULT_OUTPUT, Output};

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
        let usage = expected_usage(&needs(None), &known(Output::Measured(100)));
        assert_eq!((usage.input, usage.cache_read, usage.output), (600, 400, 100));
        assert_eq!(
            expected_usage(&needs(Some(50)), &known(Output::Measured(100))).output,
            50
        );
        assert_eq!(
            expected_usage(&needs(None), &known(Output::Unknown)).output,
            DEFAULT_OUTPUT
        );
        assert_eq!(expected_usage(&needs(Some(8)), &known(Output::Unknown)).output, 8);
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
