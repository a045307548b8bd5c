//! An explanation for people.

mod targets;
mod task;

use std::fmt::Write as _;
use std::time::Duration;

use wayleave_core::cache::Passed;
use wayleave_core::evidence::best::Optimise;
use wayleave_core::explain::{
    ExplainedCache, ExplainedConsult, ExplainedExperiment, ExplainedPlan, ExplainedRule, ExplainedStep,
    Explanation,
};
use wayleave_core::outcome::{Class, FallbackOn};
use wayleave_core::price::Ratio;
use wayleave_core::snapshot::cache::Partition;
use wayleave_core::snapshot::experiment::{Best, Judge, JudgeMode, Mode};
use wayleave_core::snapshot::{JsonAccept, Losers, Pick, Refusals, StickyBy};
use wayleave_core::table::RaceTerms;

use self::targets::{format_arms, format_targets};

/// The explanation as text.
pub(super) fn render(explanation: &Explanation) -> String {
    let Explanation {
        model,
        tokens,
        route,
        rules,
        cache,
        task,
        plan,
    } = explanation;
    let mut text =
        format!("model  {model}   (the request has about {tokens} input tokens)\nroute  {route}\n\nrules\n");
    for (place, rule) in rules.iter().enumerate() {
        text.push_str(&format_rule(place + 1, rule));
    }
    if let Some(cache) = cache {
        text.push_str(&format_cache(cache));
    }
    if let Some(task) = task {
        text.push_str(&task::format_task(task));
    }
    match plan {
        Some(plan) => text.push_str(&format_plan(plan)),
        None => text.push_str("\nNo rule matches: the request is refused with 400.\n"),
    }
    text
}

fn format_rule(number: usize, rule: &ExplainedRule) -> String {
    let condition = rule
        .when
        .as_ref()
        .map_or_else(|| "always".to_owned(), |when| format!("when {when}"));
    let verdict = match (rule.serves, rule.holds, &rule.reason) {
        (true, ..) => "matches, and serves".to_owned(),
        (false, true, _) => "matches too, but an earlier one serves".to_owned(),
        (false, false, Some(reason)) => format!("does not match: {reason}"),
        (false, false, None) => "does not match".to_owned(),
    };
    format!("  {number}  {condition}\n     {verdict}\n")
}

fn format_cache(cache: &ExplainedCache) -> String {
    let ExplainedCache {
        policy,
        ttl,
        partition,
        semantic,
        request,
    } = cache;
    let shared = match partition {
        Partition::Credential => "by all who have the same credential".to_owned(),
        Partition::Header(name) => format!("by all who have the same header {name}"),
        Partition::Route => "by all clients of the route".to_owned(),
    };
    let like = match semantic {
        None => "equal requests".to_owned(),
        Some(semantic) => format!(
            "equal requests, and similar ones from {} on, by {} of {}",
            f64::from(semantic.threshold.millionths()) / 1e6,
            semantic.model,
            semantic.provider
        ),
    };
    let request = match request {
        ExplainedConsult::Refused => "is refused before".to_owned(),
        ExplainedConsult::Bypass(reason) => format!("does not go through it: {}", passed(*reason)),
        ExplainedConsult::Asks { key, lookup, keep } => format!(
            "{}, {}, under {key}",
            if *lookup {
                "is looked up"
            } else {
                "is not looked up"
            },
            if *keep {
                "its answer may be kept"
            } else {
                "its answer is not kept"
            },
        ),
    };
    format!(
        "\ncache  {policy}\n  serves             {like}\n  for                {}\n  shared             \
         {shared}\n  this request       {request}\n",
        time(*ttl)
    )
}

const fn passed(reason: Passed) -> &'static str {
    match reason {
        Passed::Asked => "it says so itself",
        Passed::Method => "the policy does not name its kind (methods)",
        Passed::NoClient => {
            "it does not say whose it is (--header authorization=Bearer..., or the policy's clientHeader)"
        }
        Passed::Temperature => "its temperature is above the policy's, and it does not ask for it",
        Passed::Ambiguous => "its body can be read in two ways",
    }
}

fn format_plan(plan: &ExplainedPlan) -> String {
    let mut text = String::from("\nplan\n");
    if let Some(experiment) = &plan.experiment {
        text.push_str(&format_experiment(experiment));
    }
    for (place, step) in plan.steps.iter().enumerate() {
        let otherwise = if place == 0 && plan.experiment.is_none() {
            ""
        } else {
            "if that fails, "
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}  {otherwise}{}", place + 1, format_step(step));
        if let ExplainedStep::Pick {
            pick: Pick::Best(best),
            ..
        } = step
        {
            text.push_str(&format_judge(best.judge.as_ref()));
        }
        text.push_str(&format_targets(step));
    }
    let _ = writeln!(text, "\n  next target after  {}", fallback_on(plan.fallback_on));
    let retry = plan.retry;
    let _ = match retry.attempts {
        0 => writeln!(text, "  same target again  never"),
        times => {
            let (backoff, most) = (time(retry.backoff), time(retry.max_backoff));
            writeln!(
                text,
                "  same target again  {times} more, after {backoff}, doubling up to {most}"
            )
        }
    };
    let clocks = plan.timeouts;
    let _ = writeln!(
        text,
        "  timeouts           connect {}, first content {}, idle {}, total {}",
        time(clocks.connect),
        time(clocks.first_content),
        time(clocks.idle),
        time(clocks.total)
    );
    if let Some(slow) = plan.slow_stream {
        let (speed, window) = (slow.min_characters_per_second, time(slow.window));
        let _ = writeln!(
            text,
            "  too slow           under {speed} characters per second over {window}"
        );
    }
    text
}

