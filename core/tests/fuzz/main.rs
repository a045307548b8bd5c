//! Broken input of every kind: nothing panics, nothing grows without bound, and what is said is well formed.
//!
//! `WAYLEAVE_FUZZ_CASES` says how many cases there are in all (default 20,000), `WAYLEAVE_FUZZ_SEED` which ones: a failure
//! names its seed.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../samples/mod.rs"]
mod samples;
#[cfg(test)]
mod splitters;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod trip;
