//! What is said: text, reasoning, tool calls and their usage, before any format renders it.

use serde_json::{Value, json};

use crate::ask::{Ask, JsonShape, Tool, ToolChoice};
use crate::behaviour::{Behaviour, Cap, Say, Trouble};
use crate::judge;
use crate::pieces::Cutting;
use crate::schema;

const DEFAULT_WORDS: usize = 12;
const REFUSAL: &str = "I'm sorry, but I can't help with that request.";
const WORDS: [&str; 16] = [
    "rain", "falls", "on", "the", "quiet", "hills", "while", "a", "river", "carries", "small", "stones",
    "down", "to", "the", "sea",
];

/// An answer in no format yet.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) reasoning: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) cutting: Cutting,
    /// The text is one piece of a content that never ends.
    pub(crate) endless: bool,
}

/// A call of a tool. `arguments` is JSON text.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// Why the answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Finish {
    #[default]
    Stop,
    Length,
    ContentFilter,
    Refusal,
    ToolCalls,
    /// Calls that the request forced by name; OpenAI then says `stop`.
    NamedTool,
}

/// Tokens: `input` is fresh, `cached` comes on top of it; `output` includes `reasoning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

impl Answer {
    /// Decides what to say. Pure: the same request and behaviour always give the same answer.
    pub(crate) fn compose(ask: &Ask, behaviour: &Behaviour) -> Self {
        let mut answer = Self {
            cutting: Cutting {
                count: behaviour.chunks,
                bytes: behaviour.chunk_bytes,
            },
            endless: behaviour.endless,
            ..Self::default()
        };
        if behaviour.trouble != Trouble::EmptyDone {
            answer.speak(ask, behaviour);
        }
        answer.finish = match behaviour.cap {
            Some(Cap::Length) => Finish::Length,
            Some(Cap::ContentFilter) => Finish::ContentFilter,
            None => answer.finish,
        };
        answer.usage = answer.count(ask, behaviour);
        answer
    }

    fn speak(&mut self, ask: &Ask, behaviour: &Behaviour) {
        self.reasoning = words("Thinking about", &ask.model, behaviour.reasoning);
        if behaviour.say == Say::Refusal {
            REFUSAL.clone_into(&mut self.text);
            self.finish = Finish::Refusal;
            return;
        }
        self.calls = calls(ask, behaviour);
        if self.calls.is_empty() {
            (self.text, self.finish) = text(ask, behaviour);
        } else {
            self.finish = match ask.choice {
                ToolChoice::Named(_) => Finish::NamedTool,
                ToolChoice::Auto | ToolChoice::Any | ToolChoice::Never => Finish::ToolCalls,
            };
            if behaviour.tokens.is_some() || behaviour.bytes.is_some() {
                self.text = text(ask, behaviour).0;
            }
        }
    }

    fn count(&self, ask: &Ask, behaviour: &Behaviour) -> Usage {
        let reasoning = count_words(&self.reasoning);
        let calls: u64 = self
            .calls
            .iter()
            .map(|call| 8 + (call.arguments.len() as u64).div_ceil(4))
            .sum();
        Usage {
            input: ask.prompt_tokens,
            cached: behaviour.cached,
            output: count_words(&self.text) + reasoning + calls,
            reasoning,
        }
    }
}

/// The calls that the request forces or the behaviour wants; none directly after a tool's result.
fn calls(ask: &Ask, behaviour: &Behaviour) -> Vec<Call> {
    let usable: Vec<&Tool> = match &ask.choice {
        ToolChoice::Never => Vec::new(),
        ToolChoice::Named(name) => ask.tools.iter().filter(|tool| tool.name == *name).collect(),
        ToolChoice::Auto | ToolChoice::Any => ask.tools.iter().collect(),
    };
    let forced = usize::from(!matches!(ask.choice, ToolChoice::Auto));
    let wanted = if ask.after_tool {
        0
    } else {
        behaviour.tools.max(forced)
    };
    let call = |tool: &Tool| Call {
        name: tool.name.clone(),
        arguments: schema::arguments(&tool.schema),
    };
    usable.into_iter().cycle().take(wanted).map(call).collect()
}

