//! Turns into `systemInstruction` and `contents`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::models::Generation;
use super::super::wire::{Call, Content as Contents, Part as WirePart, PartData, Role as WireRole};
use crate::chat::proof::Origin;
use crate::chat::{Content, Dropped, Part, Role, ToolCall, Turn};
use crate::intake::BadRequest;

mod media;
mod proofs;
mod results;

/// What the user says where a conversation begins with the model, or has instructions only.
const OPENING: &str = "Begin.";

/// Names of the functions that were called, by the call's id: a result has to name its function.
type Names<'a> = BTreeMap<&'a str, &'a str>;

pub(super) fn write<'a>(
    turns: &'a [Turn<'_>],
    origin: Origin,
    generation: Generation,
    dropped: &mut Dropped,
) -> Result<(Option<Contents<'a>>, Vec<Contents<'a>>), BadRequest> {
    let mut system = Vec::new();
    let mut contents: Vec<Contents<'a>> = Vec::new();
    let mut names = Names::new();
    for turn in turns {
        if turn.parts.iter().any(|part| part.cache.is_some()) {
            dropped.note("cache_control");
        }
        match turn.role {
            Role::System | Role::Developer => {
                if !contents.is_empty() {
                    dropped.note("messages[]: the place of later system messages");
                }
                instructions(&turn.parts, &mut system, dropped);
            }
            Role::User => user(&turn.parts, &names, generation, &mut contents, dropped),
            Role::Assistant => {
                let parts = model(&turn.parts, origin, &mut names, dropped)?;
                add(&mut contents, WireRole::Model, parts);
            }
        }
    }
    if contents
        .first()
        .is_none_or(|first| first.role == Some(WireRole::Model))
    {
        dropped.note("messages[]: an opening was added");
        let opening = vec![WirePart::plain(PartData::Text(OPENING))];
        contents.insert(
            0,
            Contents {
                role: Some(WireRole::User),
                parts: opening,
            },
        );
    }
    if generation.third {
        proofs::stand_in(&mut contents);
    }
    let system = (!system.is_empty()).then_some(Contents {
        role: None,
        parts: system,
    });
    Ok((system, contents))
}

fn instructions<'a>(parts: &'a [Part<'_>], system: &mut Vec<WirePart<'a>>, dropped: &mut Dropped) {
    for part in parts {
        match &part.content {
            Content::Text(text) if text.is_empty() => {}
            Content::Text(text) => system.push(WirePart::plain(PartData::Text(text))),
            Content::Image(_)
            | Content::Document(_)
            | Content::Audio { .. }
            | Content::Reasoning { .. }
            | Content::RedactedReasoning(_)
            | Content::Refusal(_)
            | Content::ToolCall(_)
            | Content::ToolResult(_) => dropped.note("system: other than text"),
        }
    }
}

/// The results of one turn are one content, right behind the calls; what else the user says is another.
fn user<'a>(
    parts: &'a [Part<'_>],
    names: &Names<'a>,
    generation: Generation,
    contents: &mut Vec<Contents<'a>>,
    dropped: &mut Dropped,
) {
    let (mut answers, mut said) = (Vec::new(), Vec::new());
    for part in parts {
        if let Content::ToolResult(result) = &part.content {
            answers.push(results::write(result, names, generation, &mut said, dropped));
        }
    }
    for part in parts {
        said.extend(media::part(&part.content, dropped).map(WirePart::plain));
    }
    add(contents, WireRole::User, answers);
    add(contents, WireRole::User, said);
}

/// Adds a content, or adds to the last one of the same kind.
fn add<'a>(contents: &mut Vec<Contents<'a>>, role: WireRole, mut parts: Vec<WirePart<'a>>) {
    if parts.is_empty() {
        return;
    }
    let answers = |parts: &[WirePart<'_>]| {
        parts
            .first()
            .is_some_and(|part| matches!(part.data, PartData::FunctionResponse(_)))
    };
    match contents.last_mut() {
        Some(last) if last.role == Some(role) && answers(&last.parts) == answers(&parts) => {
            last.parts.append(&mut parts);
        }
        Some(_) | None => contents.push(Contents {
            role: Some(role),
            parts,
        }),
    }
}

fn model<'a>(
    parts: &'a [Part<'_>],
    origin: Origin,
    names: &mut Names<'a>,
    dropped: &mut Dropped,
) -> Result<Vec<WirePart<'a>>, BadRequest> {
    let mut written = Vec::with_capacity(parts.len());
    let mut proofs = proofs::Pending::default();
    for part in parts {
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => {
                if !text.is_empty() {
                    written.push(WirePart::plain(PartData::Text(text)));
                }
            }
            Content::Reasoning {
                proof: Some(proof), ..
            }
            | Content::RedactedReasoning(proof)
                if proof.origin == origin =>
            {
                proofs.push(&proof.data);
            }
            // Without a proof of its own it is nothing to the model.
            Content::Reasoning { .. } | Content::RedactedReasoning(_) => {
                dropped.note("reasoning of earlier turns");
            }
            Content::ToolCall(call) => {
                names.insert(&call.id, &call.name);
                let signature = proofs.of_call(&mut written, dropped);
                written.push(WirePart {
                    data: PartData::FunctionCall(function_call(call)?),
                    thought_signature: signature,
                });
            }
            Content::Image(_) | Content::Document(_) | Content::Audio { .. } => {
                written.extend(media::part(&part.content, dropped).map(WirePart::plain));
            }
            Content::ToolResult(_) => {
                dropped.note("messages[].content[]: of the user in an assistant's turn");
            }
        }
    }
    proofs.of_text(&mut written, dropped);
    Ok(written)
}

fn function_call<'a>(call: &'a ToolCall<'_>) -> Result<Call<'a>, BadRequest> {
    let arguments = call.arguments.trim();
    let args: Result<&RawValue, _> = serde_json::from_str(arguments);
    let args = args.ok().filter(|_| arguments.starts_with('{'));
    Ok(Call {
        id: &call.id,
        name: &call.name,
        args: args.ok_or_else(|| BadRequest {
            message: format!(
                "the arguments of the call `{}` are not a JSON object; send one",
                call.id
            ),
            param: Some("messages".to_owned()),
        })?,
    })
}
