//! Reads the items of an answer. Everything is told several times: in deltas, at the end of a part, at the end of its
//! item and at the end of the answer. Deltas count, and the end of the item for what came in none.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::{Action, Annotation, Item, ItemHead, Logprob, characters};
use crate::chat::proof::{Origin, Proof};
use crate::client_error::malformed;
use crate::event::Event;
use crate::format::lenient::json_text;
use crate::format::openai_chat::fnv;
use crate::format::reading::{NotAnAnswer, Sink};
use crate::format::scan::JsonScan;

/// The most items of one answer that are open at once, and the most calls. More is no answer.
const MAX_OPEN: usize = 256;
const MAX_CALLS: u32 = 1024;

/// The items so far.
#[derive(Debug)]
pub(super) struct Items {
    origin: Origin,
    /// Of the answer's id: what made-up ids of calls are made of.
    pub(super) seed: u64,
    open: BTreeMap<u64, Open>,
    calls: u32,
    /// Characters of text.
    characters: u32,
    refused: bool,
    any: bool,
    searches: u64,
}

/// An item that is open.
#[derive(Debug)]
enum Open {
    Message(Message),
    Reasoning {
        /// Whether any of its text was told.
        told: bool,
    },
    Call {
        slot: u32,
        scan: JsonScan,
    },
    /// Of a tool that the provider runs, and what is newer than this.
    Other,
}

/// What can be told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Text,
    Refusal,
    Logprobs,
    Citations,
}

/// A message that is open.
#[derive(Debug, Default)]
struct Message {
    /// What was told of it.
    told: BTreeSet<Told>,
    /// Where it begins, in characters of the choice's text.
    start: u32,
    /// The last part with text, and where it begins.
    part: Option<(u64, u32)>,
}

