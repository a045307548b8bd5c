//! The tables of `docs/experiments.md`: how long an experiment takes.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use wayleave_core::experiment::{Terms, Verdict};

use super::arms::{Kind, experiments, run};

const BEGIN: &str = "<!-- sample sizes: written by a command -->\n";
const END: &str = "<!-- end of sample sizes -->\n";
const DIFFERENCES: [f64; 3] = [0.2, 0.1, 0.05];
/// The largest size that is looked for.
const MOST: u32 = 16_000;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/experiments.md")
}

/// Judged answers of the challenger by which four fifths of experiments have promoted it (and a few more, so that it holds
/// for other seeds too), and by which half have.
fn sizes(kind: Kind, difference: f64) -> (u32, u32) {
    let times = experiments();
    let mut ends: Vec<u32> = (0..times)
        .map(|seed| run(kind, &Terms::equal("old", "new"), difference, MOST, seed))
        .map(|end| {
            if let Verdict::Promote(_) = end.verdict {
                end.after
            } else {
                u32::MAX
            }
        })
        .collect();
    ends.sort_unstable();
    let rank = |hundredths: usize| ends[(ends.len() * hundredths / 100).min(ends.len() - 1)];
    (rank(83), rank(50))
}

fn table() -> String {
    let mut table =
        String::from("| scores | difference of 0.2 | of 0.1 | of 0.05 |\n| --- | --- | --- | --- |\n");
    for kind in Kind::ALL {
        let cells = DIFFERENCES.map(|difference| {
            let (most, half) = sizes(kind, difference);
            // Upwards to two digits.
            let step = 10_u32.pow(most.ilog10().saturating_sub(1));
            format!("{} ({half})", most.div_ceil(step) * step)
        });
        writeln!(table, "| {} | {} |", kind.name(), cells.join(" | ")).unwrap();
    }
    table
}

/// The size that the document gives for a difference of 0.1.
fn told(document: &str, kind: Kind) -> u32 {
    let row = document
        .lines()
        .find(|line| line.starts_with(&format!("| {} |", kind.name())));
    let cell = row
        .unwrap_or_else(|| panic!("no row for {kind:?}"))
        .split('|')
        .nth(3)
        .unwrap();
    cell.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn a_difference_of_a_tenth_is_found_with_the_size_that_is_told() {
    if std::env::var_os("UPDATE_EXPERIMENTS").is_some() {
        let text = fs::read_to_string(path()).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        fs::write(path(), format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
    }
    let document = fs::read_to_string(path()).unwrap();
    for kind in Kind::ALL {
        let size = told(&document, kind);
        // Other seeds than those that the size was found with.
        let seeds = 1_000_000..1_000_000 + experiments() / 2;
        let times = f64::from(seeds.end - seeds.start);
        let found = seeds
            .map(|seed| run(kind, &Terms::equal("old", "new"), 0.1, size, seed).verdict)
            .map(|verdict| u32::from(matches!(verdict, Verdict::Promote(_))))
            .sum::<u32>();
        println!("{kind:?}: {found} of {times} with {size}");
        let least = 0.8 * times - 2.6 * (0.8 * 0.2 * times).sqrt();
        assert!(
            f64::from(found) >= least,
            "{kind:?}: {found} of {times} with {size}"
        );
    }
}
