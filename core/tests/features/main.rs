//! What comes through from every client format to every provider format, and back: each feature is sent through the
//! code, what comes out is judged by patterns of the target's own API, and `docs/formats.md` is made from that.
//!
//! ```text
//! ../samples/requests/CLIENT.json   what a client sends       sent/PROVIDER.json  how that looks at a provider
//! ../samples/answers/PROVIDER.json  what a provider answers   told/CLIENT.json    how that looks to a client
//! ```

#[cfg(test)]
mod answers;
#[cfg(test)]
mod document;
#[cfg(test)]
mod feature;
#[cfg(test)]
mod fold;
#[cfg(test)]
mod pattern;
#[cfg(test)]
mod requests;
#[cfg(test)]
#[path = "../samples/mod.rs"]
mod samples;
#[cfg(test)]
mod verdict;
