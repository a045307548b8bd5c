//! The same target for all calls that have something in common.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};

use crate::lot::Lot;
use crate::plan::Lane;
use crate::snapshot::StickyBy;

impl StickyBy {
    /// What a call has in common with others; `None`: it has nothing there.
    pub fn value<'a>(
        &self,
        headers: &'a HeaderMap,
        metadata: &'a BTreeMap<String, String>,
    ) -> Option<&'a [u8]> {
        match self {
            Self::Header(name) => headers.get(&**name).map(HeaderValue::as_bytes),
            Self::Metadata(name) => metadata.get(&**name).map(String::as_bytes),
        }
    }
}

/// By the lots that the targets draw from the value.
pub(super) fn order(mut lanes: Vec<Lane>, value: &[u8]) -> Vec<Lane> {
    lanes.sort_by_cached_key(|lane| {
        let name = lane.target.provider.to_string();
        Lot::draw(
            [value, name.as_bytes(), lane.model.as_bytes()],
            lane.target.weight,
        )
    });
    lanes
}
