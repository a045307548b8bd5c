//! What the user said last, and how much there is to a conversation. Read leniently: what cannot be read was not said.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::object::{Kind, Object, Path, items, text};
use crate::format::WireFormat;

/// The most bytes of the last message that are looked at: half of them from its beginning, half from its end.
const MOST: usize = 8 << 10;

/// The last message of the user, and how much there is to the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The words of the last message of the user that has words. Of a long one the beginning and the end.
    pub text: String,
    /// Characters of the whole message.
    pub length: u64,
    /// Messages of users and of assistants.
    pub turns: u64,
    /// Images in all messages.
    pub images: u64,
}

/// What a body says.
pub(super) fn of(format: WireFormat, body: &str) -> Said {
    let mut said = Said::default();
    let root = Path::Root;
    let turns = Object::root(body, &root).ok();
    if let Some(turns) = turns.and_then(|mut members| members.raw(turns_of(format))) {
        said.all(turns);
    }
    said
}

/// The member that holds the conversation.
const fn turns_of(format: WireFormat) -> &'static str {
    match format {
        WireFormat::OpenAIChat
        | WireFormat::AnthropicMessages
        | WireFormat::AnthropicTokens
        | WireFormat::BedrockConverse => "messages",
        WireFormat::OpenAIResponses | WireFormat::OpenAIEmbeddings => "input",
        WireFormat::OpenAICompletions => "prompt",
        WireFormat::GeminiGenerate => "contents",
    }
}

/// Whose a message is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    User,
    Assistant,
    /// Instructions, and what tools say.
    Other,
}

impl Said {
    fn all(&mut self, turns: &RawValue) {
        match Kind::of(turns) {
            Kind::Text => {
                self.turns = 1;
                self.user(&Vec::from_iter(text(turns, &Path::Root)));
            }
            // Gemini takes one message without a list around it.
            Kind::Object => self.turn(turns),
            Kind::List => self.list(turns),
            Kind::Null | Kind::Bool | Kind::Number => {}
        }
    }

    /// A list of messages, or of texts that are one message.
    fn list(&mut self, turns: &RawValue) {
        let mut texts = Vec::new();
        for turn in items(turns, &Path::Root).unwrap_or_default() {
            match Kind::of(turn) {
                Kind::Object => self.turn(turn),
                Kind::Text => texts.extend(text(turn, &Path::Root)),
                Kind::Null | Kind::Bool | Kind::Number | Kind::List => {}
            }
        }
        if !texts.is_empty() {
            self.turns += 1;
            self.user(&texts);
        }
    }

    fn turn(&mut self, turn: &RawValue) {
        let root = Path::Root;
        let Ok(mut turn) = Object::read(turn, &root) else {
            return;
        };
        let role = turn.text("role").ok().flatten();
        let speaker = match role.as_deref() {
            Some("assistant" | "model") => Speaker::Assistant,
            // A tool's call or result, among the items of a response.
            None if turn
                .even_null("type")
                .is_some_and(|kind| kind.get() != "\"message\"") =>
            {
                Speaker::Other
            }
            Some("user") | None => Speaker::User,
            Some(_) => Speaker::Other,
        };
        if speaker != Speaker::Other {
            self.turns += 1;
        }
        let mut words = Vec::new();
        for name in ["content", "parts"] {
            if let Some(content) = turn.raw(name) {
                self.content(content, &mut words);
            }
        }
        if speaker == Speaker::User {
            self.user(&words);
        }
    }

    fn content<'a>(&mut self, content: &'a RawValue, words: &mut Vec<Cow<'a, str>>) {
        match Kind::of(content) {
            Kind::Text => words.extend(text(content, &Path::Root)),
            Kind::Object => self.part(content, words),
            Kind::List => {
                for part in items(content, &Path::Root).unwrap_or_default() {
                    match Kind::of(part) {
                        Kind::Text => words.extend(text(part, &Path::Root)),
                        Kind::Object => self.part(part, words),
                        Kind::Null | Kind::Bool | Kind::Number | Kind::List => {}
                    }
                }
            }
            Kind::Null | Kind::Bool | Kind::Number => {}
        }
    }

    fn part<'a>(&mut self, part: &'a RawValue, words: &mut Vec<Cow<'a, str>>) {
        let root = Path::Root;
        let Ok(part) = Object::read(part, &root) else {
            return;
        };
        let mut part = part.in_camel_case();
        let kind = part.text("type").ok().flatten();
        let typed = matches!(kind.as_deref(), Some("image" | "image_url" | "input_image"));
        // Bedrock's `image`; Gemini's data of any kind.
        let medium = |data: &RawValue| {
            let mut data = Object::read(data, &root).ok()?.in_camel_case();
            let kind = data.text("mimeType").ok().flatten()?;
            kind.starts_with("image/").then_some(())
        };
        let named = kind.is_none()
            && (part.raw("image").is_some()
                || ["inlineData", "fileData"]
                    .into_iter()
                    .filter_map(|name| part.raw(name))
                    .any(|data| medium(data).is_some()));
        if typed || named {
            self.images += 1;
        }
        words.extend(part.text("text").ok().flatten());
    }

    /// The later message counts, if it has words: after it come results of tools.
    fn user(&mut self, words: &[Cow<'_, str>]) {
        if words.iter().all(|words| words.trim().is_empty()) {
            return;
        }
        let text = words.join("\n");
        self.length = text.chars().count() as u64;
        self.text = ends(text);
    }
}

