//! Amounts of dollars as exports write them.

use crate::money::Ticks;

/// Decimals of a tick.
const DECIMALS: i32 = 10;

/// Dollars to the nearest tick: `1.5`, `-1,234.50`, `$0.01`, `1.2e-05`. `None` for anything else.
pub(super) fn dollars(text: &str) -> Option<Ticks> {
    ticks(text, 0)
}

/// Cents to the nearest tick.
pub(super) fn cents(text: &str) -> Option<Ticks> {
    ticks(text, -2)
}

fn ticks(text: &str, shift: i32) -> Option<Ticks> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let text = text.strip_prefix('$').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.replace(',', "");
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    if digits.len() > 36 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i128 = digits.parse().ok()?;
    let fraction = i32::try_from(fraction.len()).ok()?;
    let places = exponent.checked_add(DECIMALS + shift)?.checked_sub(fraction)?;
    let count = scaled(count, places)?;
    let count = i64::try_from(count).ok()?;
    Some(Ticks::new(if negative { -count } else { count }))
}

/// `count × 10^places`, rounded half up.
fn scaled(count: i128, places: i32) -> Option<i128> {
    if count == 0 {
        return Some(0);
    }
    let power = |exponent: u32| 10_i128.checked_pow(exponent);
    if places >= 0 {
        return count.checked_mul(power(places.unsigned_abs())?);
    }
    // Beyond what fits, nothing is left.
    let Some(divisor) = power(places.unsigned_abs()) else {
        return Some(0);
    };
    Some(count.checked_add(divisor / 2)? / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_tick() {
        for (text, expected) in [
            ("0.8958740000000000", 8_958_740_000),
            ("1", 10_000_000_000),
            ("-1,234.50", -12_345_000_000_000),
            ("$0.01", 100_000_000),
            ("-$0.01", -100_000_000),
            ("1.2e-05", 120_000),
            ("1E2", 1_000_000_000_000),
            (".5", 5_000_000_000),
            ("0.00000000005", 1),
            ("0.00000000004", 0),
            ("1e-40", 0),
            ("0e30", 0),
        ] {
            assert_eq!(dollars(text), Some(Ticks::new(expected)), "{text}");
        }
        assert_eq!(cents("123.78912"), dollars("1.2378912"));
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            "-",
            ".",
            "€1",
            "1.2.3",
            "NaN",
            "1e",
            "12 USD",
            "1e30",
            "--1",
            "99999999999",
        ] {
            assert_eq!(dollars(text), None, "{text}");
        }
    }
}
