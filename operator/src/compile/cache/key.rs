//! What of a request tells answers apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use wayleave_api::cache_policy as api;
use wayleave_core::snapshot::cache::{KeyPart, KeyParts};

use super::super::verdict::Problems;
use crate::field::FieldPath;

/// Without one of these all questions to a model would be one.
const ASKED: [&str; 5] = ["model", "messages", "input", "prompt", "contents"];

pub(super) fn parts(spec: &api::KeyParts, field: &FieldPath, problems: &mut Problems) -> KeyParts {
    let listed = spec.include.iter().enumerate();
    let include: Vec<_> = listed
        .filter_map(|(index, entry)| part(entry, &field.key("include").index(index), problems))
        .collect();
    let field = field.key("exclude");
    let mut seen = BTreeSet::new();
    for (index, name) in spec.exclude.iter().enumerate() {
        let member = field.index(index);
        if name.is_empty() {
            problems.invalid(&member, "is empty: write the name of a member of the body");
        } else if !seen.insert(name) {
            problems.invalid(&member, format!("`{name}` is listed twice: remove one"));
        }
    }
    if spec.exclude.iter().any(|name| ASKED.contains(&name.as_str())) {
        problems.invalid(
            &field,
            "has what is asked: without model, messages, input, prompt or contents all questions would be one",
        );
    }
    let included = |name: &String| spec.include.iter().any(|part| part.member.as_ref() == Some(name));
    if spec.exclude.iter().any(included) {
        problems.invalid(
            &field,
            "has a member that is in include as well: remove it from one of both",
        );
    }
    KeyParts {
        include,
        exclude: spec.exclude.iter().map(|name| Arc::from(name.as_str())).collect(),
    }
}

fn part(entry: &api::KeyPart, field: &FieldPath, problems: &mut Problems) -> Option<KeyPart> {
    match (&entry.header, &entry.member) {
        (Some(name), None) => header(name, &field.key("header"), problems).map(KeyPart::Header),
        (None, Some(name)) if !name.is_empty() => Some(KeyPart::Member(Arc::from(name.as_str()))),
        (None, Some(_)) => {
            problems.invalid(
                &field.key("member"),
                "is empty: write the name of a member of the body",
            );
            None
        }
        _ => {
            problems.invalid(field, "needs exactly one of header and member");
            None
        }
    }
}

/// The name of a header, in lower case.
pub(in crate::compile) fn header(name: &str, field: &FieldPath, problems: &mut Problems) -> Option<Arc<str>> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !name.is_empty() && name.bytes().all(good) {
        return Some(Arc::from(name.to_ascii_lowercase()));
    }
    problems.invalid(
        field,
        format!(
            "`{name}` is not the name of a header: write letters, digits, `-`, `_` and `.` only, such as x-tenant"
        ),
    );
    None
}
