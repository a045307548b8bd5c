//! Durations and sizes as they are written in a behaviour.

use std::time::Duration;

/// `250us`, `300ms`, `2s`, `1m`; a number without a unit only if it is 0.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    match unit {
        "us" => Some(Duration::from_micros(number)),
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "" if number == 0 => Some(Duration::ZERO),
        _ => None,
    }
}

/// `500`, `500B`, `2KB`, `2KiB`, `20MiB`: a count of bytes.
pub(crate) fn size(text: &str) -> Option<usize> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "" | "B" => 1,
        "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        _ => return None,
    };
    usize::try_from(number).ok()?.checked_mul(factor)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        for (text, wanted) in [("0", 0), ("250us", 250), ("300ms", 300_000), ("2s", 2_000_000)] {
            assert_eq!(duration(text), Some(Duration::from_micros(wanted)), "{text}");
        }
        for text in ["", "5", "ms", "-1s", "1.5s", "1h", "99999999999999999999s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn reads_sizes() {
        for (text, wanted) in [
            ("7", 7),
            ("7B", 7),
            ("2KB", 2_000),
            ("2KiB", 2_048),
            ("20MiB", 20_971_520),
        ] {
            assert_eq!(size(text), Some(wanted), "{text}");
        }
        for text in ["", "KiB", "2 KiB", "2GiB", "-1"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
