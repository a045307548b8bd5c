//! The recordings that are known not to be handled, each with its reason.

use std::collections::BTreeMap;

use super::tally::{Checked, Way};

const TEXT: &str = include_str!("../exceptions.txt");

/// Reads `WAY ID REASON` lines; `#` begins a comment.
pub(super) fn listed() -> BTreeMap<(Way, String), String> {
    let lines = TEXT
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let read = |line: &str| {
        let mut parts = line.splitn(3, char::is_whitespace).map(str::trim);
        let (way, id, reason) = (
            parts.next()?,
            parts.next()?,
            parts.next().filter(|reason| !reason.is_empty())?,
        );
        let way = Way::ALL.into_iter().find(|known| known.name() == way)?;
        Some(((way, id.to_owned()), reason.to_owned()))
    };
    lines
        .map(|line| read(line).unwrap_or_else(|| panic!("exceptions.txt: not `WAY ID REASON`: {line}")))
        .collect()
}

/// What fails without being listed, and what is listed without failing.
pub(super) fn violations(checked: &[Checked]) -> Vec<String> {
    let mut listed = listed();
    let mut failed: BTreeMap<(Way, String), &str> = BTreeMap::new();
    for check in checked {
        if let Err(complaint) = &check.verdict {
            failed.insert((check.way, check.id.clone()), complaint);
        }
    }
    let mut found = Vec::new();
    for ((way, id), complaint) in failed {
        if listed.remove(&(way, id.clone())).is_none() {
            found.push(format!("{} {id}: {complaint}", way.name()));
        }
    }
    let stale = listed.into_keys();
    found.extend(stale.map(|(way, id)| {
        format!(
            "{} {id}: listed in exceptions.txt, but it passes or is gone",
            way.name()
        )
    }));
    found
}
