//! Whether the bounds of experiments keep their promises, on simulated scores with known means.
//!
//! `WAYLEAVE_EXPERIMENTS` says how many experiments there are of each kind (default 100; the figures in
//! `docs/experiments.md` are of 1,000, in a release build). `UPDATE_EXPERIMENTS=1` writes the document's tables anew.

#[cfg(test)]
mod arms;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod document;
#[cfg(test)]
mod promises;
