//! Shares of a whole, written as decimal numbers.

use wayleave_api::number::Decimal;
use wayleave_core::price::Ratio;

use super::verdict::Problems;
use crate::field::FieldPath;

/// A share of the calls, given in percent, of at most `most` percent.
pub(super) fn percent(
    text: &Decimal,
    most: u32,
    example: &str,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Ratio> {
    // Of 100, a ratio of up to 100 is a percentage.
    let percent = text.as_str().parse::<Ratio>().ok();
    let percent = percent.filter(|percent| percent.millionths() <= most * 1_000_000);
    if percent.is_none() {
        let message = format!(
            "`{text}` is not a percentage: write a decimal number from 0 to {most} with at most 6 decimals, such as {example}"
        );
        problems.invalid(field, message);
    }
    percent.map(|percent| Ratio::from_millionths(percent.millionths() / 100))
}

/// A share from 0 to 1. `what` says what it is of, with its article.
pub(super) fn of_one(
    text: &Decimal,
    what: &str,
    example: &str,
    field: &FieldPath,
    problems: &mut Problems,
) -> Option<Ratio> {
    let ratio = text.as_str().parse::<Ratio>().ok();
    let ratio = ratio.filter(|ratio| *ratio <= Ratio::ONE);
    if ratio.is_none() {
        let message = format!(
            "`{text}` is not {what}: write a decimal number from 0 to 1 with at most 6 decimals, such as {example}"
        );
        problems.invalid(field, message);
    }
    ratio
}
