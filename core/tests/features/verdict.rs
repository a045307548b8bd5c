//! What became of a feature.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::pattern::fits;

/// What became of a feature on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Both sides speak the same format.
    Passed,
    /// In the target's own member for it.
    Kept,
    /// Said in another way, which means less or nearly the same.
    Mapped,
    /// Left out.
    Dropped,
    /// The request is refused, and told why.
    Refused,
    /// Left out without a word: a defect.
    Lost,
}

impl Verdict {
    pub(crate) const ALL: [Self; 6] = [
        Self::Passed,
        Self::Kept,
        Self::Mapped,
        Self::Dropped,
        Self::Refused,
        Self::Lost,
    ];

    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Passed => "=",
            Self::Kept => "✓",
            Self::Mapped => "≈",
            Self::Dropped => "–",
            Self::Refused => "✗",
            Self::Lost => "!",
        }
    }
}

/// Where a feature is looked for.
pub(crate) type Looks = BTreeMap<String, Value>;

/// Looks for a feature: `own` is how the API says it, `other` what else says it, `without` what says it by leaving
/// something out. Each is a pattern or a list of them.
pub(crate) fn look(looks: &Looks, feature: &str, document: &Value) -> Option<Verdict> {
    let look = looks.get(feature)?;
    let found = |way: &str| {
        look.get(way)
            .is_some_and(|patterns| alternatives(patterns).any(|pattern| fits(Some(document), pattern)))
    };
    if found("own") {
        Some(Verdict::Kept)
    } else if found("other") || found("without") {
        Some(Verdict::Mapped)
    } else {
        None
    }
}

fn alternatives(patterns: &Value) -> impl Iterator<Item = &Value> {
    match patterns {
        Value::Array(patterns) => patterns.iter(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(patterns).iter()
        }
    }
}

/// Fails where files name features that there are not, or a plain document has what a pattern looks for: it could not
/// tell anything.
pub(crate) fn check(what: &str, looks: &Looks, known: &BTreeSet<&str>, plain: &Value) {
    for (feature, look) in looks {
        assert!(
            known.contains(feature.as_str()),
            "{what}: no feature is `{feature}`"
        );
        let ways = look.as_object().expect("ways to say it");
        assert!(
            !ways.is_empty()
                && ways
                    .keys()
                    .all(|way| ["own", "other", "without"].contains(&way.as_str())),
            "{what}: `{feature}` is looked for by own, other and without"
        );
        if ways.contains_key("without") {
            continue;
        }
        assert_eq!(
            self::look(looks, feature, plain),
            None,
            "{what}: `{feature}` is found in a document without it: {plain}"
        );
    }
}
