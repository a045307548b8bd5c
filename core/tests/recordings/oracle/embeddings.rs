//! OpenAI embeddings: every vector is a choice, and its text the vector as it is written.

use super::chat::head;
use super::{Answer, list};
use crate::recordings::said::Said;

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        head(&mut said, document, answer.provider);
        for (place, vector) in (0..).zip(list(&document["data"])) {
            // Some leave the index out.
            let index = vector["index"].as_u64().unwrap_or(place);
            said.choices.entry(index).or_default().text = vector["embedding"].to_string();
        }
    }
    said.ended = !said.choices.is_empty();
    said
}
