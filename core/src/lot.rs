//! Lots: who gets what by weight, decided by a digest, so that it is the same in each replica and after each restart.

use std::cmp::Ordering;

use crate::digest::Digest;

/// What one candidate has drawn; the least wins.
///
/// Weighted rendezvous hashing (Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005): each draws `−ln(u)/weight`
/// with a number `u` of its own, and so wins with a chance by weight. When a weight grows, values move to that candidate
/// only; when it shrinks, or goes, from it only; the others stay. A weight of 0 draws infinity, and comes last.
#[derive(Clone, Copy, Debug)]
pub struct Lot(f64);

impl Lot {
    /// That of a candidate with this weight. The parts name it, and what the lot is drawn for.
    pub fn draw<'a>(parts: impl IntoIterator<Item = &'a [u8]>, weight: u32) -> Self {
        Self(-Digest::of(parts).unit().ln() / f64::from(weight))
    }
}

impl PartialEq for Lot {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Lot {}

impl PartialOrd for Lot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lot {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
