//! Recorded provider traffic as upstream: every exchange goes through the whole gateway, in its provider's format and
//! translated into the two that most clients speak, and what arrives is compared with what the recording says.

#[cfg(test)]
#[expect(dead_code, reason = "what answers show is for another suite")]
#[path = "../../core/tests/recordings/mod.rs"]
mod recordings;

// The attribute tells clippy that the helper functions in there are tests too.
#[cfg(test)]
mod suite {
    mod answers;
    mod cases;
    mod client;
    mod compare;
    mod cut;
    mod errors;
    mod exceptions;
    mod heard;
    mod ledger;
    mod manifests;
    mod passing;
    mod requests;
    mod run;
    mod sse;
    mod tally;
    mod vendors;
    mod view;
}
