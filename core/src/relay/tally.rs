//! Keeps the tally of an answer from its events.

use std::collections::BTreeMap;

use super::{Keep, TotalCost};
use crate::event::{Event, Fault, Finish};
use crate::format::scan::JsonScan;
use crate::money::Ticks;
use crate::usage::Report;

/// The most bytes of an answer that are kept to count tokens by.
const MAX_SAMPLE: usize = 2048;

/// What an answer has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Events seen, comments and keep-alives not counted.
    pub events: u32,
    /// Characters of text, reasoning, refusal and tool arguments.
    pub characters: u64,
    /// The beginning of what the characters are counted of, to count tokens by.
    pub sample: String,
    /// Whether real output came: text, reasoning, a refusal, a tool call's arguments (or a whole call without any),
    /// or what no other format has words for (audio, a server's tool).
    pub content: bool,
    /// Tool calls whose arguments are whole.
    pub whole_tool_calls: u32,
    /// Whether the model refused.
    pub refused: bool,
    /// How the first choice ended. Known at the end of the answer, as some providers change their mind.
    pub finish: Option<Finish>,
    /// How the choices ended, each way once.
    pub finishes: Vec<Finish>,
    /// Tool calls that began.
    pub tool_calls: u32,
    /// The last usage that the provider told.
    pub report: Option<Report>,
    /// The model that the provider says it serves.
    pub model: Option<String>,
    /// The first error inside the answer.
    pub fault: Option<Fault>,
    /// Whether the provider said that this was all. A stream that ends without `[DONE]` after every choice has told its
    /// reason counts as well, from [`Relay::finish`](super::Relay::finish) on.
    pub ended: bool,
    /// What is kept of the first choice, where [`RelayOptions::keep`](super::RelayOptions::keep) asks.
    pub text: String,
}

impl Tally {
    /// The call's total cost so far, if usage was told.
    pub(super) fn total(&self, cost: TotalCost<'_>) -> Option<Ticks> {
        self.report
            .as_ref()
            .and_then(|report| cost(report, self.model.as_deref()))
    }
}

#[derive(Debug)]
pub(super) struct Observer {
    pub(super) tally: Tally,
    /// The most bytes of text to keep; 0 keeps none.
    keep: usize,
    /// Whether calls of tools are kept too.
    keep_calls: bool,
    /// By choice and slot. The readers bound both.
    calls: BTreeMap<(u32, u32), JsonScan>,
}

impl Observer {
    pub(super) fn new(keep: Keep) -> Self {
        let (most, keep_calls) = match keep {
            Keep::Nothing => (0, false),
            Keep::Text(most) => (most, false),
            Keep::Transcript(most) => (most, true),
        };
        Self {
            tally: Tally::default(),
            keep: most,
            keep_calls,
            calls: BTreeMap::new(),
        }
    }

