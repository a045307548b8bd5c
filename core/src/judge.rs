//! The judge: a model that scores answers. What it is asked, what its answer means, and what it may cost in a day.
//!
//! ```text
//! request, answers ──prompt──► chat::Request ──(budget)──► the judge ──text──► verdict ──► a score, a win, or nothing
//! ```

pub mod budget;
pub mod case;
pub mod judgements;
pub mod prompt;
pub mod verdict;
