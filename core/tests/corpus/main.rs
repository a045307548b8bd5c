//! Recorded answers of real providers, through the relay: what an answer says has to survive every way that it can take.
//!
//! The folder is named by `WAYLEAVE_FIXTURES`. Where it is absent the tests say so and pass, except in CI.

#[cfg(test)]
mod api;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod client;
#[cfg(test)]
mod event_stream;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod said;
#[cfg(test)]
mod tallied;
#[cfg(test)]
mod way;
