//! Turns into `messages`.

use super::super::wire::{
    Address, Call, Content as WireContent, File, FunctionType, ImageUrl, InputAudio, Message,
};
use super::super::wire::{Part as WirePart, ToolCall as WireToolCall};
use super::is_developer;
use crate::chat::tool_id;
use crate::chat::{Content, Document, Dropped, Image, Part, Role, Source, ToolResult, Turn};
use crate::vendor::{Quirks, ToolIds};

pub(super) fn write<'a>(turns: &'a [Turn<'_>], quirks: Quirks, dropped: &mut Dropped) -> Vec<Message<'a>> {
    let mut messages = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.parts.iter().any(|part| part.cache.is_some()) {
            dropped.note("cache_control");
        }
        match turn.role {
            Role::System | Role::Developer => {
                let content = instructions(&turn.parts, dropped);
                messages.push(if is_developer(turn.role, quirks.developer_role) {
                    Message::Developer { content }
                } else {
                    Message::System { content }
                });
            }
            Role::User => user(&turn.parts, quirks.tool_ids, &mut messages, dropped),
            Role::Assistant => messages.push(assistant(&turn.parts, quirks.tool_ids, dropped)),
        }
    }
    messages
}

/// Many servers take one text only.
fn instructions(parts: &[Part<'_>], dropped: &mut Dropped) -> String {
    let mut texts = Vec::new();
    for part in parts {
        if let Content::Text(text) = &part.content {
            texts.push(text.as_ref());
        } else {
            dropped.note("system: other than text");
        }
    }
    texts.join("\n\n")
}

/// Results become messages of their own, right behind the calls; what they hold beside text goes to the user's
/// message, since `tool` messages have no place for it.
fn user<'a>(parts: &'a [Part<'_>], ids: ToolIds, messages: &mut Vec<Message<'a>>, dropped: &mut Dropped) {
    let mut content = Vec::new();
    let mut has_result = false;
    for part in parts {
        if let Content::ToolResult(result) = &part.content {
            has_result = true;
            messages.push(Message::Tool {
                tool_call_id: tool_id::openai(&result.id, ids),
                content: result_text(result, &mut content, dropped),
            });
        }
    }
    for part in parts {
        content.extend(user_part(&part.content, dropped));
    }
    if content.is_empty() && has_result {
        return;
    }
    messages.push(Message::User {
        content: one_text_or_parts(content),
    });
}

fn result_text<'a>(
    result: &'a ToolResult<'_>,
    attachments: &mut Vec<WirePart<'a>>,
    dropped: &mut Dropped,
) -> String {
    if result.is_error {
        dropped.note("tool_result.is_error");
    }
    let mut texts = Vec::new();
    for part in &result.parts {
        if let Content::Text(text) = part {
            texts.push(text.as_ref());
        } else {
            attachments.extend(user_part(part, dropped));
        }
    }
    texts.join("\n")
}

fn one_text_or_parts(mut parts: Vec<WirePart<'_>>) -> WireContent<'_> {
    match parts.pop() {
        None => WireContent::Text(""),
        Some(WirePart::Text { text }) if parts.is_empty() => WireContent::Text(text),
        Some(last) => {
            parts.push(last);
            WireContent::Parts(parts)
        }
    }
}

/// `None`: it goes elsewhere, or nowhere.
fn user_part<'a>(content: &'a Content<'_>, dropped: &mut Dropped) -> Option<WirePart<'a>> {
    match content {
        Content::Text(text) | Content::Refusal(text) => Some(WirePart::Text { text }),
        Content::Image(image) => Some(WirePart::ImageUrl {
            image_url: image_url(image),
        }),
        Content::Document(document) => file(document, dropped),
        Content::Audio { data, format } => Some(WirePart::InputAudio {
            input_audio: InputAudio { data, format },
        }),
        Content::Reasoning { .. } | Content::RedactedReasoning(_) | Content::ToolCall(_) => {
            dropped.note("messages[].content[]: of the assistant in a user's turn");
            None
        }
        Content::ToolResult(_) => None,
    }
}

fn image_url<'a>(image: &'a Image<'_>) -> ImageUrl<'a> {
    ImageUrl {
        url: address(&image.source),
        detail: image.detail.as_deref(),
    }
}

/// Chat completions take files by value only.
fn file<'a>(document: &'a Document<'_>, dropped: &mut Dropped) -> Option<WirePart<'a>> {
    match &document.source {
        Source::Base64 { .. } => Some(WirePart::File {
            file: File {
                filename: document.name.as_deref().unwrap_or("document.pdf"),
                file_data: address(&document.source),
            },
        }),
        Source::Url(_) => {
            dropped.note("document.source.url");
            None
        }
    }
}

pub(crate) fn address<'a>(source: &'a Source<'_>) -> Address<'a> {
    match source {
        Source::Url(url) => Address::Url(url),
        Source::Base64 { media_type, data } => Address::Data { media_type, data },
    }
}

/// Reasoning is not sent back: it was another provider's.
fn assistant<'a>(parts: &'a [Part<'_>], ids: ToolIds, dropped: &mut Dropped) -> Message<'a> {
    let mut content = Vec::new();
    let mut refusal = None;
    let mut tool_calls = Vec::new();
    for part in parts {
        match &part.content {
            Content::Text(text) => content.push(WirePart::Text { text }),
            Content::Refusal(text) => refusal = Some(text.as_ref()),
            Content::ToolCall(call) => tool_calls.push(WireToolCall {
                id: tool_id::openai(&call.id, ids),
                r#type: FunctionType::Function,
                function: Call {
                    name: &call.name,
                    arguments: &call.arguments,
                },
            }),
            Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
                dropped.note("thinking of earlier turns");
            }
            Content::Image(_) | Content::Document(_) | Content::Audio { .. } | Content::ToolResult(_) => {
                dropped.note("messages[].content[]: of the user in an assistant's turn");
            }
        }
    }
    let empty = content.is_empty() && (refusal.is_some() || !tool_calls.is_empty());
    let content = (!empty).then(|| one_text_or_parts(content));
    Message::Assistant {
        content,
        refusal,
        tool_calls,
    }
}