fn format_step(step: &ExplainedStep) -> String {
    match step {
        ExplainedStep::Race { terms, .. } => format_race(*terms),
        ExplainedStep::Pick { targets, .. } if targets.len() == 1 => "one target".to_owned(),
        ExplainedStep::Pick { pick, .. } => format!("{}; the others stand in for it", format_pick(pick)),
    }
}

fn format_pick(pick: &Pick) -> String {
    match pick {
        Pick::Weighted => "one target, picked by weight".to_owned(),
        Pick::Sticky(StickyBy::Header(name)) => {
            format!("one target, picked by weight and the same for equal values of the header {name}")
        }
        Pick::Sticky(StickyBy::Metadata(name)) => {
            format!("one target, picked by weight and the same for equal values of the metadata {name}")
        }
        Pick::Cheapest => "the target at which this call is expected to cost the least".to_owned(),
        Pick::Fastest { explore } => {
            let percent = percent(*explore);
            format!(
                "the faster of two that are drawn, by what was seen of late; {percent} % of the calls go to any"
            )
        }
        Pick::LeastBusy => "the target with the fewest calls in flight".to_owned(),
        Pick::Best(best) => format_best(best),
    }
}

fn format_best(best: &Best) -> String {
    let first = match best.optimise {
        Optimise::Cost => "cheapest",
        Optimise::Latency => "fastest",
    };
    let score = f64::from(best.min_score.millionths()) / 1e6;
    let mut text = format!(
        "the {first} of those whose answers score {score} or more with 95 % confidence, in this order until there is one"
    );
    if best.explore.millionths() > 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "; {} % of the calls go to those of which that is not known",
            percent(best.explore)
        );
    }
    text
}

/// A line of its own.
fn format_judge(judge: Option<&Judge>) -> String {
    let Some(judge) = judge else {
        return "     scored by the feedback of clients\n".to_owned();
    };
    let what = match judge.mode {
        JudgeMode::Pointwise => "of the answers",
        JudgeMode::Pairwise => "of the answers, each beside the control's",
    };
    format!(
        "     scored by {} of {}: {} % {what}, for ${} a day at most\n",
        judge.model,
        judge.provider,
        percent(judge.sample),
        judge.max_cost_per_day.usd()
    )
}

fn percent(share: Ratio) -> f64 {
    f64::from(share.millionths()) / 10_000.0
}

fn format_experiment(experiment: &ExplainedExperiment) -> String {
    let drawn = match &experiment.sticky_by {
        None => String::new(),
        Some(StickyBy::Header(name)) => format!(", the same for equal values of the header {name}"),
        Some(StickyBy::Metadata(name)) => format!(", the same for equal values of the metadata {name}"),
    };
    let mode = match experiment.mode {
        Mode::Split => format!("one arm, drawn by weight{drawn}"),
        Mode::Shadow => {
            "the first arm; the others answer what is judged, behind the client's back".to_owned()
        }
    };
    let judge = format_judge(experiment.judge.as_ref());
    format!(
        "  0  an experiment: {mode}; when it is decided, the winner\n{judge}{}",
        format_arms(experiment)
    )
}

fn format_race(terms: RaceTerms) -> String {
    let start = if terms.stagger.is_zero() {
        "all at once".to_owned()
    } else {
        format!("each {} after the one before", time(terms.stagger))
    };
    let accept = terms.accept;
    let characters = match accept.min_characters {
        0 | 1 => "the first text".to_owned(),
        characters => format!("{characters} characters"),
    };
    let mut wins = vec![format!("{characters} or a tool call")];
    match accept.json {
        JsonAccept::Off => {}
        JsonAccept::Parse => wins.push("the whole answer is JSON".to_owned()),
        JsonAccept::Schema => wins.push("the whole answer is JSON and fits the schema".to_owned()),
    }
    match accept.refusals {
        Refusals::Allow => {}
        Refusals::Reject => wins.push("it is no refusal".to_owned()),
    }
    let losers = match terms.losers {
        Losers::Auto => "aborted where that stops the bill",
        Losers::Abort => "aborted",
        Losers::Drain => "read to their ends",
    };
    format!("a race, {start}; wins: {}; losers are {losers}", wins.join(", "))
}

/// The reasons as a route names them.
fn fallback_on(on: FallbackOn) -> String {
    let reasons = [
        (Class::RateLimited, "RateLimited"),
        (Class::ServerError, "ServerError"),
        (Class::Timeout, "Timeout"),
        (Class::Network, "Network"),
        (Class::AuthFailed, "AuthFailed"),
        (Class::ContextLength, "ContextLength"),
        (Class::ContentFilter, "ContentFilter"),
        (Class::SlowStream, "SlowStream"),
    ];
    let named = reasons
        .into_iter()
        .filter(|(class, _)| on.allows(*class))
        .map(|(_, name)| name);
    let named = named.collect::<Vec<_>>().join(", ");
    if named.is_empty() {
        "nothing".to_owned()
    } else {
        named
    }
}

fn time(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0 => "0s".to_owned(),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let shown = |ms| time(Duration::from_millis(ms));
        assert_eq!(
            [shown(0), shown(500), shown(90_000), shown(600_000)],
            ["0s", "500ms", "90s", "10m"]
        );
    }

    #[test]
    fn reasons_are_those_of_the_manifests() {
        use wayleave_core::outcome::FallbackReason;
        assert_eq!(fallback_on(FallbackOn::new([FallbackReason::Timeout])), "Timeout");
        assert_eq!(fallback_on(FallbackOn::new([])), "nothing");
        let all = fallback_on(FallbackOn::new(FallbackReason::ALL));
        assert_eq!(all.split(", ").count(), FallbackReason::ALL.len(), "{all}");
    }
}