impl Items {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            seed: 0,
            open: BTreeMap::new(),
            calls: 0,
            characters: 0,
            refused: false,
            any: false,
            searches: 0,
        }
    }

    /// Whether functions are called.
    pub(super) const fn calls(&self) -> bool {
        self.calls > 0
    }

    /// Whether a refusal was told.
    pub(super) const fn refused(&self) -> bool {
        self.refused
    }

    /// Whether any item was told.
    pub(super) const fn any(&self) -> bool {
        self.any
    }

    /// The searches of the web that the provider ran.
    pub(super) const fn searches(&self) -> u64 {
        self.searches
    }

    /// An item begins.
    pub(super) fn open(&mut self, index: u64, raw: &RawValue, sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        let head: ItemHead<'_> = read(raw)?;
        self.any = true;
        let item = match head.kind.as_str() {
            "message" => Open::Message(Message {
                start: self.characters,
                ..Message::default()
            }),
            "reasoning" => Open::Reasoning { told: false },
            "function_call" => {
                self.call(index, &read(raw)?, sink);
                return Ok(());
            }
            _ => {
                sink(Event::Opaque { choice: 0 });
                Open::Other
            }
        };
        self.insert(index, item, sink);
        Ok(())
    }

    /// An item is whole.
    pub(super) fn close(&mut self, index: u64, raw: &RawValue, sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        if !self.open.contains_key(&index) {
            self.open(index, raw, sink)?;
        }
        let Some(open) = self.open.remove(&index) else {
            return Ok(());
        };
        match open {
            Open::Message(message) => self.message(&message, read(raw)?, sink),
            Open::Reasoning { told } => self.reasoning(told, read(raw)?, sink),
            Open::Call { slot, scan } => {
                let item: Item<'_> = read(raw)?;
                argue(slot, scan, item.arguments, sink);
            }
            Open::Other => {
                let head: ItemHead<'_> = read(raw)?;
                let action = head
                    .action
                    .and_then(|action| serde_json::from_str::<Action<'_>>(action.get()).ok());
                let searches = action.is_none_or(|action| matches!(action.kind.as_str(), "search" | ""));
                self.searches += u64::from(head.kind.as_str() == "web_search_call" && searches);
            }
        }
        Ok(())
    }

    /// A piece of text.
    pub(super) fn text(
        &mut self,
        (index, part): (u64, u64),
        text: Cow<'_, str>,
        logprobs: &[Logprob<'_>],
        sink: Sink<'_>,
    ) {
        self.any = true;
        let at = self.characters;
        if let Some(Open::Message(message)) = self.open.get_mut(&index) {
            let told = [
                (!text.is_empty()).then_some(Told::Text),
                (!logprobs.is_empty()).then_some(Told::Logprobs),
            ];
            message.told.extend(told.into_iter().flatten());
            if message.part.is_none_or(|(known, _)| known != part) {
                message.part = Some((part, at));
            }
        }
        self.say(text, logprobs, sink);
    }

    /// A piece of a refusal.
    pub(super) fn refuse(&mut self, index: u64, text: Cow<'_, str>, sink: Sink<'_>) {
        if text.is_empty() {
            return;
        }
        self.any = true;
        self.refused = true;
        if let Some(Open::Message(message)) = self.open.get_mut(&index) {
            message.told.insert(Told::Refusal);
        }
        sink(Event::Refusal { choice: 0, text });
    }

    /// A piece of reasoning.
    pub(super) fn think(&mut self, index: u64, text: Cow<'_, str>, sink: Sink<'_>) {
        self.any = true;
        if let Some(Open::Reasoning { told }) = self.open.get_mut(&index) {
            *told |= !text.is_empty();
        }
        reasoned(text, sink);
    }

    /// What a text leans on.
    pub(super) fn cite(&mut self, index: u64, annotation: &Annotation<'_>, sink: Sink<'_>) {
        let mut base = 0;
        if let Some(Open::Message(message)) = self.open.get_mut(&index) {
            message.told.insert(Told::Citations);
            base = message.part.map_or(message.start, |(_, base)| base);
        }
        cite(annotation, base, sink);
    }

    /// A piece of a call's arguments. What repeats arguments that were whole is left out.
    pub(super) fn argue(&mut self, index: u64, json: Cow<'_, str>, sink: Sink<'_>) {
        if let Some(Open::Call { slot, scan }) = self.open.get_mut(&index)
            && !json.is_empty()
            && !scan.whole()
        {
            scan.push(&json);
            let slot = *slot;
            sink(Event::ToolArguments {
                choice: 0,
                slot,
                json,
            });
        }
    }

    /// All arguments of a call.
    pub(super) fn argued(&mut self, index: u64, arguments: Option<&RawValue>, sink: Sink<'_>) {
        if let Some(Open::Call { slot, scan }) = self.open.get_mut(&index)
            && let Some(json) = argue(*slot, *scan, arguments, sink)
        {
            scan.push(&json);
        }
    }

    fn insert(&mut self, index: u64, item: Open, sink: Sink<'_>) {
        if self.open.len() >= MAX_OPEN {
            return sink(Event::Error(malformed(
                "the provider opens too many items at once",
            )));
        }
        self.open.insert(index, item);
    }

    fn call(&mut self, index: u64, item: &Item<'_>, sink: Sink<'_>) {
        if self.calls >= MAX_CALLS {
            return sink(Event::Error(malformed(
                "the provider calls too many tools at once",
            )));
        }
        let slot = self.calls;
        self.calls += 1;
        let ids = [item.call_id.as_str(), item.id.as_str()];
        let id = match ids.into_iter().find(|id| !id.is_empty()) {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(format!("call_{:016x}", fnv(self.seed, &slot.to_be_bytes()))),
        };
        sink(Event::ToolCall {
            choice: 0,
            slot,
            id,
            name: Cow::Borrowed(item.name.as_str()),
        });
        let scan = JsonScan::default();
        self.insert(index, Open::Call { slot, scan }, sink);
    }

    fn say(&mut self, text: Cow<'_, str>, logprobs: &[Logprob<'_>], sink: Sink<'_>) {
        if !logprobs.is_empty() {
            let tokens = logprobs.iter().map(Logprob::token).collect();
            sink(Event::Logprobs { choice: 0, tokens });
        }
        if !text.is_empty() {
            self.characters = self.characters.saturating_add(characters(&text));
            sink(Event::Text { choice: 0, text });
        }
    }

    /// Tells of a whole message what was not told yet.
    fn message(&mut self, message: &Message, item: Item<'_>, sink: Sink<'_>) {
        let told = |what| message.told.contains(&what);
        let mut base = message.start;
        for part in item.content.0 {
            let length = part.characters();
            let logprobs = if told(Told::Logprobs) {
                &[][..]
            } else {
                &part.logprobs.0
            };
            let text = if told(Told::Text) {
                Cow::Borrowed("")
            } else {
                part.text.0
            };
            self.say(text, logprobs, sink);
            if !told(Told::Refusal) && !part.refusal.is_empty() {
                self.refused = true;
                sink(Event::Refusal {
                    choice: 0,
                    text: part.refusal.0,
                });
            }
            if !told(Told::Citations) {
                for annotation in &part.annotations.0 {
                    cite(annotation, base, sink);
                }
            }
            base = base.saturating_add(length);
        }
    }

    /// The proof at the end of the item counts: OpenAI sends another one at its beginning, and one more at the end of
    /// the answer.
    fn reasoning(&self, told: bool, item: Item<'_>, sink: Sink<'_>) {
        let mut any = told;
        if !told {
            for part in item.summary.0.into_iter().chain(item.content.0) {
                any |= !part.text.is_empty();
                reasoned(part.text.0, sink);
            }
        }
        if item.encrypted_content.is_empty() {
            return;
        }
        let origin = Origin::of_detail(item.format.as_str()).unwrap_or(self.origin);
        let proof = Proof::new(origin, item.encrypted_content.0);
        // What Gemini proves is what is beside it, with or without text.
        sink(if any || origin == Origin::Google {
            Event::ReasoningSignature { choice: 0, proof }
        } else {
            Event::RedactedReasoning { choice: 0, proof }
        });
    }
}

/// Tells all arguments of a call, unless some came. Gives what it told.
fn argue<'a>(
    slot: u32,
    scan: JsonScan,
    arguments: Option<&'a RawValue>,
    sink: Sink<'_>,
) -> Option<Cow<'a, str>> {
    let json = arguments
        .map(json_text)
        .filter(|json| !scan.begun() && !json.is_empty())?;
    sink(Event::ToolArguments {
        choice: 0,
        slot,
        json: json.clone(),
    });
    Some(json)
}

fn reasoned(text: Cow<'_, str>, sink: Sink<'_>) {
    if !text.is_empty() {
        sink(Event::Reasoning { choice: 0, text });
    }
}

fn cite(annotation: &Annotation<'_>, base: u32, sink: Sink<'_>) {
    if let Some(citation) = annotation.citation(base) {
        sink(Event::Citation {
            choice: 0,
            citation: Box::new(citation),
        });
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, NotAnAnswer> {
    serde_json::from_str(raw.get()).map_err(|_| NotAnAnswer)
}
