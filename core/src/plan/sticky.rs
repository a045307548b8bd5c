//! The same target for all calls that have something in common: rendezvous hashing by weight, so that a target that comes
//! or goes moves only its own share.

use crate::cache::key::Digest;
use crate::plan::{Lane, Wanted};
use crate::snapshot::StickyBy;

/// What the call has in common with others; `None`: it has nothing there.
pub(super) fn value<'a>(by: &StickyBy, wanted: &Wanted<'a>) -> Option<&'a [u8]> {
    match by {
        StickyBy::Header(name) => wanted.headers.get(&**name).map(http::HeaderValue::as_bytes),
        StickyBy::Metadata(name) => wanted.metadata.get(&**name).map(String::as_bytes),
    }
}

/// Each target draws a lot from the value, better ones the greater its weight; what has weight 0 comes last.
pub(super) fn order(mut lanes: Vec<Lane>, value: &[u8]) -> Vec<Lane> {
    let draw = |lane: &Lane| {
        let name = lane.target.provider.to_string();
        let lot = Digest::of([value, name.as_bytes(), lane.model.as_bytes()]).unit();
        // Exponential with the weight as its rate: the least of them is each target's with a chance by weight.
        -lot.ln() / f64::from(lane.target.weight)
    };
    lanes.sort_by_cached_key(|lane| Lot(draw(lane)));
    lanes
}

/// What is never NaN: 0 weights give infinity.
#[derive(PartialEq)]
struct Lot(f64);

impl Eq for Lot {}

impl PartialOrd for Lot {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lot {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
