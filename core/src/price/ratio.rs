//! Factors on a price.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::Ticks;

/// A factor from 0 to 100 in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Ratio(u32);

/// Why a text or number is not a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ratio: write a decimal number from 0 to 100 with at most 6 decimals, such as 0.9")]
pub struct BadRatio;

impl Ratio {
    /// No change.
    pub const ONE: Self = Self(1_000_000);
    /// The greatest ratio, 100.
    pub const MAX: Self = Self(100_000_000);

    /// From millionths; more than the greatest ratio counts as that.
    pub const fn from_millionths(millionths: u32) -> Self {
        if millionths < Self::MAX.0 {
            Self(millionths)
        } else {
            Self::MAX
        }
    }

    /// The factor in millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// `amount`, given in millionths of a tick, times this ratio, to the nearest tick; a half goes up.
    pub(super) fn apply(self, amount: i128) -> Ticks {
        const UNIT: i128 = 1_000_000 * 1_000_000;
        let product = amount.saturating_mul(i128::from(self.0)).saturating_add(UNIT / 2);
        Ticks::new(i64::try_from(product.div_euclid(UNIT)).unwrap_or(i64::MAX))
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<u32> for Ratio {
    type Error = BadRatio;

    fn try_from(millionths: u32) -> Result<Self, BadRatio> {
        (millionths <= Self::MAX.0)
            .then_some(Self(millionths))
            .ok_or(BadRatio)
    }
}

impl From<Ratio> for u32 {
    fn from(ratio: Ratio) -> Self {
        ratio.0
    }
}

impl FromStr for Ratio {
    type Err = BadRatio;

    fn from_str(text: &str) -> Result<Self, BadRatio> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return Err(BadRatio);
        }
        let millionths: u32 = format!("{whole}{fraction:0<6}").parse().map_err(|_| BadRatio)?;
        Self::try_from(millionths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ratios() {
        let cases = [
            ("0", 0),
            ("0.9", 900_000),
            ("1", 1_000_000),
            ("1.000001", 1_000_001),
            ("100", 100_000_000),
        ];
        for (text, millionths) in cases {
            assert_eq!(text.parse().map(Ratio::millionths), Ok(millionths), "{text}");
        }
        for text in ["", ".9", "-1", "1e1", "100.000001", "1000", "0.1234567", "0,9"] {
            assert_eq!(text.parse::<Ratio>(), Err(BadRatio), "{text}");
        }
    }

    #[test]
    fn is_an_integer_in_configuration() {
        assert_eq!(
            serde_json::to_string(&Ratio(900_000)).expect("serialises"),
            "900000"
        );
        assert_eq!(
            serde_json::from_str::<Ratio>("900000").expect("reads"),
            Ratio(900_000)
        );
        assert!(serde_json::from_str::<Ratio>("100000001").is_err());
    }

    #[test]
    fn rounds_once_and_a_half_goes_up() {
        let half = Ratio(500_000);
        let applied = |ticks: i128| half.apply(ticks * 1_000_000).get();
        assert_eq!([applied(0), applied(1), applied(2), applied(3)], [0, 1, 1, 2]);
        assert_eq!(Ratio::ONE.apply(499_999).get(), 0);
        assert_eq!(Ratio::ONE.apply(500_000).get(), 1);
        assert_eq!(Ratio::MAX.apply(i128::MAX).get(), i64::MAX);
    }
}