fn text(ask: &Ask, behaviour: &Behaviour) -> (String, Finish) {
    let whole = match (behaviour.say, &ask.json) {
        (Say::Echo, _) => ask.last_user_text.clone(),
        (Say::BrokenJson, shape) => {
            let mut text = json_text(ask, shape.as_ref());
            text.pop();
            text
        }
        (Say::Json, shape) => json_text(ask, shape.as_ref()),
        (Say::Verdict(taste), _) => judge::verdict(ask, taste),
        (Say::Words | Say::Refusal, Some(shape)) => json_text(ask, Some(shape)),
        (Say::Words | Say::Refusal, None) => {
            let (mut text, finish) = spoken(ask, behaviour);
            text.extend(quality(ask, behaviour).map(judge::mark));
            return (text, finish);
        }
    };
    (whole, Finish::Stop)
}

/// How good the answer is to be taken for.
fn quality(ask: &Ask, behaviour: &Behaviour) -> Option<u8> {
    let code = behaviour
        .code_quality
        .filter(|_| ask.last_user_text.contains("```"));
    code.or(behaviour.quality)
}

/// Words in the length that the behaviour gives. Only a count of words is held to the request's `max_tokens`.
fn spoken(ask: &Ask, behaviour: &Behaviour) -> (String, Finish) {
    let piece = Cutting {
        count: None,
        bytes: behaviour.chunk_bytes,
    }
    .piece_bytes();
    let size = match (behaviour.bytes, behaviour.tokens, behaviour.chunks) {
        _ if behaviour.endless => Some(piece),
        (Some(bytes), _, _) => Some(bytes),
        (None, None, Some(chunks)) => {
            Some(chunks.saturating_mul(piece).min(crate::behaviour::MAX_TEXT_BYTES))
        }
        (None, _, _) => None,
    };
    if let Some(size) = size {
        return (sized(&ask.model, size), Finish::Stop);
    }
    let wanted = behaviour.tokens.unwrap_or(DEFAULT_WORDS);
    let said = wanted.min(ask.max_tokens.unwrap_or(usize::MAX));
    let finish = if said < wanted {
        Finish::Length
    } else {
        Finish::Stop
    };
    (words("Answer from", &ask.model, said), finish)
}

/// Exactly `count` words: `START MODEL: rain falls …`.
fn words(start: &str, model: &str, count: usize) -> String {
    let opening = start
        .split(' ')
        .map(str::to_owned)
        .chain([format!("{}:", model.replace(char::is_whitespace, "_"))]);
    let endless = opening.chain(WORDS.iter().map(|word| (*word).to_owned()).cycle());
    endless.take(count).collect::<Vec<_>>().join(" ")
}

/// Words of exactly `size` bytes.
fn sized(model: &str, size: usize) -> String {
    let mut text = words("Answer from", model, 3 + WORDS.len());
    let verse = format!(" {}", WORDS.join(" "));
    while text.len() < size {
        text.push_str(&verse);
    }
    let mut end = size;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.extend(std::iter::repeat_n('.', size - end));
    text
}

fn json_text(ask: &Ask, shape: Option<&JsonShape>) -> String {
    let value: Value = match shape {
        Some(JsonShape::Schema(schema)) => schema::sample(schema),
        Some(JsonShape::AnyObject) | None => json!({"answer": "yes", "model": ask.model, "number": 1}),
    };
    value.to_string()
}

