//! Sums as a table, or for spreadsheets.

use anyhow::Context as _;
use wayleave_core::books::by::By;
use wayleave_core::books::spend::{Spent, Sums, dollars};
use wayleave_core::money::Ticks;

use crate::table::Table;

type Column = (&'static str, fn(&Sums) -> String);
type Part = (&'static str, fn(&Sums) -> Ticks, fn(Ticks, &Sums) -> String);

/// What calls have; an attempt has no call of its own.
const CALLS: [Column; 3] = [
    ("calls", |sums| sums.calls.to_string()),
    ("failed", |sums| sums.failed_calls.to_string()),
    ("mean ms", |sums| {
        sums.mean_ms().map_or_else(String::new, |ms| format!("{ms:.0}"))
    }),
];
const ATTEMPTS: [Column; 5] = [
    ("attempts", |sums| sums.attempts.to_string()),
    ("input", |sums| sums.tokens.input().to_string()),
    ("cached", |sums| sums.tokens.cached.to_string()),
    ("output", |sums| sums.tokens.output.to_string()),
    ("cost", Sums::cost),
];
/// What is shown only where there is any.
const PARTS: [Part; 3] = [
    ("lost races", |sums| sums.lost_ticks, share),
    ("judges", |sums| sums.judge_ticks, share),
    ("saved", |sums| sums.saved_ticks, |saved, _| dollars(saved)),
];

/// The columns of figures for spreadsheets.
const FIGURES: [&str; 13] = [
    "calls",
    "failed_calls",
    "mean_ms",
    "attempts",
    "input",
    "cached",
    "output",
    "cost_usd",
    "cost_ticks",
    "unpriced",
    "lost_usd",
    "judge_usd",
    "saved_usd",
];

/// For people.
pub(super) fn table(spent: &Spent) -> String {
    let mut columns: Vec<Column> = Vec::new();
    if spent.counts_calls {
        columns.extend(CALLS);
    }
    columns.extend(ATTEMPTS);
    let parts: Vec<_> = PARTS
        .into_iter()
        .filter(|(_, part, _)| part(&spent.total) != Ticks::ZERO)
        .collect();
    let groups = spent.by.iter().map(|by| by.as_str());
    let names = columns
        .iter()
        .map(|(name, _)| *name)
        .chain(parts.iter().map(|(name, ..)| *name));
    let headings: Vec<&'static str> = groups.chain(names).collect();
    let right: Vec<usize> = (spent.by.len()..headings.len()).collect();
    let mut table = Table::new(&headings).right(&right);
    let mut add = |group: Vec<String>, sums: &Sums| {
        let figures = columns.iter().map(|(_, figure)| figure(sums));
        let parts = parts.iter().map(|(_, part, shown)| match part(sums) {
            Ticks::ZERO => String::new(),
            part => shown(part, sums),
        });
        table.row(group.into_iter().chain(figures).chain(parts));
    };
    for row in &spent.rows {
        add(
            row.group.iter().map(|name| shown(name.as_deref())).collect(),
            &row.sums,
        );
    }
    let line = |text: String| {
        let rest = spent.by.iter().skip(1).map(|_| String::new());
        std::iter::once(text).chain(rest).collect::<Vec<_>>()
    };
    if spent.others.attempts + spent.others.calls > 0 {
        let count = spent
            .other_groups
            .map_or_else(|| "many".to_owned(), |count| count.to_string());
        add(line(format!("{count} others")), &spent.others);
    }
    add(line("total".to_owned()), &spent.total);
    table.render("")
}

/// An amount, and which part of the cost it is.
#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: Ticks, sums: &Sums) -> String {
    let percent = part.get() as f64 / sums.cost_ticks.get() as f64 * 100.0;
    format!("{} ({percent:.0}%)", dollars(part))
}

/// A name, without what would move the cursor of a terminal: models are called as clients like.
fn shown(name: Option<&str>) -> String {
    let Some(name) = name else { return "-".to_owned() };
    name.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}

/// For spreadsheets: one line per group, and one for the others.
///
/// # Errors
/// When it cannot be written.
pub(super) fn csv(spent: &Spent) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let groups = spent.by.iter().copied().map(By::as_str);
    writer.write_record(groups.chain(FIGURES))?;
    let others = (spent.others.attempts + spent.others.calls > 0).then(|| {
        let rest = spent.by.iter().skip(1).map(|_| String::new());
        (
            std::iter::once("(others)".to_owned())
                .chain(rest)
                .collect::<Vec<_>>(),
            &spent.others,
        )
    });
    let rows = spent.rows.iter().map(|row| {
        let group = row
            .group
            .iter()
            .map(|name| cell(name.as_deref().unwrap_or_default()));
        (group.collect(), &row.sums)
    });
    for (group, sums) in rows.chain(others) {
        let calls = |count: u64| {
            if spent.counts_calls {
                count.to_string()
            } else {
                String::new()
            }
        };
        let figures = [
            calls(sums.calls),
            calls(sums.failed_calls),
            sums.mean_ms().map_or_else(String::new, |ms| format!("{ms:.1}")),
            sums.attempts.to_string(),
            sums.tokens.input().to_string(),
            sums.tokens.cached.to_string(),
            sums.tokens.output.to_string(),
            sums.cost_ticks.usd(),
            sums.cost_ticks.get().to_string(),
            sums.unpriced.to_string(),
            sums.lost_ticks.usd(),
            sums.judge_ticks.usd(),
            sums.saved_ticks.usd(),
        ];
        writer.write_record(group.into_iter().chain(figures))?;
    }
    let bytes = writer.into_inner().context("cannot write the CSV")?;
    String::from_utf8(bytes).context("cannot write the CSV")
}

