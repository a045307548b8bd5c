//! Exact percentiles and medians.

use std::time::Duration;

/// The percentile by the nearest-rank method: the smallest value such that at least `per_mille` of all values are not
/// greater. `None` if there are no values. Sorts `values`.
pub fn percentile(values: &mut [Duration], per_mille: usize) -> Option<Duration> {
    values.sort_unstable();
    let rank = (values.len() * per_mille).div_ceil(1000).max(1);
    values.get(rank - 1).copied()
}

/// The median; the mean of the middle two of an even count. `None` if there are no values.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    values.get(middle - 1).map(|lower| f64::midpoint(*lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut hundred: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        for (per_mille, expected) in [(500, 50), (990, 99), (999, 100), (1000, 100), (1, 1), (0, 1)] {
            assert_eq!(
                percentile(&mut hundred, per_mille),
                Some(Duration::from_millis(expected)),
                "{per_mille}"
            );
        }
        assert_eq!(
            percentile(&mut ms(&[7, 3, 5]), 500),
            Some(Duration::from_millis(5))
        );
        assert_eq!(percentile(&mut ms(&[7, 3]), 500), Some(Duration::from_millis(3)));
        assert_eq!(percentile(&mut ms(&[7]), 990), Some(Duration::from_millis(7)));
        assert_eq!(percentile(&mut [], 500), None);
    }

    #[test]
    fn medians() {
        let close = |got: Option<f64>, want: f64| got.is_some_and(|got| (got - want).abs() < 1e-12);
        assert!(close(median([3.0, 1.0, 2.0]), 2.0));
        assert!(close(median([4.0, 1.0, 2.0, 3.0]), 2.5));
        assert_eq!(median([]), None);
    }
}
