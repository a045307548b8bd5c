//! Durations of a rule.

use std::time::Duration;

use wayleave_api::duration::Duration as Text;
use wayleave_api::timing as api;
use wayleave_core::snapshot::{Retry, SlowStream, Timeouts};

use super::verdict::Problems;
use crate::field::FieldPath;

/// The longest that a call may take.
const MAX_TOTAL: Duration = Duration::from_secs(24 * 3600);
const MAX_RETRIES: u32 = 10;
const MIN_WINDOW: Duration = Duration::from_millis(100);
const MAX_WINDOW: Duration = Duration::from_secs(60);
const DEFAULT_WINDOW: Duration = Duration::from_secs(2);
/// The shortest clock that can be told from none at all.
const TICK: Duration = Duration::from_millis(1);

/// How long a duration may be.
#[derive(Clone, Copy)]
pub(super) enum Most {
    /// This long.
    Fixed(Duration),
    /// As long as the whole call.
    Total(Duration),
}

/// The clocks of a call. One that is not set is never longer than `total`.
pub(super) fn timeouts(spec: Option<&api::Timeouts>, field: &FieldPath, problems: &mut Problems) -> Timeouts {
    let unset = Timeouts::default();
    let Some(spec) = spec else { return unset };
    let total = spec
        .total
        .as_ref()
        .and_then(|text| bounded(text, TICK, Most::Fixed(MAX_TOTAL), &field.key("total"), problems));
    let total = total.unwrap_or(unset.total);
    let mut clock = |name: &'static str, text: Option<&Text>, unset: Duration| {
        let set = text.and_then(|text| bounded(text, TICK, Most::Total(total), &field.key(name), problems));
        set.unwrap_or_else(|| unset.min(total))
    };
    Timeouts {
        connect: clock("connect", spec.connect.as_ref(), unset.connect),
        first_content: clock("firstContent", spec.first_content.as_ref(), unset.first_content),
        first_content_set: spec.first_content.is_some(),
        idle: clock("idle", spec.idle.as_ref(), unset.idle),
        total,
    }
}

/// Further tries of a target.
pub(super) fn retry(
    spec: Option<&api::Retry>,
    total: Duration,
    field: &FieldPath,
    problems: &mut Problems,
) -> Retry {
    let unset = Retry::default();
    let Some(spec) = spec else { return unset };
    let attempts = spec.attempts.unwrap_or(1);
    if attempts > MAX_RETRIES {
        let message = format!("is {attempts}: write at most {MAX_RETRIES}, and further steps beyond");
        problems.invalid(&field.key("attempts"), message);
    }
    let mut wait = |name: &'static str, text: Option<&Text>| {
        text.and_then(|text| {
            bounded(
                text,
                Duration::ZERO,
                Most::Total(total),
                &field.key(name),
                problems,
            )
        })
    };
    let backoff = wait("backoff", spec.backoff.as_ref()).unwrap_or(unset.backoff);
    let set = wait("maxBackoff", spec.max_backoff.as_ref());
    let max_backoff = set.unwrap_or_else(|| unset.max_backoff.max(backoff));
    if max_backoff < backoff {
        let message = format!("is shorter than backoff, {}", shown(backoff));
        problems.invalid(&field.key("maxBackoff"), message);
    }
    Retry {
        attempts,
        backoff,
        max_backoff,
    }
}

/// When a stream counts as too slow.
pub(super) fn slow_stream(
    spec: &api::SlowStream,
    total: Duration,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<SlowStream> {
    if spec.min_characters_per_second == 0 {
        let message = "is 0 and would never be too slow: write at least 1, or remove slowStream";
        problems.invalid(&field.key("minCharactersPerSecond"), message);
    }
    let most = if total < MAX_WINDOW {
        Most::Total(total)
    } else {
        Most::Fixed(MAX_WINDOW)
    };
    let window = match &spec.window {
        None => DEFAULT_WINDOW.min(total),
        Some(text) => bounded(text, MIN_WINDOW, most, &field.key("window"), problems)?,
    };
    Some(SlowStream {
        min_characters_per_second: spec.min_characters_per_second,
        window,
    })
}

/// A duration within bounds, both included.
pub(super) fn bounded(
    text: &Text,
    least: Duration,
    most: Most,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Duration> {
    let duration = problems.valid(field, text.parse())?;
    let (limit, whose) = match most {
        Most::Fixed(limit) => (limit, ""),
        Most::Total(limit) => (limit, ", as timeouts.total"),
    };
    if duration < least {
        problems.invalid(
            field,
            format!("{text} is too short: write at least {}", shown(least)),
        );
        None
    } else if duration > limit {
        problems.invalid(
            field,
            format!("{text} is too long: write at most {}{whose}", shown(limit)),
        );
        None
    } else {
        Some(duration)
    }
}

/// As a manifest would write it.
fn shown(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units
        .into_iter()
        .find(|(size, _)| millis >= *size && millis.is_multiple_of(*size));
    unit.map_or_else(
        || format!("{millis}ms"),
        |(size, name)| format!("{}{name}", millis / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_durations_in_the_longest_unit_that_is_exact() {
        for (millis, text) in [
            (0, "0ms"),
            (300, "300ms"),
            (15_000, "15s"),
            (600_000, "10m"),
            (86_400_000, "24h"),
            (90_000, "90s"),
        ] {
            assert_eq!(shown(Duration::from_millis(millis)), text);
        }
    }
}