/// A name that a spreadsheet does not take for a formula.
fn cell(name: &str) -> String {
    let quote = if name.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("{quote}{name}")
}

#[cfg(test)]
mod tests {
    use wayleave_core::books::line::Line;
    use wayleave_core::books::period::Period;
    use wayleave_core::books::spend::Spend;

    use super::*;

    fn spent(by: &[By], top: usize) -> Spent {
        let mut spend = Spend::new(by.to_vec(), Period::default());
        for (model, role, cost) in [
            ("large", "race-winner", "20000000000"),
            ("large", "race-loser", "5000000000"),
            ("small\u{1b}[2J", "primary", "null"),
            ("tiny, cheap", "primary", "1"),
        ] {
            let usage = "{\"input\":10,\"cache_read\":2,\"output\":3}";
            let text = format!(
                "{{\"kind\":\"attempt\",\"call\":\"c\",\"attempt\":1,\"started\":\"2026-11-02T10:00:00Z\",\"role\":\"{role}\",\
                 \"model_asked\":{},\"cost_ticks\":{cost},\"usage\":{usage}}}",
                serde_json::to_string(model).unwrap()
            );
            spend.add(&Line::parse(text.as_bytes()).unwrap());
        }
        spend.finish(top)
    }

    #[test]
    fn a_table_says_what_is_a_lower_bound_and_moves_no_cursor() {
        let text = table(&spent(&[By::Role, By::Model], 10));
        let expected = "\
role         model        attempts  input  cached  output               cost     lost races
race-winner  large               1     12       2       3                 $2
race-loser   large               1     12       2       3               $0.5    $0.5 (100%)
primary      tiny, cheap         1     12       2       3      $0.0000000001
primary      small\u{fffd}[2J          1     12       2       3    ≥ $0 (1 unpriced)
total                            4     48       8      12  ≥ $2.5 (1 unpriced)     $0.5 (20%)
";
        let squeezed = |text: &str| {
            text.lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&text), squeezed(expected), "{text}");
    }

    #[test]
    fn others_are_one_row() {
        let text = table(&spent(&[By::Model], 1));
        assert!(text.lines().any(|line| line.starts_with("2 others ")), "{text}");
        let text = csv(&spent(&[By::Model], 1)).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(
            text.lines()
                .last()
                .unwrap()
                .starts_with("(others),0,0,,2,24,4,6,0.0000000001,1,1,"),
            "{text}"
        );
    }

    #[test]
    fn names_are_no_formulas() {
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("gpt-4o"), "gpt-4o");
    }

    #[test]
    fn csv_is_quoted() {
        let text = csv(&spent(&[By::Model], 10)).unwrap();
        assert!(
            text.contains("\"tiny, cheap\",0,0,,1,12,2,3,0.0000000001,1,0,0,0,0\n"),
            "{text}"
        );
    }
}
