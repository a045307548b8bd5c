//! Turns into `system` and `messages`.

use super::super::models::Maker;
use super::super::wire::{Block, CachePoint, Reasoning};
use super::media::Media;
use crate::chat::proof::{Origin, Proof};
use crate::chat::{CacheControl, Content, Dropped, Part, ToolResult, Turn, tool_id};
use crate::format::alternation::{self, Message, input};
use crate::format::bedrock::blob;
use crate::intake::BadRequest;

pub(super) fn write<'a>(
    turns: &'a [Turn<'_>],
    maker: Maker,
    origin: Origin,
    dropped: &mut Dropped,
) -> Result<(Vec<Block<'a>>, Vec<Message<Block<'a>>>), BadRequest> {
    let mut writer = Writer {
        maker,
        origin,
        media: Media::default(),
    };
    alternation::write(turns, dropped, |part, dropped| writer.part(part, dropped))
}

impl<'a> alternation::Block<'a> for Block<'a> {
    fn of_text(text: &'a str) -> Self {
        Self::Text(text)
    }

    fn text(&mut self) -> Option<&mut &'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Image { .. }
            | Self::Document { .. }
            | Self::ReasoningContent(_)
            | Self::ToolUse { .. }
            | Self::ToolResult { .. }
            | Self::CachePoint(_) => None,
        }
    }

    fn instructs(&self) -> bool {
        matches!(self, Self::Text(_) | Self::CachePoint(_))
    }

    fn is_result(&self) -> bool {
        matches!(self, Self::ToolResult { .. })
    }
}

/// `None`: the model refuses it.
pub(super) fn cache_point<'a>(
    control: &'a CacheControl<'_>,
    maker: Maker,
    dropped: &mut Dropped,
) -> Option<CachePoint<'a>> {
    if !maker.caches() {
        dropped.note("cache_control");
        return None;
    }
    let ttl = control.ttl.as_deref();
    if ttl.is_some() && !maker.caches_all() {
        dropped.note("cache_control.ttl");
    }
    Some(CachePoint {
        kind: "default",
        ttl: ttl.filter(|_| maker.caches_all()),
    })
}

struct Writer {
    maker: Maker,
    /// Whose proofs of reasoning the provider can read.
    origin: Origin,
    media: Media,
}

impl Writer {
    /// A block, and one for the end of a cached prefix. Neither: there is nothing to say, or not here.
    fn part<'a>(
        &mut self,
        part: &'a Part<'_>,
        dropped: &mut Dropped,
    ) -> Result<impl Iterator<Item = Block<'a>> + use<'a>, BadRequest> {
        let block = match &part.content {
            Content::ToolCall(call) => Some(Block::ToolUse {
                tool_use_id: tool_id::bedrock(&call.id),
                name: &call.name,
                input: input(call)?,
            }),
            Content::ToolResult(result) => Some(self.result(result, dropped)),
            Content::Reasoning {
                text,
                proof: Some(proof),
            } if self.reads(proof) => Some(Block::ReasoningContent(Reasoning::ReasoningText {
                text,
                signature: &proof.data,
            })),
            Content::RedactedReasoning(proof) if self.reads(proof) || self.made(proof) => Some(
                Block::ReasoningContent(Reasoning::RedactedContent(blob::write(proof))),
            ),
            // Without a signature of its own it is refused.
            Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
                dropped.note("reasoning of earlier turns");
                None
            }
            Content::Text(_)
            | Content::Image(_)
            | Content::Document(_)
            | Content::Audio { .. }
            | Content::Refusal(_) => self.leaf(&part.content, dropped),
        };
        let mark = part.cache.as_ref().filter(|_| block.is_some());
        let mark = mark.and_then(|mark| cache_point(mark, self.maker, dropped));
        Ok(block.into_iter().chain(mark.map(Block::CachePoint)))
    }

    /// The provider reads Claude's proofs, but its other models do not.
    fn reads(&self, proof: &Proof<'_>) -> bool {
        proof.origin == self.origin && self.maker.may_be_claude()
    }

    /// Whether it is of a model that only Bedrock has.
    fn made(&self, proof: &Proof<'_>) -> bool {
        proof.origin == Origin::Amazon && !matches!(self.maker, Maker::Claude(_))
    }

    fn result<'a>(&mut self, result: &'a ToolResult<'_>, dropped: &mut Dropped) -> Block<'a> {
        let mut content = Vec::with_capacity(result.parts.len());
        for part in &result.parts {
            content.extend(self.leaf(part, dropped));
        }
        Block::ToolResult {
            tool_use_id: tool_id::bedrock(&result.id),
            content,
            status: result.is_error.then_some("error"),
        }
    }

    fn leaf<'a>(&mut self, content: &'a Content<'_>, dropped: &mut Dropped) -> Option<Block<'a>> {
        match content {
            Content::Text(text) | Content::Refusal(text) => {
                (!text.trim().is_empty()).then_some(Block::Text(text))
            }
            Content::Image(image) => self.media.image(image, dropped),
            Content::Document(document) => self.media.document(document, dropped),
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
}
