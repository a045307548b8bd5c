//! Numbers in one spelling: 1, 1.0 and 1e0 are the same.

use serde_json::Number;

/// Whether two numbers are the same.
pub(super) fn equal(one: &Number, other: &Number) -> bool {
    one == other || spelled(one) == spelled(other)
}

/// A whole number without a point, whatever it was written as.
pub(super) fn spelled(number: &Number) -> String {
    // Up to here every whole number is a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_one_spelling() {
        let number = |text: &str| serde_json::from_str::<Number>(text).expect("a number");
        assert!(equal(&number("1"), &number("1.0")));
        assert!(equal(&number("100"), &number("1e2")));
        assert!(!equal(&number("0.7"), &number("0.70001")));
        assert!(!equal(&number("9007199254740993"), &number("9007199254740992")));
    }
}
