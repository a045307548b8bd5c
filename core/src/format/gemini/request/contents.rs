//! `systemInstruction` and `contents` into turns.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::calls::Calls;
use super::values::{object, one_or_more};
use crate::chat::proof::Proof;
use crate::chat::{Content, Dropped, Part, Role, ToolCall, Turn};
use crate::format::gemini::proof;
use crate::intake::{BadRequest, Kind, Object, Path, text};

mod media;
mod result;

/// Reads all turns.
pub(super) fn turns<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Turn<'a>>, BadRequest> {
    let mut reader = Reader {
        dropped,
        calls: Calls::default(),
    };
    let mut turns = Vec::new();
    if let Some(raw) = members.raw("systemInstruction") {
        let path = members.member("systemInstruction");
        let parts = if Kind::of(raw) == Kind::Text {
            vec![Part::plain(Content::Text(text(raw, &path)?))]
        } else {
            reader.parts(&mut object(raw, &path)?, &path)?
        };
        turns.push(Turn {
            role: Role::System,
            parts,
        });
    }
    let list = members.member("contents");
    let contents = members
        .raw("contents")
        .ok_or_else(|| members.missing("contents", "a list of contents"))?;
    for (index, raw) in one_or_more(contents, &list)?.into_iter().enumerate() {
        turns.push(reader.turn(raw, &list.item(index))?);
    }
    Ok(turns)
}

struct Reader<'a, 'd> {
    dropped: &'d mut Dropped,
    calls: Calls<'a>,
}

impl<'a> Reader<'a, '_> {
    fn turn(&mut self, raw: &'a RawValue, path: &Path<'_>) -> Result<Turn<'a>, BadRequest> {
        let mut content = object(raw, path)?;
        let role = match content.text("role")?.as_deref() {
            // `function`: of before.
            None | Some("" | "user" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => return Err(path.member("role").error("is unknown; send user or model")),
        };
        let parts = self.parts(&mut content, path)?;
        for name in content.leftover() {
            self.dropped.note(format!("contents[].{name}"));
        }
        Ok(Turn { role, parts })
    }

    fn parts(&mut self, content: &mut Object<'a, '_>, path: &Path<'_>) -> Result<Vec<Part<'a>>, BadRequest> {
        let list = path.member("parts");
        let raw = content.raw("parts");
        let items = raw.map(|raw| one_or_more(raw, &list)).transpose()?;
        let mut parts = Vec::new();
        for (index, raw) in items.unwrap_or_default().into_iter().enumerate() {
            self.part(raw, &list.item(index), &mut parts)?;
        }
        Ok(parts)
    }

    fn part(
        &mut self,
        raw: &'a RawValue,
        path: &Path<'_>,
        parts: &mut Vec<Part<'a>>,
    ) -> Result<(), BadRequest> {
        if Kind::of(raw) == Kind::Text {
            parts.push(Part::plain(Content::Text(text(raw, path)?)));
            return Ok(());
        }
        let mut part = object(raw, path)?;
        let thought = part.flag("thought")?.unwrap_or(false);
        let signature = part
            .text("thoughtSignature")?
            .filter(|signature| !signature.is_empty());
        let proof = signature.map(proof::read);
        let said = part.text("text")?;
        let (call_path, result_path) = (path.member("functionCall"), path.member("functionResponse"));
        if thought {
            think(said, proof, parts);
        } else if let Some(call) = part.raw("functionCall") {
            parts.extend(proof.map(of_what_follows));
            let call = self.call(call, &call_path)?;
            parts.push(Part::plain(Content::ToolCall(call)));
        } else {
            if let Some(result) = part.raw("functionResponse") {
                let result = self.result(result, &result_path)?;
                parts.push(Part::plain(Content::ToolResult(result)));
            }
            let said = said.filter(|text| !text.is_empty());
            parts.extend(said.map(|text| Part::plain(Content::Text(text))));
            parts.extend(media::read(&mut part, path, self.dropped)?.map(Part::plain));
            parts.extend(proof.map(of_what_follows));
        }
        for name in part.leftover() {
            self.dropped.note(format!("contents[].parts[].{name}"));
        }
        Ok(())
    }

    fn call(&mut self, raw: &'a RawValue, path: &Path<'_>) -> Result<ToolCall<'a>, BadRequest> {
        let mut call = object(raw, path)?;
        let name = call
            .text("name")?
            .ok_or_else(|| call.missing("name", "the function's name"))?;
        let arguments = match call.raw("args") {
            Some(raw) if Kind::of(raw) == Kind::Object => raw.get(),
            Some(raw) => return Err(path.member("args").mismatch(raw, "an object")),
            None => "{}",
        };
        let id = call.text("id")?.filter(|id| !id.is_empty());
        Ok(ToolCall {
            id: self.calls.call(&name, id),
            name,
            arguments: Cow::Borrowed(arguments),
        })
    }
}

/// Without a text: of the next call, else of the text before.
fn of_what_follows(proof: Proof<'_>) -> Part<'_> {
    Part::plain(Content::Reasoning {
        text: Cow::Borrowed(""),
        proof: Some(proof),
    })
}

/// A thought. A proof without a text is of the thought before, or is encrypted reasoning: see
/// [`Parts`](crate::format::gemini::parts::Parts).
fn think<'a>(text: Option<Cow<'a, str>>, proof: Option<Proof<'a>>, parts: &mut Vec<Part<'a>>) {
    let empty = text.as_deref().unwrap_or_default().is_empty();
    if let (true, Some(proof)) = (empty, &proof)
        && let Some(Part {
            content:
                Content::Reasoning {
                    proof: unproven @ None,
                    ..
                },
            ..
        }) = parts.last_mut()
    {
        *unproven = Some(proof.clone());
        return;
    }
    let content = match (text, proof) {
        (None, Some(proof)) => Content::RedactedReasoning(proof),
        (None, None) => return,
        (Some(_), None) if empty => return,
        (Some(text), proof) => Content::Reasoning { text, proof },
    };
    parts.push(Part::plain(content));
}
