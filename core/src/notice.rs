//! What a data plane tells of an object that it has in force: not all that the object asks for can be had there.
//!
//! All notices of a data plane travel together, as a JSON list in the details of a request that answers no message:
//! whoever does not know them passes them over, and so does a reader with a notice that it does not know.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::resource::ResourceName;

/// The type of the list.
pub const TYPE_URL: &str = "type.wayleave.dev/wayleave.config.v1.Notices";
/// The most notices that are told and heard.
pub const MOST: usize = 1_000;

/// All that a data plane tells, by the object.
pub type Notices = BTreeSet<(ResourceName, Notice)>;

/// What cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The store of a cache has no vector search: similar requests of other data planes are not found.
    NoVectorSearch,
}

#[derive(Serialize, Deserialize)]
struct Told {
    name: String,
    notice: String,
}

impl Notice {
    const ALL: [Self; 1] = [Self::NoVectorSearch];

    /// As it is told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoVectorSearch => "NoVectorSearch",
        }
    }
}

/// As bytes.
///
/// # Errors
/// None that can be provoked: names are texts.
pub fn encode(notices: &Notices) -> serde_json::Result<Vec<u8>> {
    let told = |(name, notice): &(ResourceName, Notice)| Told {
        name: name.to_string(),
        notice: notice.as_str().to_owned(),
    };
    serde_json::to_vec(&notices.iter().take(MOST).map(told).collect::<Vec<_>>())
}

/// Reads them. What is not known is passed over.
///
/// # Errors
/// When it is no list of notices.
pub fn decode(bytes: &[u8]) -> serde_json::Result<Notices> {
    let told: Vec<Told> = serde_json::from_slice(bytes)?;
    let known = told.into_iter().filter_map(|Told { name, notice }| {
        let notice = Notice::ALL.into_iter().find(|known| known.as_str() == notice)?;
        Some((name.parse().ok()?, notice))
    });
    Ok(known.take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceKind;
    use crate::snapshot::ObjectName;

    fn name(policy: &str) -> ResourceName {
        ResourceName::new(ResourceKind::Cache, ObjectName::new("a", policy))
    }

    #[test]
    fn what_is_told_is_heard() {
        for all in [vec![], vec!["one"], vec!["one", "two"]] {
            let all = all
                .into_iter()
                .map(|policy| (name(policy), Notice::NoVectorSearch));
            let all: Notices = all.collect();
            assert_eq!(decode(&encode(&all).expect("bytes")).expect("notices"), all);
        }
        let many = (0..=MOST).map(|number| (name(&number.to_string()), Notice::NoVectorSearch));
        let bytes = encode(&many.collect()).expect("bytes");
        assert_eq!(decode(&bytes).expect("notices").len(), MOST);
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let told = br#"[{"name": "cache/a/one", "notice": "NoVectorSearch", "since": 7},
            {"name": "cache/a/two", "notice": "Another"}, {"name": "nonsense", "notice": "NoVectorSearch"}]"#;
        let heard = decode(told).expect("notices");
        assert_eq!(heard, Notices::from([(name("one"), Notice::NoVectorSearch)]));
        for nonsense in [b"".as_slice(), b"{}", b"[7]"] {
            assert!(decode(nonsense).is_err());
        }
    }
}
