//! `messages` of the OpenAI format.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{content, options, reasoning};
use crate::chat::{CacheControl, Content, Dropped, Part, Role, ToolCall, ToolResult, Turn};
use crate::intake::{BadRequest, Kind, Object, Path, text};

/// Reads all messages.
pub(super) fn read<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Vec<Turn<'a>>, BadRequest> {
    let list = members.member("messages");
    let messages = members.list("messages")?;
    let messages = messages.ok_or_else(|| members.missing("messages", "a list of messages"))?;
    let mut reader = Reader {
        dropped,
        calls_without_id: 0,
    };
    let mut turns = Vec::with_capacity(messages.len());
    for (index, raw) in messages.into_iter().enumerate() {
        let path = list.item(index);
        turns.push(reader.message(raw, &path)?);
    }
    Ok(turns)
}

struct Reader<'d> {
    dropped: &'d mut Dropped,
    /// Calls of the legacy kind have none: call and result are paired by order.
    calls_without_id: usize,
}

impl Reader<'_> {
    fn message<'a>(&mut self, raw: &'a RawValue, path: &Path<'_>) -> Result<Turn<'a>, BadRequest> {
        let mut message = Object::read(raw, path)?;
        let role = message.text("role")?;
        let role = role.ok_or_else(|| message.missing("role", "system, user, assistant or tool"))?;
        let cache = options::cache_control(&mut message)?;
        let content = message.raw("content");
        let content_path = message.member("content");
        let mut parts = match content {
            Some(raw) => content::parts(raw, &content_path, self.dropped)?,
            None => Vec::new(),
        };
        let role = match &*role {
            "system" => Role::System,
            "developer" => Role::Developer,
            "user" => Role::User,
            "assistant" => {
                self.assistant(&mut message, path, &mut parts)?;
                Role::Assistant
            }
            "tool" | "function" => {
                let result = self.tool_result(&mut message, parts)?;
                return Ok(self.finish(message, Role::User, vec![result], cache));
            }
            _ => {
                return Err(path
                    .member("role")
                    .error("is unknown; send system, developer, user, assistant or tool"));
            }
        };
        Ok(self.finish(message, role, parts, cache))
    }

    /// A mark of the message is one of its last part.
    fn finish<'a>(
        &mut self,
        message: Object<'a, '_>,
        role: Role,
        mut parts: Vec<Part<'a>>,
        cache: Option<CacheControl<'a>>,
    ) -> Turn<'a> {
        if let Some(last) = parts.last_mut() {
            last.cache = last.cache.take().or(cache);
        }
        for name in message.leftover() {
            self.dropped.note(format!("messages[].{name}"));
        }
        Turn { role, parts }
    }

    fn assistant<'a>(
        &mut self,
        message: &mut Object<'a, '_>,
        path: &Path<'_>,
        parts: &mut Vec<Part<'a>>,
    ) -> Result<(), BadRequest> {
        let mut earlier = reasoning::read(message, path, self.dropped)?;
        parts.splice(0..0, earlier.parts.drain(..));
        if let Some(refusal) = message.text("refusal")? {
            parts.push(Part::plain(Content::Refusal(refusal)));
        }
        let list = path.member("tool_calls");
        for (index, raw) in message
            .list("tool_calls")?
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            let path = list.item(index);
            let mut call = Object::read(raw, &path)?;
            let inner = path.member("function");
            let function = call.object("function", &inner)?;
            let mut function = function.ok_or_else(|| inner.error("is missing; send name and arguments"))?;
            let id = call.text("id")?.filter(|id| !id.is_empty());
            let cache = options::cache_control(&mut call)?;
            let id = id.unwrap_or_else(|| self.next_id());
            parts.extend(earlier.of_call(&id, &mut call)?);
            parts.push(Part {
                content: Content::ToolCall(tool_call(&mut function, id)?),
                cache,
            });
        }
        let path = path.member("function_call");
        if let Some(mut function) = message.object("function_call", &path)? {
            let id = self.next_id();
            parts.push(Part::plain(Content::ToolCall(tool_call(&mut function, id)?)));
        }
        parts.extend(earlier.rest());
        Ok(())
    }

    fn next_id(&mut self) -> Cow<'static, str> {
        self.calls_without_id += 1;
        Cow::Owned(format!("call_{}", self.calls_without_id))
    }

    fn tool_result<'a>(
        &mut self,
        message: &mut Object<'a, '_>,
        parts: Vec<Part<'a>>,
    ) -> Result<Part<'a>, BadRequest> {
        let id = match message.text("tool_call_id")? {
            Some(id) => id,
            // A result of the legacy kind names its function instead.
            None if message.text("name")?.is_some() => Cow::Owned(format!("call_{}", self.calls_without_id)),
            None => return Err(message.missing("tool_call_id", "the id of the call that this answers")),
        };
        message.raw("name");
        let cache = parts.iter().rev().find_map(|part| part.cache.clone());
        let parts = parts.into_iter().map(|part| part.content).collect();
        Ok(Part {
            content: Content::ToolResult(ToolResult {
                id,
                parts,
                is_error: false,
            }),
            cache,
        })
    }
}

/// A call, from an object with its name and its arguments.
pub(crate) fn tool_call<'a>(
    function: &mut Object<'a, '_>,
    id: Cow<'a, str>,
) -> Result<ToolCall<'a>, BadRequest> {
    let name = function
        .text("name")?
        .ok_or_else(|| function.missing("name", "the function's name"))?;
    let path = function.member("arguments");
    let arguments = function.raw("arguments");
    let arguments = arguments.map(|raw| arguments_text(raw, &path)).transpose()?;
    Ok(ToolCall {
        id,
        name,
        arguments: arguments.unwrap_or(Cow::Borrowed("{}")),
    })
}

/// Arguments are JSON in a text; some clients send the object itself. Models without arguments to give write nothing.
fn arguments_text<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Cow<'a, str>, BadRequest> {
    let json = if Kind::of(raw) == Kind::Object {
        Cow::Borrowed(raw.get())
    } else {
        text(raw, path)?
    };
    if json.trim().is_empty() || json.trim() == "null" {
        return Ok(Cow::Borrowed("{}"));
    }
    let parsed: Result<&RawValue, _> = serde_json::from_str(&json);
    match parsed {
        Ok(value) if Kind::of(value) == Kind::Object => Ok(json),
        Ok(_) | Err(_) => Err(path.error("is not a JSON object as text; send one, {} for no arguments")),
    }
}
