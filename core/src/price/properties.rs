//! What holds of the cost of any usage.

use proptest::prelude::*;

use super::Ratio;
use super::tests::{rates, today};
use crate::money::Ticks;
use crate::usage::Usage;

prop_compose! {
    /// Any usage whose parts are consistent.
    fn any_usage()(leaf in prop::array::uniform9(0u64..1_000_000)) -> Usage {
        let [text, input_audio, cache_read, cache_write_5m, cache_write_1h, said, reasoning, output_audio, searches] = leaf;
        Usage {
            input: text + input_audio,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            output: said + reasoning + output_audio,
            reasoning,
            input_audio,
            output_audio,
            web_searches: searches % 100,
        }
    }
}

fn sum(a: &Usage, b: &Usage) -> Usage {
    Usage {
        input: a.input + b.input,
        cache_read: a.cache_read + b.cache_read,
        cache_write_5m: a.cache_write_5m + b.cache_write_5m,
        cache_write_1h: a.cache_write_1h + b.cache_write_1h,
        output: a.output + b.output,
        reasoning: a.reasoning + b.reasoning,
        input_audio: a.input_audio + b.input_audio,
        output_audio: a.output_audio + b.output_audio,
        web_searches: a.web_searches + b.web_searches,
    }
}

proptest! {
    #[test]
    fn more_of_anything_never_costs_less(a in any_usage(), b in any_usage(), ratio in 0u32..2_000_000) {
        let models = [("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-4o-audio"), ("perplexity", "deep")];
        for (vendor, model) in models {
            let rates = rates(vendor, model).times(Ratio::try_from(ratio).expect("in range"));
            let cost = |usage: &Usage| rates.cost(usage, None, today()).ticks().expect("priced");
            prop_assert!(cost(&sum(&a, &b)) >= cost(&a).max(cost(&b)), "{model}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole(a in any_usage(), b in any_usage()) {
        for (vendor, model) in [("openai", "gpt-4.1"), ("openai", "gpt-4o-audio"), ("perplexity", "deep")] {
            let rates = rates(vendor, model);
            let cost = |usage: &Usage| rates.cost(usage, None, today()).ticks().expect("priced").get();
            // Each of the three is rounded once, by half a tick at most.
            prop_assert!((cost(&sum(&a, &b)) - cost(&a) - cost(&b)).abs() <= 1, "{model}");
        }
    }

    #[test]
    fn any_report_is_priced_without_overflow(counts in prop::array::uniform9(0u64..(1 << 61)), ratio in 0u32..=100_000_000) {
        let [input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, input_audio, output_audio, web_searches] = counts;
        let usage = Usage {
            input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, input_audio, output_audio, web_searches,
        };
        let rates = rates("anthropic", "claude-sonnet-4-5").times(Ratio::try_from(ratio).expect("in range"));
        prop_assert!(rates.cost(&usage, None, today()).ticks().is_some_and(|ticks| ticks >= Ticks::ZERO));
    }
}
