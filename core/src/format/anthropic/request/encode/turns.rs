//! Turns into `system` and `messages`.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::wire::{self, Block, BlockKind};
use crate::chat::proof::Origin;
use crate::chat::tool_id;
use crate::chat::{CacheControl, Content, Document, Dropped, Part, Source, ToolCall, ToolResult, Turn};
use crate::format::alternation::{self, Message, input};
use crate::intake::BadRequest;

pub(super) fn write<'a>(
    turns: &'a [Turn<'_>],
    origin: Origin,
    dropped: &mut Dropped,
) -> Result<(Vec<Block<'a>>, Vec<Message<Block<'a>>>), BadRequest> {
    alternation::write(turns, dropped, |part, dropped| block(part, origin, dropped))
}

impl<'a> alternation::Block<'a> for Block<'a> {
    fn of_text(text: &'a str) -> Self {
        Self {
            kind: BlockKind::Text { text },
            cache_control: None,
        }
    }

    fn text(&mut self) -> Option<&mut &'a str> {
        match &mut self.kind {
            BlockKind::Text { text } => Some(text),
            BlockKind::Image { .. }
            | BlockKind::Document { .. }
            | BlockKind::Thinking { .. }
            | BlockKind::RedactedThinking { .. }
            | BlockKind::ToolUse { .. }
            | BlockKind::ToolResult { .. } => None,
        }
    }

    fn instructs(&self) -> bool {
        matches!(self.kind, BlockKind::Text { .. })
    }

    fn is_result(&self) -> bool {
        matches!(self.kind, BlockKind::ToolResult { .. })
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
    Ok(BlockKind::ToolUse {
        id: tool_id::anthropic(&call.id),
        name: &call.name,
        input: input(call)?,
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
