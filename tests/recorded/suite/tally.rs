//! The counts.

use std::collections::BTreeMap;
use std::io::Write as _;

/// How a recording is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// The client speaks the provider's format.
    Own,
    /// The client speaks another one.
    Translated,
    /// The client wants a stream of what is recorded whole, or the whole of what is recorded as a stream.
    Reframed,
    /// The provider answers with an error status.
    Error,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Own, Self::Translated, Self::Reframed, Self::Error];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Translated => "translated",
            Self::Reframed => "reframed",
            Self::Error => "error",
        }
    }
}

/// One check and how it went.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) way: Way,
    /// The vendor and its endpoint.
    pub(super) source: String,
    pub(super) id: String,
    pub(super) verdict: Result<(), String>,
}

/// Passed and all, by source and way.
pub(super) fn table(checked: &[Checked]) -> String {
    let mut rows: BTreeMap<&str, [(usize, usize); 4]> = BTreeMap::new();
    for check in checked {
        let row = rows.entry(&check.source).or_default();
        let cell = Way::ALL
            .iter()
            .position(|way| *way == check.way)
            .map(|column| &mut row[column]);
        let (passed, all) = cell.expect("a column for each way");
        *passed += usize::from(check.verdict.is_ok());
        *all += 1;
    }
    let line = |source: &str, cells: [String; 4]| {
        let [own, translated, reframed, error] = cells;
        format!("{source:<36} {own:>9} {translated:>11} {reframed:>9} {error:>9}\n")
    };
    let mut text = line("source", Way::ALL.map(|way| way.name().to_owned()));
    for (source, row) in rows {
        let cell = |(passed, all)| {
            if all == 0 {
                "-".to_owned()
            } else {
                format!("{passed}/{all}")
            }
        };
        text.push_str(&line(source, row.map(cell)));
    }
    text
}

/// One line.
pub(super) fn summary(checked: &[Checked]) -> String {
    let parts = Way::ALL.map(|way| {
        let of_way: Vec<&Checked> = checked.iter().filter(|check| check.way == way).collect();
        let passed = of_way.iter().filter(|check| check.verdict.is_ok()).count();
        format!("{} {passed} of {}", way.name(), of_way.len())
    });
    format!("recorded traffic: {}", parts.join(", "))
}

/// Writes a line that is shown although the test passes.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