fn count_words(text: &str) -> u64 {
    text.split_ascii_whitespace().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask() -> Ask {
        Ask {
            model: "m".to_owned(),
            prompt_tokens: 7,
            last_user_text: "Hi there".to_owned(),
            ..Ask::default()
        }
    }

    fn say(ask: &Ask, behaviour: &str) -> Answer {
        Answer::compose(ask, &behaviour.parse().expect(behaviour))
    }

    fn with_tools(choice: ToolChoice) -> Ask {
        let tool = |name: &str| Tool {
            name: name.to_owned(),
            schema: json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}),
        };
        Ask {
            tools: vec![tool("weather"), tool("time")],
            choice,
            ..ask()
        }
    }

    #[test]
    fn an_answer_says_how_good_it_is() {
        assert_eq!(
            say(&ask(), "tokens=3&quality=90").text,
            "Answer from m: (quality 90)"
        );
        let code = Ask {
            last_user_text: "```rust\n```".to_owned(),
            ..ask()
        };
        assert!(
            say(&code, "quality=90&code-quality=30")
                .text
                .ends_with(" (quality 30)")
        );
    }

    #[test]
    fn words_are_counted_and_always_the_same() {
        let answer = say(&ask(), "tokens=5");
        assert_eq!(answer.text, "Answer from m: rain falls");
        assert_eq!(
            answer.usage,
            Usage {
                input: 7,
                output: 5,
                ..Usage::default()
            }
        );
        assert_eq!(say(&ask(), "").usage.output, 12);
        assert_eq!(say(&ask(), "tokens=0").text, "");
    }

    #[test]
    fn sizes_are_exact() {
        for size in [0, 1, 9, 100, 2_048] {
            assert_eq!(say(&ask(), &format!("bytes={size}")).text.len(), size);
        }
        assert_eq!(say(&ask(), "chunks=64").text.len(), 256);
        assert_eq!(say(&ask(), "chunks=3&chunk-bytes=10").text.len(), 30);
        let umlaut = Ask {
            model: "mäh".to_owned(),
            ..ask()
        };
        assert_eq!(say(&umlaut, "bytes=14").text, "Answer from m.");
    }

    #[test]
    fn max_tokens_cuts_words_only() {
        let short = Ask {
            max_tokens: Some(3),
            ..ask()
        };
        let answer = say(&short, "tokens=5");
        assert_eq!(
            (answer.text.as_str(), answer.finish),
            ("Answer from m:", Finish::Length)
        );
        assert_eq!(say(&short, "bytes=50").finish, Finish::Stop);
    }

    #[test]
    fn special_answers() {
        assert_eq!(say(&ask(), "echo").text, "Hi there");
        assert_eq!(say(&ask(), "refusal").finish, Finish::Refusal);
        assert_eq!(say(&ask(), "finish=length").finish, Finish::Length);
        assert_eq!(say(&ask(), "fault=empty-done").usage.output, 0);
        assert!(serde_json::from_str::<Value>(&say(&ask(), "json").text).is_ok());
        assert!(serde_json::from_str::<Value>(&say(&ask(), "json=broken").text).is_err());
        let usage = say(&ask(), "tokens=5&reasoning=4&cached=100").usage;
        assert_eq!(
            usage,
            Usage {
                input: 7,
                cached: 100,
                output: 9,
                reasoning: 4
            }
        );
    }

    #[test]
    fn a_schema_shapes_the_text() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        let ask = Ask {
            json: Some(JsonShape::Schema(schema)),
            ..ask()
        };
        assert_eq!(say(&ask, "").text, r#"{"n":1}"#);
    }

    #[test]
    fn tools_are_called_when_forced_or_asked_for() {
        let names = |answer: Answer| answer.calls.into_iter().map(|call| call.name).collect::<Vec<_>>();
        assert!(names(say(&with_tools(ToolChoice::Auto), "")).is_empty());
        assert_eq!(
            names(say(&with_tools(ToolChoice::Auto), "tools=3")),
            ["weather", "time", "weather"]
        );
        assert_eq!(names(say(&with_tools(ToolChoice::Any), "")), ["weather"]);
        assert_eq!(
            names(say(&with_tools(ToolChoice::Named("time".to_owned())), "")),
            ["time"]
        );
        assert!(names(say(&with_tools(ToolChoice::Never), "tools=2")).is_empty());
        assert!(names(say(&ask(), "tools=2")).is_empty());
        let after = Ask {
            after_tool: true,
            ..with_tools(ToolChoice::Any)
        };
        assert_eq!(say(&after, "tools=2").finish, Finish::Stop);
    }

    #[test]
    fn calls_come_with_arguments_and_finish() {
        let answer = say(&with_tools(ToolChoice::Any), "");
        assert_eq!(answer.calls[0].arguments, r#"{"city":"sample"}"#);
        assert_eq!((answer.finish, answer.text.as_str()), (Finish::ToolCalls, ""));
        assert_eq!(
            say(&with_tools(ToolChoice::Any), "tokens=3").text,
            "Answer from m:"
        );
        assert_eq!(
            say(&with_tools(ToolChoice::Named("time".to_owned())), "").finish,
            Finish::NamedTool
        );
    }
}
