//! Proofs of reasoning that a target cannot read, taken out of a body that otherwise passes as it came: the target
//! would refuse the whole request. A client has them from another provider, by way of the gateway.

use std::ops::Range;

use memchr::memmem;
use serde_json::value::RawValue;

use super::object::{Kind, Object, Path, items};
use super::scan::{Next, Scan};
use super::splice::{Edit, span};
use super::{BadRequest, TargetShape, utf8};
use crate::chat::Dropped;
use crate::format::WireFormat;
use crate::vendor::ReasoningBack;

mod blocks;
mod members;
mod reasoning;
mod signatures;

const PROOFS: &str = "reasoning of earlier turns";

/// The edits that leave a body of the target's own format without such proofs.
pub(super) fn edits(
    body: &[u8],
    target: TargetShape<'_>,
    dropped: &mut Dropped,
) -> Result<Vec<Edit>, BadRequest> {
    let mut edits = Vec::new();
    let origin = target.origin();
    match target.format {
        WireFormat::AnthropicMessages | WireFormat::AnthropicTokens => {
            if blocks::marked(body) {
                blocks::edit(utf8(body)?, origin, &mut edits, dropped)?;
            }
        }
        WireFormat::OpenAIChat => {
            let refused = target.quirks.reasoning_back == ReasoningBack::Dropped;
            if refused && members::marked(body) {
                members::edit(utf8(body)?, origin, &mut edits, dropped)?;
            }
        }
        WireFormat::OpenAIResponses => {
            if reasoning::marked(body) {
                reasoning::edit(utf8(body)?, origin, &mut edits, dropped)?;
            }
        }
        WireFormat::GeminiGenerate => signatures::edit(body, &mut edits, dropped),
        WireFormat::OpenAICompletions | WireFormat::OpenAIEmbeddings | WireFormat::BedrockConverse => {}
    }
    Ok(edits)
}

/// The messages of a body.
fn messages(body: &str) -> Result<Vec<&RawValue>, BadRequest> {
    let mut members = Object::root(body, &Path::Root)?;
    Ok(members.list("messages")?.unwrap_or_default())
}

/// The items of a value; none where it is no list.
fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.filter(|raw| Kind::of(raw) == Kind::List)
        .and_then(|raw| items(raw, &Path::Root).ok())
        .unwrap_or_default()
}

/// Takes things out of a list or an object, with the commas that they leave behind.
fn take_out(things: &[Range<usize>], gone: &[bool], edits: &mut Vec<Edit>) {
    let first_kept = gone.iter().position(|gone| !gone);
    for (at, range) in things.iter().enumerate() {
        if !gone.get(at).is_some_and(|gone| *gone) {
            continue;
        }
        // Up to the first that stays the comma behind goes along, then the one before.
        let range = if first_kept.is_none_or(|kept| at < kept) {
            let next = things.get(at + 1).map_or(range.end, |next| next.start);
            range.start..next
        } else {
            let before = at.checked_sub(1).and_then(|before| things.get(before));
            before.map_or(range.start, |before| before.end)..range.end
        };
        edits.push(Edit {
            at: range,
            text: "".into(),
        });
    }
}

/// Where the items of a list are.
fn places(body: &str, items: &[&RawValue]) -> Vec<Range<usize>> {
    items.iter().map(|item| span(body, item)).collect()
}

/// The members of an object, as they are written: name, and where name and value are.
fn written<'a>(body: &str, object: &'a RawValue) -> Vec<(&'a [u8], Range<usize>)> {
    let start = span(body, object).start;
    let text = object.get().as_bytes();
    let offset = |part: &[u8]| start + part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let mut scan = Scan::new(text);
    let mut members = Vec::new();
    if !matches!(scan.next(), Next::Object) {
        return members;
    }
    while let Some(name) = scan.member() {
        let value = scan.skip();
        let from = offset(name.bytes).saturating_sub(1);
        members.push((name.bytes, from..offset(value) + value.len()));
    }
    members
}

/// Whether a member of this name (with its quotes) is an empty text anywhere.
fn has_empty(body: &[u8], name: &str) -> bool {
    memmem::find_iter(body, name.as_bytes()).any(|at| {
        let rest = body.get(at + name.len()..).unwrap_or_default();
        let value = rest.trim_ascii_start().strip_prefix(b":");
        value.is_some_and(|value| value.trim_ascii_start().starts_with(b"\"\""))
    })
}
