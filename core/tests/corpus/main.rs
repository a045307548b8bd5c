//! Recorded answers of real providers, through the relay: what an answer says has to survive every way that it can take.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod costs;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod reading;
#[cfg(test)]
#[expect(dead_code, reason = "requests are for other suites")]
#[path = "../recordings/mod.rs"]
mod recordings;
#[cfg(test)]
mod tallied;
#[cfg(test)]
mod way;
