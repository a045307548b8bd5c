//! Numbers that are written as text, because JSON numbers are floating-point.

use std::borrow::Cow;
use std::fmt;

use kube::core::Rule;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A decimal number of at least 0, such as `0.05`, kept as it was written. What reads it sets its range.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(String);

/// A count of bytes such as `64Mi`, kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(String);

/// Why a text is not a count of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a size: write a whole number of bytes of at least 1, or with the units Ki, Mi or Gi, such as 64Mi"
)]
pub struct BadByteSize(String);

impl Decimal {
    /// From its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ByteSize {
    /// From its text, which is judged by [`ByteSize::parse`].
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The count of bytes.
    pub fn parse(&self) -> Result<u64, BadByteSize> {
        let units = [("Ki", 1_u64 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)];
        let unit = units
            .into_iter()
            .find_map(|(unit, size)| self.0.strip_suffix(unit).map(|n| (n, size)));
        let (digits, size) = unit.unwrap_or((&self.0, 1));
        let plain = !digits.is_empty() && digits.len() <= 10 && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|number| plain && *number > 0);
        // Ten digits of gibibytes stay below 2^64.
        number
            .map(|number| number * size)
            .ok_or_else(|| BadByteSize(self.0.chars().take(40).collect()))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": 20 })
    }
}

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let rule = Rule::new(IS_SIZE).message(
            "is not a size: write a whole number of bytes of at least 1, or with the units Ki, Mi or Gi, such as 64Mi",
        );
        json_schema!({ "type": "string", "maxLength": 12, "x-kubernetes-validations": [rule] })
    }
}

/// CEL that says whether a text is a count of bytes.
const IS_SIZE: &str = "self.matches('^[0-9]{1,10}(Ki|Mi|Gi)?$') && self.matches('[1-9]')";

/// The rule of a count of bytes that is not greater than `limit`. What is no count passes: a text is refused once.
pub(crate) fn bytes_at_most(limit: &str) -> Rule {
    Rule::new(format!(
        "!({IS_SIZE}) || quantity(self).compareTo(quantity('{limit}')) <= 0"
    ))
    .message(&*format!("is too much: write at most {limit}"))
}

/// The rule of an amount of money.
pub(crate) fn amount() -> Rule {
    Rule::new("self.matches('^[0-9]{1,9}([.][0-9]{1,10})?$') && double(self) <= 900000000.0").message(
        "is not a decimal amount: use digits with at most one point, at most 10 decimals and 900000000 at most",
    )
}

/// The rule of a number from 0 to `most` with up to six decimals.
pub(crate) fn ratio(most: u8, message: &str) -> Rule {
    Rule::new(format!(
        "self.matches('^[0-9]{{1,3}}([.][0-9]{{1,6}})?$') && double(self) <= {most}.0"
    ))
    .message(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        for (text, bytes) in [
            ("1", 1),
            ("4096", 4096),
            ("64Mi", 64 << 20),
            ("2Gi", 2 << 30),
            ("1Ki", 1024),
        ] {
            assert_eq!(ByteSize::new(text).parse(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_size() {
        for text in ["", "0", "0Mi", "-1", "1.5Mi", "64M", "64mi", "Mi", "12345678901"] {
            ByteSize::new(text).parse().expect_err(text);
        }
    }
}
