//! `docs/formats.md`, made from what became of all features.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::feature::{Feature, OF_ANSWERS, OF_REQUESTS};
use crate::samples::side::{CLIENTS, PROVIDERS, Side};
use crate::verdict::Verdict;
use crate::{answers, requests};

const INTRODUCTION: &str = include_str!("introduction.md");

/// Set, the test writes the document instead of comparing it.
const UPDATE: &str = "UPDATE_FORMATS";

fn document() -> String {
    let mut out = INTRODUCTION.to_owned();
    for &client in CLIENTS {
        write!(out, "\n## Clients of {}\n", client.title).expect("a string");
        of_requests(client, &mut out);
        of_answers(client, &mut out);
    }
    out
}

fn of_requests(client: Side, out: &mut String) {
    let outcomes = requests::outcomes(client);
    let asked = requests::of_client(client);
    table(
        out,
        "requests",
        OF_REQUESTS.iter().filter(|feature| asked.contains(feature.key)),
        &columns(outcomes.keys().map(|(column, _)| *column)),
        |column, feature| {
            let outcome = outcomes.get(&(column, feature));
            outcome.map(|outcome| outcome.verdict.symbol().to_owned())
        },
    );
    let mut noted = BTreeMap::<&str, BTreeSet<&str>>::new();
    for ((column, _), outcome) in &outcomes {
        for note in &outcome.noted {
            noted.entry(note).or_default().insert(column);
        }
    }
    if !noted.is_empty() {
        out.push_str("\n`x-wayleave-dropped` names:\n\n");
        for (note, columns) in noted {
            writeln!(out, "- `{note}`: {}", joined(columns)).expect("a string");
        }
    }
    let mut refused = BTreeMap::<&str, BTreeSet<&str>>::new();
    for ((column, _), outcome) in &outcomes {
        if let Some(refusal) = &outcome.refusal {
            refused.entry(refusal).or_default().insert(column);
        }
    }
    if !refused.is_empty() {
        out.push_str("\nRefused with 400:\n\n");
        for (refusal, columns) in refused {
            writeln!(out, "- {refusal} ({})", joined(columns)).expect("a string");
        }
    }
}

fn joined(columns: BTreeSet<&str>) -> String {
    columns.into_iter().collect::<Vec<_>>().join(", ")
}

fn of_answers(client: Side, out: &mut String) {
    let outcomes = answers::outcomes(client);
    let told = |feature: &&Feature| outcomes.keys().any(|(_, key)| *key == feature.key);
    table(
        out,
        "answers",
        OF_ANSWERS.iter().filter(told),
        &columns(outcomes.keys().map(|(column, _)| *column)),
        |column, feature| {
            outcomes.get(&(column, feature)).map(|&(whole, stream)| {
                if whole == stream {
                    whole.symbol().to_owned()
                } else {
                    format!("{} {}", whole.symbol(), stream.symbol())
                }
            })
        },
    );
}

/// In their usual order.
fn columns(seen: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let seen: BTreeSet<_> = seen.collect();
    PROVIDERS
        .iter()
        .map(|provider| provider.column)
        .filter(|column| seen.contains(column))
        .collect()
}

fn table<'a>(
    out: &mut String,
    what: &str,
    features: impl Iterator<Item = &'a Feature>,
    columns: &[&'static str],
    cell: impl Fn(&'static str, &'static str) -> Option<String>,
) {
    write!(out, "\n| {what} |").expect("a string");
    for column in columns {
        write!(out, " {column} |").expect("a string");
    }
    out.push_str("\n| --- |");
    out.push_str(&" :-: |".repeat(columns.len()));
    out.push('\n');
    for feature in features {
        write!(out, "| {} |", feature.title).expect("a string");
        for column in columns {
            let cell = cell(column, feature.key).unwrap_or_default();
            write!(out, " {cell} |").expect("a string");
        }
        out.push('\n');
    }
}

#[test]
fn the_document_says_what_becomes_of_each_feature() {
    for verdict in Verdict::ALL {
        let entry = format!("| {} |", verdict.symbol());
        assert!(INTRODUCTION.contains(&entry), "the legend lacks {verdict:?}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    let made = document();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &made).expect("the document can be written");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == made,
        "docs/formats.md is out of date: {UPDATE}=1 cargo test -p wayleave-core --test features, and read what changed"
    );
}
