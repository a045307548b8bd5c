//! Policies that choose targets, on a simulated world with known truths, beside an oracle that knows them.
//!
//! A further policy implements [`policy::Policy`] and is run with [`run::run`]. `WAYLEAVE_REGRET` says how many worlds
//! there are of each kind (default 6).

#[cfg(test)]
mod best;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod run;
#[cfg(test)]
mod world;
