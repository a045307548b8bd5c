//! Turns into `system` and `messages`: the two sides take turns, the user begins, results of tools come first, and
//! no text is blank. Anthropic answers 400 to anything else.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::value::RawValue;

use super::super::wire::{self, Block, BlockKind, Message};
use crate::chat::proof::Origin;
use crate::chat::tool_id;
use crate::chat::{CacheControl, Content, Document, Dropped, Part, Role, Source, ToolCall, ToolResult, Turn};
use crate::intake::BadRequest;

/// What the user says where a conversation begins with the assistant, or has instructions only.
const OPENING: &str = "Begin.";

pub(super) fn write<'a>(
    turns: &'a [Turn<'_>],
    origin: Origin,
    dropped: &mut Dropped,
) -> Result<(Vec<Block<'a>>, Vec<Message<'a>>), BadRequest> {
    let mut system = Vec::new();
    let mut messages: Vec<Message<'a>> = Vec::new();
    for turn in turns {
        let mut content = Vec::with_capacity(turn.parts.len());
        for part in &turn.parts {
            content.extend(block(part, origin, dropped)?);
        }
        let role = match turn.role {
            Role::System | Role::Developer => {
                if !messages.is_empty() {
                    dropped.note("messages[]: the place of later system messages");
                }
                system.extend(content.into_iter().filter(|block| is_text(block, dropped)));
                continue;
            }
            Role::User => wire::Role::User,
            Role::Assistant => wire::Role::Assistant,
        };
        if content.is_empty() {
            continue;
        }
        match messages.last_mut() {
            Some(last) if last.role == role => last.content.append(&mut content),
            Some(_) | None => messages.push(Message { role, content }),
        }
    }
    for message in &mut messages {
        message
            .content
            .sort_by_key(|block| !matches!(block.kind, BlockKind::ToolResult { .. }));
    }
    if messages
        .first()
        .is_none_or(|first| first.role == wire::Role::Assistant)
    {
        dropped.note("messages[]: an opening was added");
        let opening = Block {
            kind: BlockKind::Text { text: OPENING },
            cache_control: None,
        };
        messages.insert(
            0,
            Message {
                role: wire::Role::User,
                content: vec![opening],
            },
        );
    }
    trim_prefill(&mut messages, dropped);
    Ok((system, messages))
}

fn is_text(block: &Block<'_>, dropped: &mut Dropped) -> bool {
    let text = matches!(block.kind, BlockKind::Text { .. });
    if !text {
        dropped.note("system: other than text");
    }
    text
}

/// The start of an answer that the model is to go on with must not end in white space.
fn trim_prefill(messages: &mut [Message<'_>], dropped: &mut Dropped) {
    if let Some(Message {
        role: wire::Role::Assistant,
        content,
    }) = messages.last_mut()
        && let Some(Block {
            kind: BlockKind::Text { text },
            ..
        }) = content.last_mut()
    {
        let trimmed = text.trim_end();
        if trimmed != *text {
            dropped.note("messages[]: white space at the end");
        }
        *text = trimmed;
    }
}

pub(super) fn cache_control<'a>(control: &'a CacheControl<'_>) -> wire::CacheControl<'a> {
    wire::CacheControl::Ephemeral {
        ttl: control.ttl.as_deref(),
    }
}

/// `None`: nothing to say, or not here.
fn block<'a>(
    part: &'a Part<'_>,
    origin: Origin,
    dropped: &mut Dropped,
) -> Result<Option<Block<'a>>, BadRequest> {
    let kind = match &part.content {
        Content::ToolCall(call) => Some(tool_use(call)?),
        Content::ToolResult(result) => Some(tool_result(result, dropped)),
        Content::Reasoning {
            text,
            proof: Some(proof),
        } if proof.origin == origin => Some(BlockKind::Thinking {
            thinking: text,
            signature: &proof.data,
        }),
        Content::RedactedReasoning(proof) if proof.origin == origin => {
            Some(BlockKind::RedactedThinking { data: &proof.data })
        }
        // Without a signature of its own it is refused.
        Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
            dropped.note("reasoning of earlier turns");
            None
        }
        Content::Text(_)
        | Content::Image(_)
        | Content::Document(_)
        | Content::Audio { .. }
        | Content::Refusal(_) => leaf(&part.content, dropped),
    };
    Ok(kind.map(|kind| Block {
        kind,
        cache_control: part.cache.as_ref().map(cache_control),
    }))
}

fn leaf<'a>(content: &'a Content<'_>, dropped: &mut Dropped) -> Option<BlockKind<'a>> {
    match content {
        Content::Text(text) | Content::Refusal(text) => {
            (!text.trim().is_empty()).then_some(BlockKind::Text { text })
        }
        Content::Image(image) => {
            if image.detail.as_deref().is_some_and(|detail| detail != "auto") {
                dropped.note("image_url.detail");
            }
            Some(BlockKind::Image {
                source: source(&image.source),
            })
        }
        Content::Document(document) => file(document, dropped),
        Content::Audio { .. } => {
            dropped.note("messages[].content[].input_audio");
            None
        }
        Content::Reasoning { .. }
        | Content::RedactedReasoning(_)
        | Content::ToolCall(_)
        | Content::ToolResult(_) => None,
    }
}

fn file<'a>(document: &'a Document<'_>, dropped: &mut Dropped) -> Option<BlockKind<'a>> {
    match &document.source {
        Source::Base64 { media_type, data } if media_type.starts_with("text/") => {
            let text = plain(data);
            if text.is_none() {
                dropped.note(format!("file of {media_type}"));
            }
            text.map(|data| BlockKind::Document {
                source: wire::Source::Text {
                    media_type: "text/plain",
                    data,
                },
                title: document.name.as_deref(),
            })
        }
        Source::Base64 { media_type, .. } if media_type != "application/pdf" => {
            dropped.note(format!("file of {media_type}"));
            None
        }
        Source::Base64 { .. } | Source::Url(_) => Some(BlockKind::Document {
            source: source(&document.source),
            title: document.name.as_deref(),
        }),
    }
}

/// The text of a file, unless it is none or empty.
fn plain(base64: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(base64).ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.trim().is_empty())
}

fn source<'a>(source: &'a Source<'_>) -> wire::Source<'a> {
    match source {
        Source::Url(url) => wire::Source::Url { url },
        Source::Base64 { media_type, data } => wire::Source::Base64 { media_type, data },
    }
}

fn tool_use<'a>(call: &'a ToolCall<'_>) -> Result<BlockKind<'a>, BadRequest> {
    let input: &RawValue = serde_json::from_str(&call.arguments).map_err(|error| BadRequest {
        message: format!(
            "the arguments of the call `{}` are not JSON: {error}; send a JSON object",
            call.id
        ),
        param: Some("messages".to_owned()),
    })?;
    Ok(BlockKind::ToolUse {
        id: tool_id::anthropic(&call.id),
        name: &call.name,
        input,
    })
}

fn tool_result<'a>(result: &'a ToolResult<'_>, dropped: &mut Dropped) -> BlockKind<'a> {
    let mut content = Vec::with_capacity(result.parts.len());
    for part in &result.parts {
        content.extend(leaf(part, dropped).map(|kind| Block {
            kind,
            cache_control: None,
        }));
    }
    BlockKind::ToolResult {
        tool_use_id: tool_id::anthropic(&result.id),
        content,
        is_error: result.is_error,
    }
}
