//! An engine in front of a simulator, and what tests ask of both.

mod ask;
mod books;
mod cloud;
mod config;
mod gateway;
mod got;
mod judge;

pub(super) use ask::{Ask, CLIENT_SECRET};
pub(super) use books::Books;
pub(super) use cloud::{Cloud, Seen};
pub(super) use config::{Key, cache_rules, cached, pick, race, rule, snapshot, target, team};
pub(super) use gateway::{Gateway, eventually};
pub(super) use got::Got;
pub(super) use judge::{best, experiment, judge};

/// Longer than anything takes that is not broken, on the busiest machine.
pub(super) const SOON: std::time::Duration = std::time::Duration::from_secs(10);