    /// Takes note of an event.
    pub(super) fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => {
                if self.tally.model.is_none() && !start.model.is_empty() {
                    self.tally.model = Some(start.model.to_string());
                }
            }
            Event::Text { choice, text } => {
                self.said(text);
                if *choice == 0 {
                    self.keep(text);
                }
            }
            Event::Reasoning { text, .. } => self.said(text),
            Event::Refusal { choice, text } => {
                self.said(text);
                if *choice == 0 && self.keep_calls {
                    self.keep(text);
                }
                self.tally.refused = true;
            }
            Event::RedactedReasoning { .. } | Event::Opaque { .. } => self.tally.content = true,
            Event::ReasoningSignature { .. } | Event::Citation { .. } | Event::Logprobs { .. } => {}
            Event::ToolCall {
                choice, slot, name, ..
            } => {
                self.tally.tool_calls += 1;
                if *choice == 0 && self.keep_calls {
                    self.keep(&format!("\n[calls the tool {name} with] "));
                }
                self.calls.insert((*choice, *slot), JsonScan::default());
            }
            Event::ToolArguments { choice, slot, json } => {
                if *choice == 0 && self.keep_calls {
                    self.keep(json);
                }
                self.argued((*choice, *slot), json);
            }
            Event::Finish { choice, reason, .. } => self.finished(*choice, *reason),
            Event::Usage(report) => self.tally.report = Some(*report),
            Event::Error(fault) => self.fault(fault.clone()),
            Event::End => {
                self.settle(|_| true);
                self.tally.ended = true;
            }
        }
    }

    /// Takes note of an error. The first one counts, and none after the end: the client has all of the answer.
    pub(super) fn fault(&mut self, fault: Fault) {
        if !self.tally.ended {
            self.tally.fault.get_or_insert(fault);
        }
    }

    fn said(&mut self, text: &str) {
        let room = MAX_SAMPLE.saturating_sub(self.tally.sample.len());
        if room > 0 {
            let fitting = (0..=room.min(text.len())).rev().find_map(|end| text.get(..end));
            self.tally.sample.push_str(fitting.unwrap_or_default());
        }
        self.tally.characters += u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.tally.content |= !text.is_empty();
    }

    fn keep(&mut self, text: &str) {
        if self.keep == 0 {
            return;
        }
        let room = self.keep.saturating_sub(self.tally.text.len()).min(text.len());
        let fitting = (0..=room)
            .rev()
            .find_map(|end| text.get(..end))
            .unwrap_or_default();
        self.tally.text.push_str(fitting);
        if fitting.len() < text.len() {
            self.keep = 0;
        }
    }

    fn argued(&mut self, call: (u32, u32), json: &str) {
        self.said(json);
        if let Some(scan) = self.calls.get_mut(&call) {
            let before = scan.whole();
            scan.push(json);
            self.tally.whole_tool_calls += u32::from(!before && scan.whole());
        }
    }

    fn finished(&mut self, choice: u32, reason: Finish) {
        self.tally.refused |= reason == Finish::Refusal;
        if !self.tally.finishes.contains(&reason) {
            self.tally.finishes.push(reason);
        }
        if choice == 0 {
            self.tally.finish.get_or_insert(reason);
        }
        if matches!(reason, Finish::Length | Finish::ContextWindow) {
            // A call without arguments may have been about to get some.
            self.calls.retain(|call, _| call.0 != choice);
        } else {
            self.settle(|of| of == choice);
        }
    }

    /// The calls of a choice that ended: those without arguments are whole as well.
    fn settle(&mut self, ended: impl Fn(u32) -> bool) {
        let tally = &mut self.tally;
        self.calls.retain(|call, scan| {
            if ended(call.0) && !scan.begun() {
                tally.whole_tool_calls += 1;
                tally.content = true;
            }
            !ended(call.0)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_text_up_to_a_whole_character() {
        let mut observer = Observer::new(Keep::Text(4));
        for text in ["aü", "ü", "b"] {
            observer.observe(&Event::Text {
                choice: 0,
                text: text.into(),
            });
        }
        observer.observe(&Event::Text {
            choice: 1,
            text: "z".into(),
        });
        assert_eq!(
            (observer.tally.text.as_str(), observer.tally.characters),
            ("aü", 5)
        );
    }

    #[test]
    fn a_transcript_has_the_tools_that_are_called() {
        let mut observer = Observer::new(Keep::Transcript(200));
        let events = [
            Event::Text {
                choice: 0,
                text: "Let me see.".into(),
            },
            Event::ToolCall {
                choice: 0,
                slot: 0,
                id: "i".into(),
                name: "weather".into(),
            },
            Event::ToolArguments {
                choice: 0,
                slot: 0,
                json: r#"{"city":"Bern"}"#.into(),
            },
        ];
        for event in &events {
            observer.observe(event);
        }
        let expected = "Let me see.\n[calls the tool weather with] {\"city\":\"Bern\"}";
        assert_eq!(observer.tally.text, expected);
    }

    #[test]
    fn a_call_is_whole_by_its_brackets_or_at_the_end() {
        let mut observer = Observer::new(Keep::Nothing);
        for slot in [0, 1] {
            observer.observe(&Event::ToolCall {
                choice: 0,
                slot,
                id: "i".into(),
                name: "n".into(),
            });
        }
        assert!(!observer.tally.content, "a call's head is no content yet");
        observer.observe(&Event::ToolArguments {
            choice: 0,
            slot: 0,
            json: "{\"a\":{".into(),
        });
        assert_eq!(
            (observer.tally.whole_tool_calls, observer.tally.content),
            (0, true)
        );
        observer.observe(&Event::ToolArguments {
            choice: 0,
            slot: 0,
            json: "}}".into(),
        });
        assert_eq!(observer.tally.whole_tool_calls, 1);
        observer.observe(&Event::Finish {
            choice: 0,
            reason: Finish::ToolCalls,
            stop_sequence: None,
        });
        observer.observe(&Event::End);
        assert_eq!(observer.tally.whole_tool_calls, 2);
    }

    #[test]
    fn a_call_that_hits_the_limit_is_not_whole() {
        let mut observer = Observer::new(Keep::Nothing);
        observer.observe(&Event::ToolCall {
            choice: 0,
            slot: 0,
            id: "i".into(),
            name: "n".into(),
        });
        observer.observe(&Event::Finish {
            choice: 0,
            reason: Finish::Length,
            stop_sequence: None,
        });
        observer.observe(&Event::End);
        assert_eq!(
            (observer.tally.whole_tool_calls, observer.tally.content),
            (0, false)
        );
    }
}
