//! `instructions` and `input`: a text, or items that become turns. What the model made between two messages of others is
//! one turn.

use serde_json::value::RawValue;

use super::content;
use crate::chat::proof::{Origin, Proof};
use crate::chat::{Content, Dropped, Part, Role, ToolResult, Turn};
use crate::format::openai_chat::request::tool_call;
use crate::intake::{BadRequest, Kind, Object, Path, text};

/// Reads both.
pub(super) fn read<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Turn<'a>>, BadRequest> {
    let mut turns = Turns::default();
    // Those of a stored prompt may be a list, in answers.
    if let Some(instructions) = members.text("instructions")? {
        turns.begin(Role::System, [Content::Text(instructions)]);
    }
    let path = members.member("input");
    let input = members
        .raw("input")
        .ok_or_else(|| members.missing("input", "a text or a list of items"))?;
    if Kind::of(input) == Kind::Text {
        turns.begin(Role::User, [Content::Text(text(input, &path)?)]);
        return Ok(turns.0);
    }
    for (index, raw) in crate::intake::items(input, &path)?.into_iter().enumerate() {
        item(raw, &path.item(index), &mut turns, dropped)?;
    }
    Ok(turns.0)
}

#[derive(Default)]
struct Turns<'a>(Vec<Turn<'a>>);

impl<'a> Turns<'a> {
    fn begin(&mut self, role: Role, contents: impl IntoIterator<Item = Content<'a>>) {
        let parts = contents.into_iter().map(Part::plain).collect();
        self.0.push(Turn { role, parts });
    }

    /// Goes on with the model's turn, or begins it.
    fn model(&mut self, contents: impl IntoIterator<Item = Content<'a>>) {
        match self.0.last_mut() {
            Some(last) if last.role == Role::Assistant => {
                last.parts.extend(contents.into_iter().map(Part::plain));
            }
            Some(_) | None => self.begin(Role::Assistant, contents),
        }
    }

    /// Results of calls that were made at once are one turn.
    fn result(&mut self, result: ToolResult<'a>) {
        let result = Content::ToolResult(result);
        let is_result = |part: &Part<'_>| matches!(part.content, Content::ToolResult(_));
        match self.0.last_mut() {
            Some(last) if last.role == Role::User && last.parts.iter().all(is_result) => {
                last.parts.push(Part::plain(result));
            }
            Some(_) | None => self.begin(Role::User, [result]),
        }
    }
}

fn item<'a>(
    raw: &'a RawValue,
    path: &Path<'_>,
    turns: &mut Turns<'a>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let mut item = Object::read(raw, path)?;
    let kind = item.text("type")?;
    match kind.as_deref() {
        None | Some("message") => message(&mut item, path, turns, dropped)?,
        Some("function_call") => {
            let id = item.text("call_id")?;
            let id = id.ok_or_else(|| item.missing("call_id", "the id of the call"))?;
            turns.model([Content::ToolCall(tool_call(&mut item, id)?)]);
        }
        Some("function_call_output") => {
            let id = item.text("call_id")?;
            let id = id.ok_or_else(|| item.missing("call_id", "the id of the call that this answers"))?;
            let output = item
                .raw("output")
                .ok_or_else(|| item.missing("output", "text or a list of parts"))?;
            turns.result(ToolResult {
                id,
                parts: content::read(output, &path.member("output"), dropped)?,
                is_error: false,
            });
        }
        Some("reasoning") => match reasoning(&mut item, path)? {
            Some(content) => turns.model([content]),
            None => dropped.note("reasoning of earlier turns"),
        },
        // Tools that the provider ran, calls without a JSON schema, and what is newer than this.
        Some(kind) => {
            dropped.note(format!("input[].{kind}"));
            return Ok(());
        }
    }
    // What an answer had, and who sends it back leaves there.
    for name in ["id", "status"] {
        item.raw(name);
    }
    for name in item.leftover() {
        dropped.note(format!("input[].{name}"));
    }
    Ok(())
}

fn message<'a>(
    item: &mut Object<'a, '_>,
    path: &Path<'_>,
    turns: &mut Turns<'a>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let role = item.text("role")?;
    let role = role.ok_or_else(|| item.missing("role", "system, developer, user or assistant"))?;
    let content = item
        .raw("content")
        .ok_or_else(|| item.missing("content", "text or a list of parts"))?;
    let contents = content::read(content, &path.member("content"), dropped)?;
    match &*role {
        "system" => turns.begin(Role::System, contents),
        "developer" => turns.begin(Role::Developer, contents),
        "user" => turns.begin(Role::User, contents),
        "assistant" => turns.model(contents),
        _ => {
            return Err(path
                .member("role")
                .error("is unknown; send system, developer, user or assistant"));
        }
    }
    Ok(())
}

/// `None`: there is nothing in it. Without a summary, not even one without text, it is encrypted whole; but what Gemini
/// proves is what is beside it.
fn reasoning<'a>(item: &mut Object<'a, '_>, path: &Path<'_>) -> Result<Option<Content<'a>>, BadRequest> {
    let mut shown = String::new();
    let mut parts = 0;
    for name in ["summary", "content"] {
        let list = path.member(name);
        for (index, raw) in item.list(name)?.unwrap_or_default().into_iter().enumerate() {
            let piece = Object::read(raw, &list.item(index))?.text("text")?;
            shown.push_str(piece.as_deref().unwrap_or_default());
            parts += 1;
        }
    }
    let proof = item.text("encrypted_content")?.filter(|proof| !proof.is_empty());
    let named = item.text("format")?;
    let proof = proof.map(|proof| {
        let native = named.as_deref().and_then(Origin::of_detail);
        Proof::read(proof, native.unwrap_or(Origin::OpenAI))
    });
    Ok(match proof {
        Some(proof) if parts == 0 && proof.origin != Origin::Google => {
            Some(Content::RedactedReasoning(proof))
        }
        None if shown.is_empty() => None,
        proof => Some(Content::Reasoning {
            text: shown.into(),
            proof,
        }),
    })
}
