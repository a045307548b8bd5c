//! A streamed answer: typed events with numbers, and no `[DONE]`.

use std::iter;
use std::sync::Arc;

use serde_json::Value;

use super::echo::Echo;
use super::item::{Item, Kind};
use super::status;
use crate::answer::Answer;
use crate::frame::{Frame, FrameKind, Frames, json_string};
use crate::ids;
use crate::pieces::{Cutting, Pieces};

/// An event before it has its number. `members` are those between `type` and `sequence_number`.
struct Draft {
    kind: FrameKind,
    name: String,
    members: String,
}

impl Draft {
    fn new(kind: FrameKind, name: impl Into<String>, members: String) -> Self {
        Self {
            kind,
            name: name.into(),
            members,
        }
    }

    fn number(self, number: usize) -> Frame {
        Frame {
            kind: self.kind,
            bytes: event(&self.name, &self.members, number).into(),
        }
    }
}

/// One event.
pub(crate) fn event(name: &str, members: &str, number: usize) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{members},\"sequence_number\":{number}}}\n\n")
}

type Drafts = Box<dyn Iterator<Item = Draft> + Send>;

/// The events of an answer.
pub(crate) fn frames(answer: Answer, echo: &Echo) -> Frames {
    let response = format!("\"response\":{}", echo.started());
    let opening = ["response.created", "response.in_progress"]
        .map(|name| Draft::new(FrameKind::Plain, name, response.clone()));
    let (cutting, endless, usage) = (answer.cutting, answer.endless, answer.usage);
    let (status, incomplete) = status(answer.finish);
    let items: Vec<Arc<Item>> = Item::of(answer, echo.sealed).into_iter().map(Arc::new).collect();
    if endless {
        return Frames {
            events: numbered(
                opening
                    .into_iter()
                    .chain(items.into_iter().last().into_iter().flat_map(without_end)),
            ),
            content: None,
        };
    }
    let count = items
        .iter()
        .map(|item| cut(item, cutting).pieces(item.text.len()))
        .sum();
    let output = items.iter().map(|item| item.done()).collect();
    let response = echo.ended(status, incomplete, output, usage);
    let end = Draft::new(
        FrameKind::Terminal,
        format!("response.{status}"),
        format!("\"response\":{response}"),
    );
    let middle = items
        .into_iter()
        .enumerate()
        .flat_map(move |(index, item)| whole_item(&item, index, cutting));
    Frames {
        events: numbered(opening.into_iter().chain(middle).chain([end])),
        content: Some(count),
    }
}

fn numbered(drafts: impl Iterator<Item = Draft> + Send + 'static) -> Box<dyn Iterator<Item = Frame> + Send> {
    Box::new(drafts.enumerate().map(|(number, draft)| draft.number(number)))
}

/// Arguments are always cut as the model would.
fn cut(item: &Item, cutting: Cutting) -> Cutting {
    match item.kind {
        Kind::Call { .. } => Cutting::default(),
        Kind::Reasoning { .. } | Kind::Message | Kind::Refusal => cutting,
    }
}

/// How the events of an item are called and what they have in common.
struct Names {
    /// Events around the part that the text stands in.
    part: Option<&'static str>,
    text: &'static str,
    /// The member with the whole text.
    member: &'static str,
    /// The place inside the item.
    place: &'static str,
    logprobs: &'static str,
}

fn names(kind: &Kind) -> Names {
    let (content, summary) = (",\"content_index\":0", ",\"summary_index\":0");
    match kind {
        Kind::Reasoning { .. } => Names {
            part: Some("response.reasoning_summary_part"),
            text: "response.reasoning_summary_text",
            member: "text",
            place: summary,
            logprobs: "",
        },
        Kind::Message => Names {
            part: Some("response.content_part"),
            text: "response.output_text",
            member: "text",
            place: content,
            logprobs: ",\"logprobs\":[]",
        },
        Kind::Refusal => Names {
            part: Some("response.content_part"),
            text: "response.refusal",
            member: "refusal",
            place: content,
            logprobs: "",
        },
        Kind::Call { .. } => Names {
            part: None,
            text: "response.function_call_arguments",
            member: "arguments",
            place: "",
            logprobs: "",
        },
    }
}

/// Where an event of an item belongs.
fn place(item: &Item, index: usize) -> String {
    format!(
        "\"item_id\":\"{}\",\"output_index\":{index}{}",
        item.id,
        names(&item.kind).place
    )
}

fn item_event(end: &str, item: &Value, index: usize) -> Draft {
    let members = format!("\"item\":{item},\"output_index\":{index}");
    Draft::new(FrameKind::Plain, format!("response.output_item.{end}"), members)
}

fn part_event(end: &str, item: &Item, index: usize, text: &str) -> Option<Draft> {
    let name = names(&item.kind).part?;
    let members = format!("{},\"part\":{}", place(item, index), item.part(text));
    Some(Draft::new(FrameKind::Plain, format!("{name}.{end}"), members))
}

fn opening(item: &Item, index: usize) -> impl Iterator<Item = Draft> + use<> {
    iter::once(item_event("added", &item.opening(), index)).chain(part_event("added", item, index, ""))
}

fn delta(item: &Item, place: &str, piece: &str) -> Draft {
    let names = names(&item.kind);
    // Hides from who only sees sizes how long the text is.
    let noise = ids::random("", 16 - piece.len() % 16);
    let members = format!(
        "\"delta\":{},{place}{},\"obfuscation\":\"{noise}\"",
        json_string(piece),
        names.logprobs
    );
    Draft::new(FrameKind::Content, format!("{}.delta", names.text), members)
}

fn closing(item: &Item, index: usize) -> Vec<Draft> {
    let names = names(&item.kind);
    let members = format!(
        "{},\"{}\":{}{}",
        place(item, index),
        names.member,
        json_string(&item.text),
        names.logprobs
    );
    let done = Draft::new(FrameKind::Plain, format!("{}.done", names.text), members);
    iter::once(done)
        .chain(part_event("done", item, index, &item.text))
        .chain([item_event("done", &item.done(), index)])
        .collect()
}

fn whole_item(item: &Arc<Item>, index: usize, cutting: Cutting) -> Drafts {
    let mut pieces = Pieces::new(item.text.clone(), cut(item, cutting));
    let place = place(item, index);
    let same = Arc::clone(item);
    let deltas = iter::from_fn(move || pieces.next_piece().map(|piece| delta(&same, &place, piece)));
    let closing = iter::once_with({
        let item = Arc::clone(item);
        move || closing(&item, index)
    });
    Box::new(opening(item, index).chain(deltas).chain(closing.flatten()))
}

/// An item whose text is said again and again.
fn without_end(item: Arc<Item>) -> Drafts {
    let place = place(&item, 0);
    let start = opening(&item, 0);
    Box::new(start.chain(iter::repeat_with(move || delta(&item, &place, &item.text))))
}
