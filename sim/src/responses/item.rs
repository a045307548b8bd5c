//! The items of a response's output.

use serde_json::{Value, json};

use crate::answer::{Answer, Finish};
use crate::ids;

/// One item, as far as it is known when it begins.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// What its deltas carry.
    pub(crate) text: String,
    /// It is complete when it is done.
    complete: bool,
}

pub(crate) enum Kind {
    /// A summary of the reasoning, and the reasoning itself if it is sealed.
    Reasoning {
        sealed: bool,
    },
    Message,
    Refusal,
    Call {
        call_id: String,
        name: String,
    },
}

impl Item {
    fn new(prefix: &str, kind: Kind, text: String) -> Self {
        Self {
            id: ids::random(prefix, 50),
            kind,
            text,
            complete: true,
        }
    }

    /// The items of an answer: reasoning, text, calls. If it was cut short, the last one is not complete.
    pub(crate) fn of(answer: Answer, sealed: bool) -> Vec<Self> {
        let mut items = Vec::new();
        if !answer.reasoning.is_empty() {
            items.push(Self::new("rs_", Kind::Reasoning { sealed }, answer.reasoning));
        }
        if !answer.text.is_empty() {
            let kind = if answer.finish == Finish::Refusal {
                Kind::Refusal
            } else {
                Kind::Message
            };
            items.push(Self::new("msg_", kind, answer.text));
        }
        for call in answer.calls {
            let kind = Kind::Call {
                call_id: ids::random("call_", 24),
                name: call.name,
            };
            items.push(Self::new("fc_", kind, call.arguments));
        }
        if let (Finish::Length | Finish::ContentFilter, Some(last)) = (answer.finish, items.last_mut()) {
            last.complete = false;
        }
        items
    }

    /// The part of the content or the summary that the text stands in.
    pub(crate) fn part(&self, text: &str) -> Value {
        match self.kind {
            Kind::Reasoning { .. } => json!({"type": "summary_text", "text": text}),
            Kind::Refusal => json!({"type": "refusal", "refusal": text}),
            Kind::Message | Kind::Call { .. } => {
                json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
            }
        }
    }

    /// As it is when it begins.
    pub(crate) fn opening(&self) -> Value {
        self.render("in_progress", &[], "")
    }

    /// As it is in the end.
    pub(crate) fn done(&self) -> Value {
        let status = if self.complete { "completed" } else { "incomplete" };
        self.render(status, &[self.part(&self.text)], &self.text)
    }

    fn render(&self, status: &str, parts: &[Value], arguments: &str) -> Value {
        match &self.kind {
            Kind::Reasoning { sealed } => {
                let mut item = json!({"id": self.id, "type": "reasoning", "summary": parts});
                if *sealed && let Some(members) = item.as_object_mut() {
                    members.insert("encrypted_content".to_owned(), ids::random("gAAAAA", 200).into());
                }
                item
            }
            Kind::Message | Kind::Refusal => json!({
                "id": self.id, "type": "message", "status": status, "content": parts, "role": "assistant",
            }),
            Kind::Call { call_id, name } => json!({
                "id": self.id, "type": "function_call", "status": status, "arguments": arguments,
                "call_id": call_id, "name": name,
            }),
        }
    }
}
