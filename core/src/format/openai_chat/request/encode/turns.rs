//! Turns into `messages`.

use super::super::super::delta::ReasoningDetail;
use super::super::wire::{
    Address, CacheControl, Call, Content as WireContent, File, FunctionType, ImageUrl, InputAudio, Message,
};
use super::super::wire::{Part as WirePart, ToolCall as WireToolCall};
use super::is_developer;
use crate::chat::proof::Origin;
use crate::chat::tool_id;
use crate::chat::{Content, Document, Dropped, Image, Part, Role, Source, ToolCall, ToolResult, Turn};
use crate::vendor::{CacheMarks, Quirks, ReasoningBack, ToolIds};

pub(super) fn write<'a>(turns: &'a [Turn<'_>], quirks: Quirks, dropped: &mut Dropped) -> Vec<Message<'a>> {
    let mut messages = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.parts.iter().any(|part| !can_mark(part, quirks.cache_marks)) {
            dropped.note("cache_control");
        }
        match turn.role {
            Role::System | Role::Developer => {
                let content = instructions(&turn.parts, quirks.cache_marks, dropped);
                messages.push(if is_developer(turn.role, quirks.developer_role) {
                    Message::Developer { content }
                } else {
                    Message::System { content }
                });
            }
            Role::User => user(&turn.parts, quirks, &mut messages, dropped),
            Role::Assistant => messages.push(assistant(&turn.parts, quirks, dropped)),
        }
    }
    messages
}

/// Whether a part's mark, if it has one, can be sent.
const fn can_mark(part: &Part<'_>, marks: CacheMarks) -> bool {
    match (&part.cache, marks) {
        (None, _) => true,
        (Some(_), CacheMarks::Dropped) => false,
        (Some(_), CacheMarks::OnText) => matches!(part.content, Content::Text(_)),
    }
}

fn text_part<'a>(text: &'a str, part: &'a Part<'_>, marks: CacheMarks) -> WirePart<'a> {
    let mark = part.cache.as_ref().filter(|_| can_mark(part, marks));
    WirePart::Text {
        text,
        cache_control: mark.map(|mark| CacheControl::Ephemeral {
            ttl: mark.ttl.as_deref(),
        }),
    }
}

/// Many servers take one text only, so there is a list only where a part is marked.
fn instructions<'a>(parts: &'a [Part<'_>], marks: CacheMarks, dropped: &mut Dropped) -> WireContent<'a> {
    if marks != CacheMarks::Dropped && parts.iter().any(|part| part.cache.is_some()) {
        let mut content = Vec::new();
        for part in parts {
            if let Content::Text(text) = &part.content {
                content.push(text_part(text, part, marks));
            } else {
                dropped.note("system: other than text");
            }
        }
        return WireContent::Parts(content);
    }
    let mut texts = Vec::new();
    for part in parts {
        if let Content::Text(text) = &part.content {
            texts.push(text.as_ref());
        } else {
            dropped.note("system: other than text");
        }
    }
    WireContent::Joined(texts.join("\n\n"))
}

/// Results become messages of their own, right behind the calls; what they hold beside text goes to the user's
/// message, since `tool` messages have no place for it.
fn user<'a>(parts: &'a [Part<'_>], quirks: Quirks, messages: &mut Vec<Message<'a>>, dropped: &mut Dropped) {
    let mut content = Vec::new();
    let mut has_result = false;
    for part in parts {
        if let Content::ToolResult(result) = &part.content {
            has_result = true;
            messages.push(Message::Tool {
                tool_call_id: tool_id::openai(&result.id, quirks.tool_ids),
                content: result_text(result, &mut content, dropped),
            });
        }
    }
    for part in parts {
        content.extend(if let Content::Text(text) = &part.content {
            Some(text_part(text, part, quirks.cache_marks))
        } else {
            user_part(&part.content, dropped)
        });
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
        Some(WirePart::Text {
            text,
            cache_control: None,
        }) if parts.is_empty() => WireContent::Text(text),
        Some(last) => {
            parts.push(last);
            WireContent::Parts(parts)
        }
    }
}

const fn plain(text: &str) -> WirePart<'_> {
    WirePart::Text {
        text,
        cache_control: None,
    }
}

/// `None`: it goes elsewhere, or nowhere.
fn user_part<'a>(content: &'a Content<'_>, dropped: &mut Dropped) -> Option<WirePart<'a>> {
    match content {
        Content::Text(text) | Content::Refusal(text) => Some(plain(text)),
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
        Source::Base64 { media_type, .. } if media_type.starts_with("video/") => {
            dropped.note("video");
            None
        }
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

fn assistant<'a>(parts: &'a [Part<'_>], quirks: Quirks, dropped: &mut Dropped) -> Message<'a> {
    let mut content = Vec::new();
    let mut refusal = None;
    let mut tool_calls = Vec::new();
    let mut reasoning_details = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match &part.content {
            Content::Text(text) => content.push(text_part(text, part, quirks.cache_marks)),
            Content::Refusal(text) => refusal = Some(text.as_ref()),
            Content::ToolCall(call) => tool_calls.push(tool_call(call, quirks.tool_ids)),
            Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
                let index = reasoning_details.len();
                let call = parts.get(at + 1..).and_then(next_call);
                match detail(&part.content, call, index, quirks.reasoning_back) {
                    Some(detail) => reasoning_details.push(detail),
                    None => dropped.note("reasoning of earlier turns"),
                }
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
        reasoning_details,
        tool_calls,
    }
}

fn tool_call<'a>(call: &'a ToolCall<'_>, ids: ToolIds) -> WireToolCall<'a> {
    WireToolCall {
        id: tool_id::openai(&call.id, ids),
        r#type: FunctionType::Function,
        function: Call {
            name: &call.name,
            arguments: &call.arguments,
        },
    }
}

fn next_call<'a>(parts: &'a [Part<'_>]) -> Option<&'a str> {
    parts.iter().find_map(|part| {
        if let Content::ToolCall(call) = &part.content {
            Some(call.id.as_ref())
        } else {
            None
        }
    })
}

/// `None`: it is not sent. Without a proof it is worth nothing to those who made it. Gemini's are of the next call.
fn detail<'a>(
    content: &'a Content<'_>,
    call: Option<&'a str>,
    index: usize,
    back: ReasoningBack,
) -> Option<ReasoningDetail<'a>> {
    let (text, proof) = match (back, content) {
        (ReasoningBack::Details, Content::Reasoning { text, proof }) => (text.as_ref(), proof.as_ref()?),
        (ReasoningBack::Details, Content::RedactedReasoning(proof)) => ("", proof),
        (ReasoningBack::Dropped | ReasoningBack::Passed | ReasoningBack::Details, _) => return None,
    };
    let encrypted = ReasoningDetail::encrypted(index, proof);
    match (proof.origin, call) {
        (Origin::Google, Some(call)) => Some(encrypted.of(call)),
        (Origin::Google, None) => Some(encrypted),
        _ if matches!(content, Content::Reasoning { .. }) => {
            Some(ReasoningDetail::signed(index, text, proof))
        }
        _ => Some(encrypted),
    }
}
