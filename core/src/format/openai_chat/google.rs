//! `extra_content`, in which Google's dialect carries the signatures of its models: on tool calls, and on messages.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::format::lenient::Text;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Extra<'a> {
    #[serde(borrow)]
    google: Option<Google<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Google<'a> {
    #[serde(borrow)]
    thought_signature: Text<'a>,
}

/// The signature in an `extra_content`.
pub(super) fn signature(extra: &RawValue) -> Option<Cow<'_, str>> {
    let extra: Extra<'_> = serde_json::from_str(extra.get()).ok()?;
    Some(extra.google?.thought_signature.0).filter(|signature| !signature.is_empty())
}

/// An `extra_content` as it is written.
#[derive(Debug, Serialize)]
pub(super) struct ExtraOut<'a> {
    google: GoogleOut<'a>,
}

#[derive(Debug, Serialize)]
struct GoogleOut<'a> {
    thought_signature: &'a str,
}

impl<'a> ExtraOut<'a> {
    pub(super) fn new(signature: &'a str) -> Self {
        Self {
            google: GoogleOut {
                thought_signature: signature,
            },
        }
    }
}
