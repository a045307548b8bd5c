//! A comparison for people.

use std::fmt::Write as _;

use wayleave_core::books::reconcile::{Reconciliation, Row, Side};
use wayleave_core::books::spend::dollars;
use wayleave_core::money::Ticks;

use crate::table::Table;

pub(super) fn render(found: &Reconciliation) -> String {
    let mut table = Table::new(&["day", "model", "invoice", "ledger", "difference", ""]).right(&[2, 3, 4]);
    for row in &found.rows {
        let verdict = if row.agrees { "ok" } else { "differs" };
        table.row([
            row.day.to_string(),
            row.model.as_deref().map_or_else(|| "-".to_owned(), shown),
            row.invoice.map_or_else(|| "-".to_owned(), |side| cost(&side, 0)),
            row.ledger
                .map_or_else(|| "-".to_owned(), |side| cost(&side, row.unpriced)),
            row.difference_ticks.map_or_else(String::new, signed),
            verdict.to_owned(),
        ]);
    }
    let difference = Ticks::new(found.invoice_ticks.get().saturating_sub(found.ledger_ticks.get()));
    table.row([
        "total".to_owned(),
        String::new(),
        dollars(found.invoice_ticks),
        dollars(found.ledger_ticks),
        signed(difference),
        if found.agrees { "ok" } else { "differs" }.to_owned(),
    ]);
    let mut text = table.render("");
    let differing: Vec<&Row> = found.rows.iter().filter(|row| !row.causes.is_empty()).collect();
    if !differing.is_empty() {
        text.push_str("\nLikely causes:\n");
    }
    for row in differing {
        let model = row.model.as_deref().map_or_else(String::new, shown);
        let _ = writeln!(text, "  {} {model}", row.day);
        for cause in &row.causes {
            let (amount, kind) = (signed(cause.amount_ticks), cause.kind.as_str());
            let _ = writeln!(text, "    {amount}  {kind}: {}", cause.evidence);
        }
    }
    text.push('\n');
    let keys: Vec<String> = found
        .keys
        .iter()
        .map(|(key, attempts)| format!("{key} ({attempts})"))
        .collect();
    let keys = if keys.is_empty() {
        "none".to_owned()
    } else {
        keys.join(", ")
    };
    let _ = writeln!(
        text,
        "Attempts of provider keys that were compared: {}",
        shown(&keys)
    );
    for note in &found.notes {
        let _ = writeln!(text, "Note: {}", shown(note));
    }
    text
}

fn cost(side: &Side, unpriced: u64) -> String {
    let tokens = side
        .input
        .zip(side.output)
        .map(|(input, output)| format!("{input}+{output} tokens"));
    match side.cost_ticks {
        Some(ticks) if unpriced > 0 => format!("≥ {} ({unpriced} unpriced)", dollars(ticks)),
        Some(ticks) => dollars(ticks),
        None => tokens.unwrap_or_else(|| "-".to_owned()),
    }
}

fn signed(ticks: Ticks) -> String {
    if ticks > Ticks::ZERO {
        format!("+{}", dollars(ticks))
    } else {
        dollars(ticks)
    }
}

/// Without what would move the cursor of a terminal.
fn shown(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}
