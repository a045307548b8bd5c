//! OpenAI's legacy completions.

use super::chat::{finish, head};
use super::{Answer, count, list, text};
use crate::recordings::said::Said;

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        head(&mut said, document, answer.provider);
        for choice in list(&document["choices"]) {
            let known = said.choices.entry(count(&choice["index"])).or_default();
            known.text.push_str(text(&choice["text"]));
            known.finish = known.finish.take().or_else(|| finish(choice));
        }
    }
    said
}
