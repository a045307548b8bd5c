//! Ids in the forms that providers use.

use std::time::{SystemTime, UNIX_EPOCH};

/// `prefix` and `count` random letters and digits.
pub(crate) fn random(prefix: &str, count: usize) -> String {
    let mut id = String::with_capacity(prefix.len() + count);
    id.push_str(prefix);
    id.extend(std::iter::repeat_with(fastrand::alphanumeric).take(count));
    id
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
