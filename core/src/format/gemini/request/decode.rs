//! A client's request into the neutral model.

use super::{contents, generation, tools};
use crate::chat::{Dropped, Request};
use crate::intake::{BadRequest, Object, Path};

/// Reads a request whose schemas are [plain](super::plain). What the neutral model has no place for is noted in
/// [`Request::dropped`]: Google's own tools, safety settings, cached contents.
pub(crate) fn decode(body: &str) -> Result<Request<'_>, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?.in_camel_case();
    let mut dropped = Dropped::default();
    let turns = contents::turns(&mut members, &mut dropped)?;
    let mut declared = tools::declared(&mut members, &mut dropped)?;
    let tool_choice = tools::choice(&mut members, &mut declared, &mut dropped)?;
    let generation = generation::read(&mut members, &mut dropped)?;
    // The path names it.
    members.raw("model");
    for name in members.leftover() {
        dropped.note(name.into_owned());
    }
    Ok(Request {
        turns,
        tools: declared,
        tool_choice,
        max_tokens: generation.max_tokens,
        sampling: generation.sampling,
        stop: generation.stop,
        answer: generation.answer,
        reasoning: generation.reasoning,
        dropped,
        ..Request::default()
    })
}
