//! What of an answer has to survive in the client's format.

use std::fmt::Debug;

use super::client::Seen;
use super::spoken::{Finish, Spoken, Tokens, ToolCall};
use wayleave_tests::Format;

/// Proofs of reasoning without the mark of their vendor, `wayleave.VENDOR.`, which those have that are not the format's
/// own.
fn untagged(proofs: &[String]) -> Vec<String> {
    let bare = |proof: &String| {
        let tagged = proof
            .strip_prefix("wayleave.")
            .and_then(|rest| rest.split_once('.'));
        tagged.map_or_else(|| proof.clone(), |(_, bare)| bare.to_owned())
    };
    proofs.iter().map(bare).collect()
}

/// The differences between what the provider said and what the client of another format saw.
pub(super) fn translated(format: Format, heard: &Spoken, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let expected = said_in(format, heard);
    let spoken = &seen.spoken;
    differ(&mut found, "text", &expected.text, &spoken.text);
    differ(&mut found, "refusal", &expected.refusal, &spoken.refusal);
    differ(&mut found, "reasoning", &expected.reasoning, &spoken.reasoning);
    differ(
        &mut found,
        "signatures",
        &expected.signatures,
        &untagged(&spoken.signatures),
    );
    differ(
        &mut found,
        "redacted reasoning",
        &expected.redacted,
        &untagged(&spoken.redacted),
    );
    calls(&mut found, &expected.calls, &spoken.calls);
    differ(
        &mut found,
        "fault",
        &expected.fault.is_some(),
        &spoken.fault.is_some(),
    );
    differ(&mut found, "a proper end", &expected.fault.is_none(), &seen.ended);
    if expected.fault.is_none() {
        differ(&mut found, "finish", &expected.finish, &spoken.finish);
        usage(&mut found, format, expected.tokens, spoken.tokens);
        if !heard.model.is_empty() {
            differ(&mut found, "model", &expected.model, &spoken.model);
        }
    }
    found
}

/// What the format can say of an answer.
fn said_in(format: Format, heard: &Spoken) -> Spoken {
    let mut said = heard.clone();
    // Every format needs a reason, even where the provider gave none.
    let silent = if said.calls.is_empty() {
        Finish::Stop
    } else {
        Finish::Calls
    };
    said.finish = said.finish.or(Some(silent));
    match format {
        Format::Anthropic => {
            // It has no place for a refusal's words but the text.
            said.text.push_str(&std::mem::take(&mut said.refusal));
            said.finish = said.finish.map(|finish| {
                if finish == Finish::Filter {
                    Finish::Refusal
                } else {
                    finish
                }
            });
        }
        Format::OpenAi => {
            said.finish = said.finish.map(|finish| match finish {
                Finish::StopSequence(_) | Finish::Pause | Finish::Stop => Finish::Stop,
                Finish::Window | Finish::Length => Finish::Length,
                // OpenAI ends a refusal with "stop". One without its words would look like an answer.
                Finish::Refusal if !said.refusal.is_empty() => Finish::Stop,
                Finish::Refusal | Finish::Filter => Finish::Filter,
                Finish::Calls => Finish::Calls,
            });
        }
    }
    said
}

fn calls(found: &mut Vec<String>, heard: &[ToolCall], seen: &[ToolCall]) {
    differ(found, "the number of calls", &heard.len(), &seen.len());
    for (heard, seen) in heard.iter().zip(seen) {
        differ(found, "a call's name", &heard.name, &seen.name);
        if !heard.id.is_empty() {
            differ(found, "a call's id", &heard.id, &seen.id);
        }
        match heard.parsed() {
            Some(arguments) => differ(found, "arguments", &Some(arguments), &seen.parsed()),
            None => differ(found, "broken arguments", &heard.arguments, &seen.arguments),
        }
    }
    let mut ids: Vec<&str> = seen.iter().map(|call| call.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    differ(
        found,
        "calls with an id of their own",
        &seen.len(),
        &ids.iter().filter(|id| !id.is_empty()).count(),
    );
}

fn usage(found: &mut Vec<String>, format: Format, heard: Option<Tokens>, seen: Option<Tokens>) {
    match (format, heard) {
        // It has no way to say that nothing is known.
        (Format::Anthropic, None) => differ(found, "usage", &Some(Tokens::default()), &seen),
        _ => differ(found, "usage", &heard, &seen),
    }
}

fn differ<T: Debug + PartialEq>(found: &mut Vec<String>, what: &str, expected: &T, seen: &T) {
    if expected != seen {
        found.push(format!("{what}: recorded {expected:?}, the client saw {seen:?}"));
    }
}
