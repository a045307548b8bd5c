//! What the demo shows at its end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use wayleave_core::money::Ticks;
use wayleave_core::walk::Role;

use super::books::{AttemptRecord, Books};
use super::play::{Played, Scened};
use crate::table::Table;
use crate::up::{Announcement, curl};

/// Scenes with more calls are shown as one line per kind of outcome.
const MOST_LINES: usize = 8;

/// Everything, for machines.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether every call did what its scene says.
    pub(crate) ok: bool,
    pub(crate) envoy: Option<String>,
    pub(crate) scenes: Vec<Scened>,
    pub(crate) spend: Vec<Spend>,
    pub(crate) saved: Saved,
}

/// What answers that were there already would have cost.
#[derive(Debug, Serialize)]
pub(crate) struct Saved {
    pub(crate) answers: usize,
    pub(crate) ticks: Ticks,
    pub(crate) usd: String,
}

/// What one model of one provider cost.
#[derive(Debug, Serialize)]
pub(crate) struct Spend {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) attempts: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    /// Over the attempts whose price is known.
    pub(crate) cost_ticks: Ticks,
    pub(crate) cost_usd: String,
    /// Attempts whose price nobody knows.
    pub(crate) unpriced: u64,
}

/// Adds up what the cache saved.
pub(crate) fn saved(attempts: &[AttemptRecord]) -> Saved {
    let reused = || attempts.iter().filter(|attempt| attempt.is_reused());
    let saved: Ticks = reused().filter_map(|attempt| attempt.saved_ticks).sum();
    Saved {
        answers: reused().count(),
        ticks: saved,
        usd: saved.usd(),
    }
}

/// Adds up what each model cost.
pub(crate) fn spend(attempts: &[AttemptRecord]) -> Vec<Spend> {
    let mut models: BTreeMap<(&str, &str), Spend> = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| !attempt.is_reused()) {
        // Behind the name stands how the simulator answers.
        let asked = attempt.model_asked.split('?').next().unwrap_or_default();
        let model = attempt.model_served.as_deref().unwrap_or(asked);
        let provider = attempt.provider_name();
        let spend = models.entry((provider, model)).or_insert_with(|| Spend {
            provider: provider.to_owned(),
            model: model.to_owned(),
            attempts: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost_ticks: Ticks::ZERO,
            cost_usd: String::new(),
            unpriced: 0,
        });
        let usage = attempt.usage.unwrap_or_default();
        spend.attempts += 1;
        spend.input_tokens += usage.input_total();
        spend.output_tokens += usage.output;
        spend.cost_ticks += attempt.cost_ticks.unwrap_or_default();
        spend.unpriced += u64::from(attempt.cost_ticks.is_none());
        spend.cost_usd = spend.cost_ticks.usd();
    }
    models.into_values().collect()
}

impl Report {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("\nWhat each call did, from the ledger:\n\n");
        text.push_str(&calls(&self.scenes).render("  "));
        text.push_str("\nWhat each model cost:\n\n");
        text.push_str(&self.spend_table().render("  "));
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\nThe cache answered {} calls without a request, and saved ${}.",
            self.saved.answers, self.saved.usd
        );
        let faults = self.faults();
        for fault in &faults {
            let _ = write!(text, "\nNOT AS EXPECTED  {fault}");
        }
        let calls: usize = self.scenes.iter().map(|scene| scene.calls.len()).sum();
        let _ = match faults.len() {
            0 => writeln!(text, "\nAll {calls} calls did what their scenes say."),
            1 => writeln!(text, "\n\nOne thing in {calls} calls was not as expected."),
            wrong => writeln!(text, "\n\n{wrong} things in {calls} calls were not as expected."),
        };
        text
    }

    fn spend_table(&self) -> Table {
        let mut table =
            Table::new(&["PROVIDER", "MODEL", "ATTEMPTS", "TOKENS IN", "OUT", "USD"]).right(&[2, 3, 4]);
        for spend in &self.spend {
            let cost = match (spend.unpriced, spend.attempts) {
                (0, _) => spend.cost_usd.clone(),
                (unpriced, all) if unpriced == all => "unpriced".to_owned(),
                (unpriced, _) => format!("{} and {unpriced} unpriced", spend.cost_usd),
            };
            let counts =
                [spend.attempts, spend.input_tokens, spend.output_tokens].map(|count| count.to_string());
            table.row(
                [spend.provider.clone(), spend.model.clone()]
                    .into_iter()
                    .chain(counts)
                    .chain([cost]),
            );
        }
        let total: Ticks = self.spend.iter().map(|spend| spend.cost_ticks).sum();
        table.row(["total", "", "", "", "", &total.usd()]);
        table
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for scene in &self.scenes {
            let name = scene.calls.first().map_or("", |played| played.scene);
            faults.extend(scene.faults.iter().map(|fault| format!("{name}: {fault}")));
            for played in &scene.calls {
                let way = played.way.name();
                faults.extend(
                    played
                        .faults
                        .iter()
                        .map(|fault| format!("{name}, {way}: {fault}")),
                );
            }
        }
        faults
    }
}

