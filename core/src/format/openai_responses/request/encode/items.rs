//! Turns into `input`. Items get no ids: those of other providers mean nothing here.

use std::borrow::Cow;

use super::wire::{Content as WireContent, Item, Part as WirePart, Role as WireRole};
use crate::chat::proof::Proof;
use crate::chat::tool_id;
use crate::chat::{Content, Document, Dropped, Part, Role, Source, ToolResult, Turn};
use crate::format::openai_chat::request::{address, is_developer};
use crate::intake::TargetShape;

pub(super) fn write<'a>(
    turns: &'a [Turn<'_>],
    target: TargetShape<'_>,
    dropped: &mut Dropped,
) -> Vec<Item<'a>> {
    let mut items = Vec::with_capacity(turns.len());
    for turn in turns {
        if turn.parts.iter().any(|part| part.cache.is_some()) {
            dropped.note("cache_control");
        }
        match turn.role {
            Role::System | Role::Developer => {
                let developer = is_developer(turn.role, target.quirks.developer_role);
                items.push(Item::Message {
                    role: if developer {
                        WireRole::Developer
                    } else {
                        WireRole::System
                    },
                    content: instructions(&turn.parts, dropped),
                });
            }
            Role::User => user(&turn.parts, target, &mut items, dropped),
            Role::Assistant => assistant(&turn.parts, target, &mut items, dropped),
        }
    }
    items
}

fn instructions<'a>(parts: &'a [Part<'_>], dropped: &mut Dropped) -> WireContent<'a> {
    let mut texts = Vec::new();
    for part in parts {
        if let Content::Text(text) = &part.content {
            texts.push(WirePart::InputText { text });
        } else {
            dropped.note("system: other than text");
        }
    }
    one_text_or_parts(texts)
}

/// Results come first, right behind the calls.
fn user<'a>(
    parts: &'a [Part<'_>],
    target: TargetShape<'_>,
    items: &mut Vec<Item<'a>>,
    dropped: &mut Dropped,
) {
    let mut content = Vec::new();
    let mut has_result = false;
    for part in parts {
        if let Content::ToolResult(result) = &part.content {
            has_result = true;
            items.push(Item::FunctionCallOutput {
                call_id: tool_id::openai(&result.id, target.quirks.tool_ids),
                output: output(result, dropped),
            });
        } else {
            content.extend(user_part(&part.content, dropped));
        }
    }
    if content.is_empty() && has_result {
        return;
    }
    items.push(Item::Message {
        role: WireRole::User,
        content: one_text_or_parts(content),
    });
}

/// Not all servers take a list: texts alone are one text.
fn output<'a>(result: &'a ToolResult<'_>, dropped: &mut Dropped) -> WireContent<'a> {
    if result.is_error {
        dropped.note("tool_result.is_error");
    }
    let mut texts = Vec::new();
    for part in &result.parts {
        if let Content::Text(text) = part {
            texts.push(text.as_ref());
        }
    }
    match texts.as_slice() {
        [text] if result.parts.len() == 1 => WireContent::Text(Cow::Borrowed(*text)),
        texts if texts.len() == result.parts.len() => WireContent::Text(Cow::Owned(texts.join("\n"))),
        _ => WireContent::Parts(
            result
                .parts
                .iter()
                .filter_map(|part| user_part(part, dropped))
                .collect(),
        ),
    }
}

fn one_text_or_parts(mut parts: Vec<WirePart<'_>>) -> WireContent<'_> {
    match parts.pop() {
        None => WireContent::Text(Cow::Borrowed("")),
        Some(WirePart::InputText { text } | WirePart::OutputText { text }) if parts.is_empty() => {
            WireContent::Text(Cow::Borrowed(text))
        }
        Some(last) => {
            parts.push(last);
            WireContent::Parts(parts)
        }
    }
}

/// `None`: it goes elsewhere, or nowhere.
fn user_part<'a>(content: &'a Content<'_>, dropped: &mut Dropped) -> Option<WirePart<'a>> {
    match content {
        Content::Text(text) | Content::Refusal(text) => Some(WirePart::InputText { text }),
        Content::Image(image) => Some(WirePart::InputImage {
            image_url: address(&image.source),
            detail: image.detail.as_deref(),
        }),
        Content::Document(document) => file(document, dropped),
        // Responses do not hear: the SDKs' types have no such part.
        Content::Audio { .. } => {
            dropped.note("messages[].content[].input_audio");
            None
        }
        Content::Reasoning { .. } | Content::RedactedReasoning(_) | Content::ToolCall(_) => {
            dropped.note("messages[].content[]: of the assistant in a user's turn");
            None
        }
        Content::ToolResult(_) => None,
    }
}

fn file<'a>(document: &'a Document<'_>, dropped: &mut Dropped) -> Option<WirePart<'a>> {
    let name = document.name.as_deref();
    match &document.source {
        Source::Base64 { media_type, .. } if media_type.starts_with("video/") => {
            dropped.note("video");
            None
        }
        Source::Base64 { .. } => Some(WirePart::InputFile {
            filename: Some(name.unwrap_or("document.pdf")),
            file_data: Some(address(&document.source)),
            file_url: None,
        }),
        // A name beside an address is refused.
        Source::Url(url) => Some(WirePart::InputFile {
            filename: None,
            file_data: None,
            file_url: Some(url),
        }),
    }
}

/// What the model made, in its order: a call follows the reasoning that led to it.
fn assistant<'a>(
    parts: &'a [Part<'_>],
    target: TargetShape<'_>,
    items: &mut Vec<Item<'a>>,
    dropped: &mut Dropped,
) {
    let mut said = Vec::new();
    for part in parts {
        let item = match &part.content {
            Content::Text(text) => {
                said.push(WirePart::OutputText { text });
                continue;
            }
            Content::Refusal(refusal) => {
                said.push(WirePart::Refusal { refusal });
                continue;
            }
            Content::ToolCall(call) => Some(Item::FunctionCall {
                call_id: tool_id::openai(&call.id, target.quirks.tool_ids),
                name: &call.name,
                arguments: &call.arguments,
            }),
            Content::Reasoning {
                text,
                proof: Some(proof),
            } => reasoning(text, proof, target, dropped),
            Content::RedactedReasoning(proof) => reasoning("", proof, target, dropped),
            Content::Reasoning { proof: None, .. } => {
                dropped.note("reasoning of earlier turns");
                None
            }
            Content::Image(_) | Content::Document(_) | Content::Audio { .. } | Content::ToolResult(_) => {
                dropped.note("messages[].content[]: of the user in an assistant's turn");
                None
            }
        };
        if let Some(item) = item {
            message(std::mem::take(&mut said), items);
            items.push(item);
        }
    }
    message(said, items);
}

fn message<'a>(said: Vec<WirePart<'a>>, items: &mut Vec<Item<'a>>) {
    if !said.is_empty() {
        items.push(Item::Message {
            role: WireRole::Assistant,
            content: one_text_or_parts(said),
        });
    }
}

/// `None`: it was another provider's, who alone can read it.
fn reasoning<'a>(
    text: &'a str,
    proof: &'a Proof<'_>,
    target: TargetShape<'_>,
    dropped: &mut Dropped,
) -> Option<Item<'a>> {
    if proof.origin != target.origin() {
        dropped.note("reasoning of earlier turns");
        return None;
    }
    let shown = (!text.is_empty()).then_some(WirePart::SummaryText { text });
    Some(Item::Reasoning {
        summary: shown.into_iter().collect(),
        encrypted_content: &proof.data,
    })
}
