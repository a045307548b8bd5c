//! Prices and times as `core/data/prices.json` writes them.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::money::Ticks;

/// A price, and the higher ones above thresholds of total input in ascending order.
#[derive(Clone)]
pub(super) struct Amount {
    pub(super) base: Ticks,
    pub(super) bands: Vec<(u64, Ticks)>,
}

impl Amount {
    /// The price just above `threshold`.
    pub(super) fn above(&self, threshold: u64) -> Ticks {
        let band = self.bands.iter().rev().find(|(start, _)| *start <= threshold);
        band.map_or(self.base, |(_, price)| *price)
    }
}

/// A decimal text of dollars.
struct Dollars(Ticks);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|error| Error::custom(format!("price {text:?}: {error}")))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a price such as \"3\" or [\"3\", [200000, \"6\"]]")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
        let base = text
            .parse()
            .map_err(|error| E::custom(format!("price {text:?}: {error}")))?;
        Ok(Amount {
            base,
            bands: Vec::new(),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Amount, A::Error> {
        let Dollars(base) = items
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let mut bands: Vec<(u64, Ticks)> = Vec::new();
        while let Some((start, Dollars(price))) = items.next_element()? {
            if bands.last().is_some_and(|(last, _)| *last >= start) {
                return Err(A::Error::custom(format!(
                    "threshold {start} is not above the one before it"
                )));
            }
            bands.push((start, price));
        }
        Ok(Amount { base, bands })
    }
}

/// `HH:MM` in seconds since midnight; `24:00` is the end of the day.
pub(super) struct TimeOfDay(pub(super) i64);

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        let minutes = text.split_once(':').and_then(|(hour, minute)| {
            let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
            let minutes = i64::from(hour) * 60 + i64::from(minute);
            (minute < 60 && minutes <= 24 * 60).then_some(minutes)
        });
        minutes
            .map(|minutes| Self(minutes * 60))
            .ok_or_else(|| Error::custom(format!("time {text:?} is not HH:MM")))
    }
}
