//! Of completions: a prompt.

use serde_json::Value;

use super::{Survivors, list, squeeze};

impl Survivors {
    pub(super) fn completions(&mut self, body: &Value) {
        let prompt = &body["prompt"];
        let texts = prompt.as_str().into_iter();
        let all = texts.chain(list(prompt).iter().filter_map(Value::as_str));
        self.user = squeeze(&all.collect::<String>());
    }
}