fn calls(scenes: &[Scened]) -> Table {
    let headings = [
        "ASKED",
        "FORMAT",
        "ATTEMPTS",
        "SERVED BY",
        "TOKENS",
        "USD",
        "FIRST",
        "TOTAL",
        "AS EXPECTED",
    ];
    let mut table = Table::new(&headings).right(&[6, 7]);
    for scene in scenes {
        if scene.calls.len() <= MOST_LINES {
            for played in &scene.calls {
                table.row(line(played, &played.way.name(), 1));
            }
            continue;
        }
        let mut alike: BTreeMap<String, Vec<&Played>> = BTreeMap::new();
        for played in &scene.calls {
            alike.entry(attempts(&played.books)).or_default().push(played);
        }
        for group in alike.values() {
            if let Some(shown) = group
                .iter()
                .find(|played| !played.faults.is_empty())
                .or(group.first())
            {
                table.row(line(
                    shown,
                    &format!("{} of {} calls", group.len(), scene.calls.len()),
                    group.len(),
                ));
            }
        }
    }
    table
}

/// One line of the table, for `count` calls that went alike.
fn line(played: &Played, format: &str, count: usize) -> [String; 9] {
    let call = &played.books.call;
    let served = call
        .provider
        .as_deref()
        .map_or("-", |name| name.rsplit('/').next().unwrap_or(name));
    let usage = served_usage(&played.books).unwrap_or_else(|| "-".to_owned());
    let mut cost = call.cost_ticks.map_or_else(|| "unpriced".to_owned(), Ticks::usd);
    let reused = played.books.attempts.iter().find(|attempt| attempt.is_reused());
    if let Some(saved) = reused.and_then(|attempt| attempt.saved_usd.as_ref()) {
        let _ = write!(cost, ", saved {saved}");
    }
    let each = if count > 1 { " each" } else { "" };
    let verdict = if played.faults.is_empty() { "yes" } else { "NO" };
    [
        played.scene.to_owned(),
        format.to_owned(),
        attempts(&played.books),
        if played.status == 200 {
            served.to_owned()
        } else {
            format!("nobody: {}", played.status)
        },
        usage,
        format!("{cost}{each}"),
        ms(played.first_content_ms),
        ms(Some(played.total_ms)),
        verdict.to_owned(),
    ]
}

fn ms(time: Option<f64>) -> String {
    time.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"))
}

/// Input and output of the attempt that was served.
fn served_usage(books: &Books) -> Option<String> {
    let served = books
        .attempts
        .iter()
        .rfind(|attempt| attempt.class == wayleave_core::outcome::Class::Ok)?;
    let usage = served.usage?;
    let about = if served.estimated { "~" } else { "" };
    Some(format!(
        "{about}{} in {about}{} out",
        usage.input_total(),
        usage.output
    ))
}

/// All attempts: `→` is one after the other, `|` a race.
fn attempts(books: &Books) -> String {
    let mut text = String::new();
    for (place, attempt) in books.attempts.iter().enumerate() {
        let race = matches!(attempt.role, Role::RaceWinner | Role::RaceLoser);
        text.push_str(match (place, race && attempt.lane > 0) {
            (0, _) => "",
            (_, true) => " | ",
            (_, false) => " → ",
        });
        let status = attempt
            .status
            .map(|status| format!(" {status}"))
            .unwrap_or_default();
        let lane = if race {
            format!("{}: ", attempt.lane)
        } else {
            String::new()
        };
        let (provider, class) = (attempt.provider_name(), attempt.class.as_str());
        let _ = match attempt.role {
            Role::CacheHit => write!(text, "cache {class}"),
            Role::Coalesced => write!(text, "shared {class}"),
            Role::Shadow => write!(text, "shadow {provider}{status} {class}"),
            Role::Judge => write!(text, "judge {provider}{status} {class}"),
            Role::Primary
            | Role::Retry
            | Role::Fallback
            | Role::RaceWinner
            | Role::RaceLoser
            | Role::Embedding
            | Role::Classifier => write!(text, "{lane}{provider}{status} {class}"),
        };
    }
    text
}

/// What to do next.
pub(crate) fn go_on(announced: &Announcement, kept: bool) -> String {
    let example = ([127, 0, 0, 1], 4000).into();
    if kept {
        let Announcement { address, admin, .. } = announced;
        return format!(
            "\nStill running, until you interrupt it:\n\n  {}\n  curl http://{admin}/ledger\n",
            curl(*address, "chat")
        );
    }
    format!(
        "\nGo on:\n\n  make up        # serves examples/demo, with the simulated providers\n  {}\n  curl \
         http://127.0.0.1:4001/ledger\n\n  make up DIR=my-manifests        # serves yours; see examples/\n",
        curl(example, "chat")
    )
}

#[cfg(test)]
mod tests;
