//! Calls and worlds, for the tests of this crate.

use std::sync::LazyLock;

use super::*;

static NO_HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
static NO_METADATA: BTreeMap<String, String> = BTreeMap::new();

/// A call that says nothing but its model.
pub(crate) fn wanted<'a>(rule: &'a Arc<ActiveRule>, model: &'a str) -> Wanted<'a> {
    Wanted {
        rule,
        model,
        needs: Needs::default(),
        headers: &NO_HEADERS,
        metadata: &NO_METADATA,
        at: Timestamp::UNIX_EPOCH,
        min_score: None,
        arm: None,
    }
}

/// Everything is well, and nothing is known.
pub(crate) struct AllIn;

impl Availability for AllIn {
    fn admits(&self, _: &ObjectName, _: &Endpoint, _: KeyChoice, _: &str) -> bool {
        true
    }
}

impl World for AllIn {
    fn known(&self, _: &ObjectName, _: &str) -> Known {
        Known::default()
    }
}
