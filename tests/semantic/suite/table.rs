//! The figures, as tables in Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::measured::{HIGHEST, LOWEST, Measured};
use super::pairs::kinds;

/// Thresholds in the tables by kind, in hundredths.
const SHOWN: [u32; 8] = [80, 85, 90, 92, 94, 96, 98, 99];
/// Most false hits, in hundredths of the pairs that differ.
const BEARABLE: usize = 1;

/// What a threshold does to pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    same: usize,
    different: usize,
    right: usize,
    wrong: usize,
}

impl Tally {
    fn of<'m>(measured: impl Iterator<Item = &'m Measured>, hundredths: u32, guarded: bool) -> Self {
        let mut tally = Self::default();
        for one in measured {
            let hit = usize::from(one.is_hit(hundredths, guarded));
            if one.pair.is_same() {
                tally.same += 1;
                tally.right += hit;
            } else {
                tally.different += 1;
                tally.wrong += hit;
            }
        }
        tally
    }

    fn is_bearable(self) -> bool {
        self.wrong * 100 <= self.different * BEARABLE
    }

    fn hits(self) -> usize {
        self.right + self.wrong
    }

    fn cells(self) -> String {
        format!(
            "{} | {} | {}",
            percent(self.right, self.same),
            percent(self.right, self.hits()),
            percent(self.wrong, self.different)
        )
    }
}

/// All of them.
pub(crate) fn figures(measured: &[Measured]) -> String {
    let all = Tally::of(measured.iter(), HIGHEST, false);
    let mut out = format!(
        "{} pairs: {} that one answer serves, {} near-misses.\n\n",
        measured.len(),
        all.same,
        all.different
    );
    for guarded in [false, true] {
        out.push_str(&lowest_bearable(measured, guarded));
    }
    by_threshold(&mut out, measured);
    for guarded in [false, true] {
        by_kind(&mut out, measured, guarded);
    }
    by_set(&mut out, measured);
    missed(&mut out, measured);
    out
}

fn lowest_bearable(measured: &[Measured], guarded: bool) -> String {
    let with = if guarded { "With" } else { "Without" };
    let tally = |hundredths| Tally::of(measured.iter(), hundredths, guarded);
    let found = (LOWEST..=HIGHEST).find(|hundredths| tally(*hundredths).is_bearable());
    let verdict = match found {
        Some(found) => format!("the lowest threshold with at most {BEARABLE} % false hits is 0.{found}"),
        None => format!("no threshold up to 0.{HIGHEST} has at most {BEARABLE} % false hits"),
    };
    let tally = tally(found.unwrap_or(HIGHEST));
    format!(
        "- **{with} the guard {verdict}.**\n  Near-misses that are hits there: {} of {} ({}), which is {} of all hits. Of \
         the pairs that\n  one answer serves {} are hits.\n",
        tally.wrong,
        tally.different,
        percent(tally.wrong, tally.different),
        percent(tally.wrong, tally.hits()),
        percent(tally.right, tally.same)
    )
}

fn by_threshold(out: &mut String, measured: &[Measured]) {
    out.push_str(
        "\n| threshold | recall | precision | false hits | guarded: recall | precision | false hits |\n\
         | --- | --: | --: | --: | --: | --: | --: |\n",
    );
    for hundredths in LOWEST..=HIGHEST {
        let cells = |guarded| Tally::of(measured.iter(), hundredths, guarded).cells();
        line(
            out,
            &format!("| 0.{hundredths} | {} | {} |", cells(false), cells(true)),
        );
    }
}

fn by_kind(out: &mut String, measured: &[Measured], guarded: bool) {
    let title = if guarded {
        "with the guard"
    } else {
        "by the similarity alone"
    };
    line(out, &format!("\nHits by kind, in percent, {title}:\n"));
    let columns = SHOWN.map(|hundredths| format!(" 0.{hundredths} |")).concat();
    line(out, &format!("| kind | pairs |{columns}"));
    line(out, &format!("| --- | --: |{}", " --: |".repeat(SHOWN.len())));
    for kind in kinds(measured.iter().map(|one| &one.pair)) {
        let of_kind = || measured.iter().filter(|one| one.pair.kind == kind);
        write!(out, "| {kind} | {} |", of_kind().count()).expect("a string");
        for hundredths in SHOWN {
            let hits = Tally::of(of_kind(), hundredths, guarded).hits();
            write!(out, " {} |", rounded(hits * 100, of_kind().count())).expect("a string");
        }
        out.push('\n');
    }
}

fn by_set(out: &mut String, measured: &[Measured]) {
    line(
        out,
        &format!("\nThe two sets of pairs, guarded, at 0.{LOWEST}:\n"),
    );
    line(out, "| set | pairs | recall | precision | false hits |");
    line(out, "| --- | --: | --: | --: | --: |");
    let sets: BTreeSet<&str> = measured.iter().map(|one| &*one.pair.set).collect();
    for set in sets {
        let of_set = || measured.iter().filter(|one| one.pair.set == set);
        let tally = Tally::of(of_set(), LOWEST, true);
        line(
            out,
            &format!("| {set} | {} | {} |", of_set().count(), tally.cells()),
        );
    }
}

fn missed(out: &mut String, measured: &[Measured]) {
    let wrong = measured
        .iter()
        .filter(|one| !one.pair.is_same() && one.is_hit(LOWEST, true));
    line(
        out,
        &format!("\nNear-misses that the guard lets pass at 0.{LOWEST}:\n"),
    );
    let before = out.len();
    for one in wrong {
        let [a, b] = &one.pair.texts;
        line(
            out,
            &format!("- {}, {:.3}: «{a}» and «{b}»", one.pair.kind, one.similarity),
        );
    }
    if out.len() == before {
        line(out, "none.");
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A share, with one decimal.
fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = rounded(part * 1000, whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn rounded(part: usize, whole: usize) -> usize {
    (2 * part + whole) / (2 * whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded() {
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(2, 3), "66.7 %");
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(270, 270), "100.0 %");
    }

    #[test]
    fn one_in_a_hundred_is_bearable() {
        let tally = |wrong| Tally {
            different: 270,
            wrong,
            ..Tally::default()
        };
        assert!(tally(2).is_bearable());
        assert!(!tally(3).is_bearable());
    }
}
