//! What of an answer has to survive in the client's format.

use std::fmt::Debug;

use super::client::Seen;
use crate::recordings::api::Api;
use crate::recordings::client::MADE_UP;
use crate::recordings::said::{Call, Choice, Said, arguments};

/// The differences between what the provider said and what the client of another format saw.
pub(super) fn translated(api: Api, heard: &Said, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let mut told = heard.clone().for_client(api);
    let names_a_model = !heard.model.is_empty();
    let (told_usage, told_model) = (told.usage, std::mem::take(&mut told.model));
    let expected = told.only();
    let Seen { said, ended, .. } = seen;
    let choice = said.choices.get(&0).cloned().unwrap_or_default();
    content(&mut found, expected, &choice);
    calls(&mut found, &expected.calls, &choice.calls);
    differ(&mut found, "an error", &heard.error, &said.error);
    differ(&mut found, "a proper end", &!heard.error, ended);
    if !heard.error {
        differ(&mut found, "finish", &expected.finish, &choice.finish);
        differ(
            &mut found,
            "stop sequence",
            &expected.stop_sequence,
            &choice.stop_sequence,
        );
        differ(&mut found, "usage", &told_usage, &said.usage);
        if names_a_model {
            differ(&mut found, "model", &told_model, &said.model);
        }
    }
    found
}

fn content(found: &mut Vec<String>, expected: &Choice, seen: &Choice) {
    differ(found, "text", &expected.text, &seen.text);
    differ(found, "refusal", &expected.refusal, &seen.refusal);
    differ(found, "reasoning", &expected.reasoning, &seen.reasoning);
    differ(
        found,
        "proofs of reasoning",
        &expected.signatures,
        &seen.signatures,
    );
}

fn calls(found: &mut Vec<String>, heard: &[Call], seen: &[Call]) {
    differ(found, "the number of calls", &heard.len(), &seen.len());
    for (heard, seen) in heard.iter().zip(seen) {
        differ(found, "a call's name", &heard.name, &seen.name);
        if heard.id != MADE_UP {
            differ(found, "a call's id", &heard.id, &seen.id);
        }
        differ(found, "arguments", &heard.arguments, &arguments(&seen.arguments));
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

fn differ<T: Debug + PartialEq>(found: &mut Vec<String>, what: &str, expected: &T, seen: &T) {
    if expected != seen {
        found.push(format!("{what}: recorded {expected:?}, the client saw {seen:?}"));
    }
}
