//! Money as integers.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// An amount of US dollars in units of 1e-10 USD, the unit in which xAI bills (`cost_in_usd_ticks`).
///
/// Sums saturate: at 900 million dollars a wrong total is the lesser problem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal amount: use digits with at most one point, at most 10 decimals and 900000000 at most")]
pub struct BadAmount;

/// An amount in dollars, in the words of [`Ticks::usd`] wherever it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usd(pub Ticks);

impl Ticks {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// How many ticks make one dollar.
    pub const PER_USD: i64 = 10_000_000_000;

    /// From a count of 1e-10 USD.
    pub const fn new(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The count of 1e-10 USD.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The amount as an exact decimal number of dollars without trailing zeros, e.g. `0.0000125`.
    pub fn usd(self) -> String {
        Usd(self).to_string()
    }

    /// The amount as floating-point dollars, for members that other formats define as a number.
    #[expect(clippy::cast_precision_loss, reason = "display only; sums stay integers")]
    pub fn usd_f64(self) -> f64 {
        self.0 as f64 / Self::PER_USD as f64
    }

    /// From floating-point dollars as a provider reports them (`OpenRouter`'s `usage.cost`), to the nearest tick.
    /// `None` for what is not a finite amount of at least 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "range checked before"
    )]
    pub fn from_usd_f64(usd: f64) -> Option<Self> {
        let ticks = (usd * Self::PER_USD as f64).round();
        (ticks.is_finite() && (0.0..9.0e18).contains(&ticks)).then_some(Self(ticks as i64))
    }
}

impl FromStr for Ticks {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || fraction.len() > 10 || !digits(whole) || !digits(fraction) {
            return Err(BadAmount);
        }
        let ticks: i64 = format!("{whole}{fraction:0<10}").parse().map_err(|_| BadAmount)?;
        Ok(Self(ticks))
    }
}

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", Usd(*self))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(Ticks(ticks)) = *self;
        let per = Ticks::PER_USD.unsigned_abs();
        let (whole, mut fraction) = (ticks.unsigned_abs() / per, ticks.unsigned_abs() % per);
        let sign = if ticks < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        let mut digits = 10;
        while fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        write!(f, ".{fraction:0digits$}")
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Ticks {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Ticks {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_exactly() {
        for (text, ticks) in [
            ("0", 0),
            ("1", 10_000_000_000),
            ("0.05", 500_000_000),
            ("0.0000000001", 1),
            ("12.034", 120_340_000_000),
        ] {
            let amount: Ticks = text.parse().expect(text);
            assert_eq!(amount.get(), ticks, "{text}");
            assert_eq!(amount.usd(), text);
        }
        assert_eq!(Ticks::new(-15_000_000_000).usd(), "-1.5");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "1e3",
            "1,5",
            "0.00000000001",
            "1234567890",
            "$1",
        ] {
            assert_eq!(text.parse::<Ticks>(), Err(BadAmount), "{text}");
        }
    }

    #[test]
    fn takes_a_providers_float_to_the_nearest_tick() {
        assert_eq!(Ticks::from_usd_f64(0.000_013_9), Some(Ticks::new(139_000)));
        assert_eq!(Ticks::from_usd_f64(f64::NAN), None);
        assert_eq!(Ticks::from_usd_f64(-1.0), None);
    }

    #[test]
    fn sums_saturate() {
        assert_eq!(Ticks::new(i64::MAX) + Ticks::new(1), Ticks::new(i64::MAX));
    }
}
