//! Gemini.

use serde_json::{Value, json};

use super::{Named, list, with};

pub(super) fn events(whole: &Value) -> Vec<Named> {
    let (mut said, mut ended) = (Vec::new(), Vec::new());
    for candidate in list(whole, "/candidates") {
        said.push(json!({"index": candidate["index"], "content": candidate["content"]}));
        let mut rest = candidate.clone();
        rest["content"] = json!({"role": "model", "parts": [{"text": ""}]});
        ended.push(rest);
    }
    let first =
        json!({"candidates": said, "modelVersion": whole["modelVersion"], "responseId": whole["responseId"]});
    vec![("", first), ("", with(whole, json!({"candidates": ended})))]
}