/// The beginning and the end of a text that is too long.
fn ends(text: String) -> String {
    if text.len() <= MOST {
        return text;
    }
    let boundary = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    let (head, tail) = text.split_at(boundary(MOST / 2));
    let end = boundary(text.len() - MOST / 2) - head.len();
    format!("{head}\n{}", tail.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, turns: u64, images: u64) -> Said {
        Said {
            text: text.to_owned(),
            length: text.chars().count() as u64,
            turns,
            images,
        }
    }

    #[test]
    fn the_last_message_with_words_is_found_in_every_format() {
        for (format, body) in [
            (
                WireFormat::OpenAIChat,
                r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"one"},{"role":"assistant","content":"two"},
                    {"role":"user","content":[{"type":"text","text":"last"},{"type":"image_url","image_url":{"url":"data:"}}]}]}"#,
            ),
            (
                WireFormat::AnthropicMessages,
                r#"{"system":"s","messages":[{"role":"user","content":[{"type":"image","source":{}},{"type":"text","text":"last"}]},
                    {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
                    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"42"}]}]}"#,
            ),
            (
                WireFormat::OpenAIResponses,
                r#"{"input":[{"role":"user","content":"one"},{"type":"function_call","name":"f","arguments":"{}"},
                    {"type":"function_call_output","output":"42"},{"role":"assistant","content":"two"},
                    {"type":"message","role":"user","content":[{"type":"input_text","text":"last"},{"type":"input_image","image_url":"x"}]}]}"#,
            ),
            (
                WireFormat::GeminiGenerate,
                r#"{"contents":[{"parts":[{"text":"one"}]},{"role":"model","parts":[{"text":"two"}]},
                    {"role":"user","parts":[{"text":"last"},{"inline_data":{"mime_type":"image/png","data":""}},
                    {"inlineData":{"mimeType":"audio/wav","data":""}}]}]}"#,
            ),
            (
                WireFormat::BedrockConverse,
                r#"{"messages":[{"role":"user","content":[{"text":"one"}]},{"role":"assistant","content":[{"text":"two"}]},
                    {"role":"user","content":[{"image":{"format":"png"}},{"text":"last"}]}]}"#,
            ),
        ] {
            assert_eq!(of(format, body), said("last", 3, 1), "{format:?}");
        }
    }

    #[test]
    fn one_text_is_one_message() {
        for (format, body) in [
            (WireFormat::OpenAIResponses, r#"{"input":"a"}"#),
            (WireFormat::OpenAICompletions, r#"{"prompt":"a"}"#),
            (WireFormat::OpenAICompletions, r#"{"prompt":["a"]}"#),
            (WireFormat::OpenAIEmbeddings, r#"{"input":["a"]}"#),
            (
                WireFormat::GeminiGenerate,
                r#"{"contents":{"parts":{"text":"a"}}}"#,
            ),
        ] {
            assert_eq!(of(format, body), said("a", 1, 0), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_was_not_said() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"messages":null}"#,
            r#"{"messages":[1,[],{"role":7,"content":{}},{"role":"system","content":"s"}]}"#,
            r#"{"messages":"a","messages":"b"}"#,
        ] {
            assert_eq!(of(WireFormat::OpenAIChat, body).text, "", "{body}");
        }
    }

    #[test]
    fn of_a_long_message_both_ends_are_kept() {
        let long = format!("head{}tail", "ä".repeat(20_000));
        let body = serde_json::json!({"messages": [{"role": "user", "content": long}]}).to_string();
        let said = of(WireFormat::OpenAIChat, &body);
        assert_eq!(said.length, 20_008);
        assert!(said.text.starts_with("head") && said.text.ends_with("tail"));
        assert!(said.text.len() <= MOST + 8, "{}", said.text.len());
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_panic(body in ".{0,80}") {
            of(WireFormat::OpenAIChat, &body);
        }
    }
}
