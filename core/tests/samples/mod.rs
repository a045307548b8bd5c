//! What clients send and what providers answer, a sample for each feature, in each format. Written by hand, from the
//! APIs' own documents and from recordings.

pub(crate) mod file;
pub(crate) mod side;
pub(crate) mod streaming;
