//! Experiments: which arm serves a call, what is known of the arms, and when that is enough to promote one or to roll it
//! back. The first arm is the control, the others are challengers.
//!
//! ```text
//! call ──assign::arm──► arm ──► answer ──assign::is_sampled──► judge ──► score or win ──► Trial
//!                                   └── failed? ─────────────────────────────────────────► │
//!                                                      Verdict ◄──verdict(Terms)── Totals ◄┘ (of all replicas)
//! ```

pub mod account;
pub mod assign;
pub mod decided;
mod difference;
pub mod report;
pub mod sentence;
mod terms;
pub mod told;
mod trial;
mod verdict;

pub use difference::{Difference, Side};
pub use terms::{Arm, Terms};
pub use trial::{Totals, Trial};
pub use verdict::{Standing, Verdict, Why, standing, verdict};
