//! Durations as Gateway API writes them (GEP-2257).

use std::borrow::Cow;
use std::fmt;
use std::time::Duration as StdDuration;

use kube::core::{Reason, Rule};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A duration such as `300ms`, `15s` or `1h30m`, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(String);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a duration: write up to four whole numbers with the units h, m, s or ms, such as 300ms or 1h30m"
)]
pub struct BadDuration(String);

const PATTERN: &str = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";
const MAX_PARTS: usize = 4;
const MAX_DIGITS: usize = 5;

impl Duration {
    /// From its text, which is judged by [`Duration::parse`].
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The time that the text means: the sum of its parts.
    pub fn parse(&self) -> Result<StdDuration, BadDuration> {
        let bad = || BadDuration(self.0.chars().take(40).collect());
        let mut rest = self.0.as_str();
        let mut total = StdDuration::ZERO;
        for _ in 0..MAX_PARTS {
            let (part, after) = first_part(rest).ok_or_else(bad)?;
            total += part;
            rest = after;
            if rest.is_empty() {
                return Ok(total);
            }
        }
        Err(bad())
    }
}

fn first_part(text: &str) -> Option<(StdDuration, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    // `ms` before `m`: the longer unit is meant.
    let units: [(&str, u64); 4] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    units.into_iter().find_map(|(unit, millis)| {
        rest.strip_prefix(unit)
            .map(|after| (StdDuration::from_millis(number * millis), after))
    })
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let rule = Rule::new(is_duration("self")).message(
            "is not a duration: write up to four whole numbers with the units h, m, s or ms, such as 300ms or 1h30m",
        );
        json_schema!({ "type": "string", "maxLength": 32, "x-kubernetes-validations": [rule] })
    }
}

/// CEL that says whether the text `value` is a duration. Where it is none, a rule on its length has to pass: a text is
/// refused once, and `duration()` fails on what is none.
fn is_duration(value: &str) -> String {
    format!("{value}.matches('{PATTERN}')")
}

/// The rule of a duration that is not shorter than `limit`.
pub(crate) fn at_least(limit: &str) -> Rule {
    let not = is_duration("self");
    Rule::new(format!("!{not} || duration(self) >= duration('{limit}')"))
        .message(&*format!("is too short: write at least {limit}"))
}

/// The rule of a duration that is not longer than `limit`.
pub(crate) fn at_most(limit: &str) -> Rule {
    let not = is_duration("self");
    Rule::new(format!("!{not} || duration(self) <= duration('{limit}')"))
        .message(&*format!("is too long: write at most {limit}"))
}

/// The rule of the timeouts that the clock `field` is not longer than `total`.
pub(crate) fn within_total(field: &str) -> Rule {
    ordered(field, "<=", ("total", "10m"))
        .message("is longer than timeouts.total, which is 10m unless set: shorten it, or raise total")
        .field_path(format!(".{field}"))
}

/// The rule of the retries that the longest wait is not shorter than the first.
pub(crate) fn not_under_backoff() -> Rule {
    ordered("maxBackoff", ">=", ("backoff", "500ms"))
        .message("is shorter than backoff, which is 500ms unless set: raise it, or shorten backoff")
        .field_path(".maxBackoff")
}

/// Two durations of an object in their order. The second has a value where it is not set.
fn ordered(field: &str, order: &str, (other, unset): (&str, &str)) -> Rule {
    let field = format!("self.{field}");
    let set = format!("has(self.{other})");
    let other = format!("self.{other}");
    let (is, other_is) = (is_duration(&field), is_duration(&other));
    let other_or = format!("duration({set} ? {other} : '{unset}')");
    Rule::new(format!(
        "!has({field}) || !{is} || ({set} && !{other_is}) || duration({field}) {order} {other_or}"
    ))
    .reason(Reason::FieldValueForbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_gateway_api_allows() {
        for (text, millis) in [
            ("0s", 0),
            ("300ms", 300),
            ("15s", 15_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1h1m1s1ms", 3_661_001),
            ("1m1m", 120_000),
            ("99999h", 99_999 * 3_600_000),
        ] {
            assert_eq!(
                Duration::new(text).parse(),
                Ok(StdDuration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_the_rest_and_says_what_to_write() {
        for text in [
            "",
            "5",
            "s",
            "1.5s",
            "-1s",
            "1 s",
            "1d",
            "100000s",
            "1s1s1s1s1s",
            "1s ",
            "1µs",
            "１s",
        ] {
            let error = Duration::new(text).parse().expect_err(text);
            assert!(error.to_string().contains("300ms"), "{error}");
        }
    }
}
