//! The same target for all calls that have something in common.

use crate::lot::Lot;
use crate::plan::{Lane, Wanted};
use crate::snapshot::StickyBy;

/// What the call has in common with others; `None`: it has nothing there.
pub(super) fn value<'a>(by: &StickyBy, wanted: &Wanted<'a>) -> Option<&'a [u8]> {
    match by {
        StickyBy::Header(name) => wanted.headers.get(&**name).map(http::HeaderValue::as_bytes),
        StickyBy::Metadata(name) => wanted.metadata.get(&**name).map(String::as_bytes),
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
