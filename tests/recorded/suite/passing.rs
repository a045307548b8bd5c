//! What a client of the provider's own format gets: the provider's bytes, but for two edits of streams. The chunk that
//! only tells usage is left out where the client did not ask for it, and the cost stands in the usage.

use serde_json::Value;

use super::heard;
use super::sse::{self, frames};

/// What the client found edited.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Edits {
    /// The last cost that was added, in dollars.
    pub(super) cost: Option<String>,
    /// Whether the last usage that the client got had room for a cost.
    pub(super) usage_told: bool,
    /// What follows the recorded bytes.
    pub(super) behind: Vec<u8>,
}

/// Compares a stream with the recorded one. `usage_asked`: the client wants the chunk that only tells usage.
pub(super) fn stream(recorded: &[u8], seen: &[u8], usage_asked: bool) -> Result<Edits, String> {
    let mut edits = Edits::default();
    let mut rest = frames(seen).into_iter();
    for expected in frames(recorded) {
        let usage = usage_of(expected);
        if usage == Usage::Alone && !usage_asked {
            continue;
        }
        let frame = rest
            .next()
            .ok_or_else(|| format!("this is missing: {}", show(expected)))?;
        edits.usage_told |= usage != Usage::None;
        if frame == expected {
            continue;
        }
        let (cost, plain) = without_cost(frame).unwrap_or_default();
        if plain != expected || usage == Usage::None {
            return Err(format!(
                "recorded {}, the client saw {}",
                show(expected),
                show(frame)
            ));
        }
        edits.cost = Some(cost);
    }
    edits.behind = rest.collect::<Vec<_>>().concat();
    Ok(edits)
}

/// Compares a list that grows, Gemini's other stream, with the recorded one.
pub(super) fn list(recorded: &[u8], seen: &[u8]) -> Result<Edits, String> {
    let mut edits = Edits {
        usage_told: String::from_utf8_lossy(recorded).contains("\"usageMetadata\""),
        ..Edits::default()
    };
    let mut rest = seen.to_vec();
    while !rest.starts_with(recorded) {
        let Some((cost, plain)) = without_cost(&rest) else {
            return Err(format!(
                "recorded {}, the client saw {}",
                show(recorded),
                show(seen)
            ));
        };
        edits.cost = Some(cost);
        rest = plain;
    }
    edits.behind = rest.split_off(recorded.len());
    Ok(edits)
}

#[derive(PartialEq)]
enum Usage {
    None,
    /// Beside a choice, or in an event of its own kind.
    Within,
    /// In a chunk that says nothing else.
    Alone,
}

fn usage_of(frame: &[u8]) -> Usage {
    let document: Value = sse::events(frame)
        .first()
        .and_then(|event| serde_json::from_str(&event.data).ok())
        .unwrap_or_default();
    if heard::usage_of(&document).is_none() {
        return Usage::None;
    }
    match document["choices"].as_array() {
        Some(choices) if choices.is_empty() => Usage::Alone,
        _ => Usage::Within,
    }
}

/// Takes the cost out of a frame: what it is, and the frame without it.
fn without_cost(frame: &[u8]) -> Option<(String, Vec<u8>)> {
    const MEMBER: &str = "\"cost\":";
    let text = std::str::from_utf8(frame).ok()?;
    let (before, from) = text.split_once(MEMBER)?;
    let end = from.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (cost, after) = from.split_at(end);
    let after = after.strip_prefix(',').unwrap_or(after);
    Some((cost.to_owned(), format!("{before}{after}").into_bytes()))
}

fn show(bytes: &[u8]) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(bytes)
            .chars()
            .take(400)
            .collect::<String>()
    )
}

#[test]
fn only_the_two_edits_are_let_through() {
    let recorded = b"data: {\"choices\":[{}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"a\":1}}\n\ndata: [DONE]\n\n";
    let asked = b"data: {\"choices\":[{}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"cost\":0.5,\"a\":1}}\n\ndata: [DONE]\n\n";
    let edits = stream(recorded, asked, true).expect("the cost is added");
    assert_eq!(
        (edits.cost.as_deref(), edits.usage_told, edits.behind.len()),
        (Some("0.5"), true, 0)
    );
    let bare = b"data: {\"choices\":[{}],\"usage\":null}\n\ndata: [DONE]\n\n";
    assert!(stream(recorded, bare, false).is_ok_and(|edits| !edits.usage_told));
    assert!(stream(recorded, bare, true).is_err());
    assert!(stream(recorded, asked, false).is_err());
    let cut = b"data: {\"choices\":[{}],\"usage\":null}\n\n";
    assert!(stream(recorded, cut, false).is_err());
    let more = [&bare[..], b"data: {}\n\n"].concat();
    assert_eq!(
        stream(recorded, &more, false).expect("more").behind,
        b"data: {}\n\n"
    );
}

#[test]
fn of_a_list_only_the_cost_is_let_through() {
    let recorded = b"[{\n  \"usageMetadata\": {\n    \"totalTokenCount\": 1\n  }\n}\n]\n";
    let priced = b"[{\n  \"usageMetadata\": {\"cost\":0.5,\n    \"totalTokenCount\": 1\n  }\n}\n]\n";
    let edits = list(recorded, priced).expect("the cost is added");
    assert_eq!(
        (edits.cost.as_deref(), edits.usage_told, edits.behind.len()),
        (Some("0.5"), true, 0)
    );
    assert!(list(recorded, recorded).is_ok_and(|edits| edits.cost.is_none()));
    assert!(list(recorded, &priced[..20]).is_err());
    let more = [&recorded[..], b"]"].concat();
    assert_eq!(list(recorded, &more).expect("more").behind, b"]");
}
