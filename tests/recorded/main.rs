//! Recorded provider traffic as upstream: every exchange goes through the whole gateway, in its provider's format and
//! translated into the other, and what arrives is compared with what the recording says.

// The attribute tells clippy that the helper functions in there are tests too.
#[cfg(test)]
mod suite {
    mod answers;
    mod cases;
    mod client;
    mod compare;
    mod corpus;
    mod cut;
    mod errors;
    mod exceptions;
    mod ledger;
    mod manifests;
    mod oracle;
    mod passing;
    mod requests;
    mod run;
    mod spoken;
    mod sse;
    mod tally;
    mod vendors;
}
