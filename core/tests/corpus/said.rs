//! What an answer says, in the oracle's own words.

use std::collections::BTreeMap;

use serde_json::Value;
use wayleave_core::event::Finish;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::relay::Tally;

use crate::exchange::Exchange;
use crate::oracle;

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) choices: BTreeMap<u64, Choice>,
    pub(crate) usage: Option<Usage>,
    pub(crate) model: String,
    pub(crate) ended: bool,
    pub(crate) error: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) refusal: String,
    pub(crate) signatures: Vec<String>,
    pub(crate) calls: Vec<Call>,
    /// In OpenAI's words, and "refusal", "pause", "context".
    pub(crate) finish: Option<String>,
    pub(crate) stop_sequence: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    /// What tells it apart in a stream.
    pub(crate) index: Option<u64>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
    pub(crate) reasoning: u64,
}

impl Said {
    /// What a recorded answer says.
    pub(crate) fn of_exchange(exchange: &Exchange) -> Self {
        let framing = if exchange.stream {
            Framing::Sse
        } else {
            Framing::Whole
        };
        oracle::read(exchange.format, framing, &exchange.body, &exchange.provider)
    }

    /// What the gateway told a client.
    pub(crate) fn of_client(format: WireFormat, framing: Framing, bytes: &[u8]) -> Self {
        oracle::read(format, framing, bytes, "us")
    }

    /// What of this a client of another format can be told, and how it shows there.
    pub(crate) fn for_client(mut self, format: WireFormat) -> Self {
        if format == WireFormat::AnthropicMessages {
            self.choices.retain(|index, _| *index == 0);
            // Usage has to stand in every Anthropic answer.
            self.usage.get_or_insert_default();
        }
        for choice in self.choices.values_mut() {
            choice.show_in(format);
        }
        self.ended = true;
        self
    }
}

impl Choice {
    fn show_in(&mut self, to: WireFormat) {
        let calls = !self.calls.is_empty();
        let finish = self
            .finish
            .take()
            .unwrap_or_else(|| String::from(if calls { "tool_calls" } else { "stop" }));
        self.finish = Some(match (to, finish.as_str()) {
            (WireFormat::AnthropicMessages, "content_filter") => String::from("refusal"),
            (WireFormat::OpenAIChat, "refusal") if self.refusal.is_empty() => String::from("content_filter"),
            (WireFormat::OpenAIChat, "pause") => String::from("stop"),
            (WireFormat::OpenAIChat, "context") => String::from("length"),
            _ => finish,
        });
        if to == WireFormat::AnthropicMessages {
            self.text.push_str(&std::mem::take(&mut self.refusal));
        } else {
            self.stop_sequence = None;
        }
        for call in &mut self.calls {
            call.index = None;
            call.arguments = arguments(&call.arguments);
            if call.id.is_empty() {
                call.id = String::from("made up");
            }
        }
    }
}

/// Arguments as parsed JSON, written again; none are an empty object.
pub(crate) fn arguments(text: &str) -> String {
    let text = if text.trim().is_empty() { "{}" } else { text };
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}

/// The part of an answer that a tally holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Tallied {
    text: String,
    refused: bool,
    whole_calls: u32,
    characters: u64,
    finish: Option<String>,
    usage: Option<Usage>,
    model: String,
}

pub(crate) fn of_tally(tally: &Tally) -> Tallied {
    let finish = tally.finish.map(|finish| match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
        Finish::Refusal => "refusal",
        Finish::Pause => "pause",
        Finish::ContextWindow => "context",
    });
    let usage = tally.report.map(|report| Usage {
        input: report.usage.input_total(),
        cache_read: report.usage.cache_read,
        cache_write: report.usage.cache_write_5m + report.usage.cache_write_1h,
        output: report.usage.output,
        reasoning: report.usage.reasoning,
    });
    Tallied {
        text: tally.text.clone(),
        refused: tally.refused,
        whole_calls: tally.whole_tool_calls,
        characters: tally.characters,
        finish: finish.map(str::to_owned),
        usage,
        model: tally.model.clone().unwrap_or_default(),
    }
}

pub(crate) fn for_tally(said: &Said) -> Tallied {
    let first = said.choices.get(&0).cloned().unwrap_or_default();
    let all = || said.choices.values();
    let calls = || all().flat_map(|choice| choice.calls.iter().map(move |call| (choice, call)));
    let whole = |(choice, call): &(&Choice, &Call)| {
        let cut_off = choice.finish.as_deref() == Some("length");
        (!cut_off || !call.arguments.is_empty())
            && serde_json::from_str::<Value>(&arguments(&call.arguments)).is_ok()
    };
    let refused = |choice: &Choice| !choice.refusal.is_empty() || choice.finish.as_deref() == Some("refusal");
    let texts = all().flat_map(|choice| [&choice.text, &choice.reasoning, &choice.refusal]);
    let texts = texts.chain(calls().map(|(_, call)| &call.arguments));
    Tallied {
        text: first.text.clone(),
        refused: all().any(refused),
        whole_calls: u32::try_from(calls().filter(whole).count()).expect("few"),
        characters: texts
            .map(|text| u64::try_from(text.chars().count()).expect("few"))
            .sum(),
        finish: if said.ended { first.finish } else { None },
        usage: said.usage,
        model: said.model.clone(),
    }
}
