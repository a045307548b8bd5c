//! What a request's path says of its body.

use percent_encoding::percent_decode_str;

use super::paths::{model_of, unversioned};
use super::{Endpoint, Place};
use crate::format::{Framing, WireFormat};

/// What a request's path says of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The format of the body.
    pub format: WireFormat,
    /// The model, where the path names it and not the body.
    pub model: Option<String>,
    /// How the answer is to be framed, where the path says it and not the body.
    pub framing: Option<Framing>,
}

impl From<WireFormat> for Asked {
    /// All is in the body.
    fn from(format: WireFormat) -> Self {
        Self {
            format,
            model: None,
            framing: None,
        }
    }
}

impl Asked {
    /// Of a request for this endpoint at this path, with its query. `None`: the endpoint takes no body.
    pub fn at(endpoint: Endpoint, path: &str) -> Option<Self> {
        let format = endpoint.format()?;
        let Place::Method(method) = endpoint.place() else {
            return Some(format.into());
        };
        let model = model_of(unversioned(path), method)?;
        let framing = if endpoint != Endpoint::StreamGenerateContent {
            Framing::Whole
        } else if asks_for_sse(path) {
            Framing::Sse
        } else {
            Framing::JsonArray
        };
        Some(Self {
            format,
            model: Some(percent_decode_str(model).decode_utf8_lossy().into_owned()),
            framing: Some(framing),
        })
    }
}

fn asks_for_sse(path: &str) -> bool {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .any(|pair| matches!(pair.split_once('='), Some(("alt" | "$alt" | "%24alt", "sse"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(endpoint: Endpoint, path: &str) -> (Option<String>, Option<Framing>) {
        let asked = Asked::at(endpoint, path).expect("a body");
        (asked.model, asked.framing)
    }

    #[test]
    fn the_path_names_model_and_framing() {
        let stream = Endpoint::StreamGenerateContent;
        let model = |model: &str| Some(model.to_owned());
        assert_eq!(
            at(stream, "/v1beta/models/g:streamGenerateContent?alt=sse&key=k"),
            (model("g"), Some(Framing::Sse))
        );
        assert_eq!(
            at(stream, "/v1beta/models/a%2Fb:streamGenerateContent"),
            (model("a/b"), Some(Framing::JsonArray))
        );
        assert_eq!(
            at(Endpoint::GenerateContent, "/models/team/fast:generateContent"),
            (model("team/fast"), Some(Framing::Whole))
        );
        assert_eq!(at(Endpoint::Messages, "/v1/messages?alt=sse"), (None, None));
        assert_eq!(Asked::at(Endpoint::Models, "/v1/models"), None);
    }
}
