//! What is put before the judge, as a request that can be sent to it.

use bytes::Bytes;

use super::prompt::{Nonce, Order, Task, compare, grade};
use crate::chat::Request;
use crate::format::{WireFormat, decode, encode, plain};
use crate::intake::{Intake, TargetShape};
use crate::vendor::Vendor;

/// The most bytes of a request that is judged: it is held until its answer is.
pub const MOST_BODY: usize = 512 << 10;

/// One call whose answers are judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The client's request.
    pub asked: &'a Intake,
    /// What makes an answer good; `None`: the usual.
    pub rubric: Option<&'a str>,
    /// The judge's model.
    pub model: &'a str,
}

/// Why a call cannot be put before a judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call cannot be judged: {0}")]
pub struct Unjudgeable(String);

impl Case<'_> {
    /// Asks for a score of one answer.
    pub fn grade(self, answer: &str, nonce: Nonce) -> Result<Intake, Unjudgeable> {
        self.put(|task| grade(task, answer, nonce))
    }

    /// Asks which of two answers is better.
    pub fn compare(
        self,
        control: &str,
        challenger: &str,
        order: Order,
        nonce: Nonce,
    ) -> Result<Intake, Unjudgeable> {
        self.put(|task| compare(task, control, challenger, order, nonce))
    }

    fn put(self, question: impl FnOnce(Task<'_>) -> Request<'static>) -> Result<Intake, Unjudgeable> {
        self.written(question).map_err(Unjudgeable)
    }

    fn written(self, question: impl FnOnce(Task<'_>) -> Request<'static>) -> Result<Intake, String> {
        let format = self.asked.format;
        let body = std::str::from_utf8(self.asked.body()).map_err(|error| error.to_string())?;
        let body = plain(format, body).map_err(|bad| bad.message)?;
        let request = decode(format, &body).map_err(|bad| bad.message)?;
        let question = question(Task {
            request: &request,
            rubric: self.rubric,
        });
        // As one client among others: how the judge's provider wants it is the translation's affair.
        let plainest = Vendor::named("OpenAI").ok_or("there is no row for OpenAI")?;
        let shape = TargetShape {
            format: WireFormat::OpenAIChat,
            model: self.model,
            quirks: plainest.quirks,
        };
        let written: Bytes = encode(&question, shape).map_err(|bad| bad.message)?.body;
        Intake::read(WireFormat::OpenAIChat, written).map_err(|bad| bad.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(format: WireFormat, body: &'static str) -> Intake {
        Intake::read(format, Bytes::from_static(body.as_bytes())).expect("reads")
    }

    #[test]
    fn a_call_of_any_format_becomes_a_request_of_one() {
        let chat =
            r#"{"model":"chat","stream":true,"messages":[{"role":"user","content":"What is 6 x 7?"}]}"#;
        let messages =
            r#"{"model":"chat","max_tokens":9,"messages":[{"role":"user","content":"What is 6 x 7?"}]}"#;
        let responses = r#"{"model":"chat","input":"What is 6 x 7?"}"#;
        for asked in [
            asked(WireFormat::OpenAIChat, chat),
            asked(WireFormat::AnthropicMessages, messages),
            asked(WireFormat::OpenAIResponses, responses),
        ] {
            let case = Case {
                asked: &asked,
                rubric: Some("Be right."),
                model: "judge-1",
            };
            let question = case.grade("42", Nonce(7)).expect("is written");
            assert_eq!((question.model.as_str(), question.stream()), ("judge-1", false));
            let schema = question.json_schema.as_ref().expect("is structured");
            assert_eq!(schema["required"], serde_json::json!(["reason", "score"]));
            let body = std::str::from_utf8(question.body()).expect("text");
            for part in ["What is 6 x 7?", "42", "Be right."] {
                assert!(body.contains(part), "{part}: {body}");
            }
            let both = case
                .compare("42", "43", Order::ChallengerFirst, Nonce(7))
                .expect("is written");
            let schema = both.json_schema.as_ref().expect("is structured");
            assert_eq!(schema["required"], serde_json::json!(["reason", "winner"]));
        }
    }

    #[test]
    fn what_is_no_chat_is_not_judged() {
        let asked = asked(WireFormat::OpenAIEmbeddings, r#"{"model":"e","input":"x"}"#);
        let case = Case {
            asked: &asked,
            rubric: None,
            model: "judge-1",
        };
        let error = case.grade("x", Nonce(7)).expect_err("is none").to_string();
        assert!(error.starts_with("the call cannot be judged: "), "{error}");
    }
}
