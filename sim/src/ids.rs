//! Ids in the forms that providers use.

use std::time::{SystemTime, UNIX_EPOCH};

/// `prefix` and `count` random letters and digits.
pub(crate) fn random(prefix: &str, count: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + count);
    id.push_str(prefix);
    id.extend(std::iter::repeat_with(fastrand::alphanumeric).take(count));
    id
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    let bits = fastrand::u128(..) & !(0xf000 << 64) & !(0xc000 << 48) | (0x4000 << 64) | (0x8000 << 48);
    let text = format!("{bits:032x}");
    let mut id = String::with_capacity(36);
    for (index, digit) in text.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_their_version_and_variant() {
        let id = uuid();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id.chars().nth(14), Some('4'), "{id}");
        assert!(id.chars().nth(19).is_some_and(|c| "89ab".contains(c)), "{id}");
        assert_ne!(id, uuid());
    }
}
