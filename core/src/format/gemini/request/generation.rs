//! `generationConfig`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::values::{count, object, one_or_more, whole, word};
use crate::chat::reasoning::{Effort, Reasoning};
use crate::chat::{Answer, Dropped, JsonSchema, Sampling};
use crate::intake::{BadRequest, Kind, Object, Path, text};

/// How to generate.
#[derive(Default)]
pub(super) struct Generation<'a> {
    pub(super) max_tokens: Option<u64>,
    pub(super) sampling: Sampling,
    pub(super) stop: Vec<Cow<'a, str>>,
    pub(super) answer: Answer<'a>,
    pub(super) reasoning: Option<Reasoning>,
}

pub(super) fn read<'a>(
    members: &mut Object<'a, '_>,
    dropped: &mut Dropped,
) -> Result<Generation<'a>, BadRequest> {
    let path = members.member("generationConfig");
    let Some(raw) = members.raw("generationConfig") else {
        return Ok(Generation::default());
    };
    let mut config = object(raw, &path)?;
    let generation = Generation {
        max_tokens: count(&mut config, "maxOutputTokens")?,
        sampling: sampling(&mut config)?,
        stop: stop(&mut config, &path)?,
        answer: answer(&mut config, dropped)?,
        reasoning: reasoning(&mut config, &path, dropped)?,
    };
    modalities(&mut config, &path, dropped)?;
    for name in config.leftover() {
        dropped.note(format!("generationConfig.{name}"));
    }
    Ok(generation)
}

fn sampling(config: &mut Object<'_, '_>) -> Result<Sampling, BadRequest> {
    Ok(Sampling {
        temperature: config.decimal("temperature")?,
        top_p: config.decimal("topP")?,
        top_k: count(config, "topK")?,
        seed: whole(config, "seed")?,
        n: count(config, "candidateCount")?,
        frequency_penalty: config.decimal("frequencyPenalty")?,
        presence_penalty: config.decimal("presencePenalty")?,
        logprobs: config.flag("responseLogprobs")?,
        top_logprobs: count(config, "logprobs")?,
    })
}

fn stop<'a>(config: &mut Object<'a, '_>, path: &Path<'_>) -> Result<Vec<Cow<'a, str>>, BadRequest> {
    let list = path.member("stopSequences");
    let raw = config.raw("stopSequences");
    let items = raw.map(|raw| one_or_more(raw, &list)).transpose()?;
    let item = |(index, raw): (usize, &'a RawValue)| text(raw, &list.item(index));
    items
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(item)
        .collect()
}

/// Google holds its models to a schema that is given.
fn answer<'a>(config: &mut Object<'a, '_>, dropped: &mut Dropped) -> Result<Answer<'a>, BadRequest> {
    let given = config.raw("responseJsonSchema");
    let schema = given.or(config.raw("responseSchema"));
    // Vertex' older name for the first.
    let schema = schema.or(config.raw("responseFormatSchema"));
    let kind = config.text("responseMimeType")?;
    Ok(match (kind.as_deref(), schema) {
        (Some("application/json"), None) => Answer::JsonObject,
        (Some("application/json") | None, Some(schema)) => Answer::JsonSchema(JsonSchema {
            name: None,
            description: None,
            schema,
            strict: true,
        }),
        (None | Some("" | "text/plain"), _) => Answer::Text,
        (Some(_), _) => {
            dropped.note("generationConfig.responseMimeType");
            Answer::Text
        }
    })
}

fn reasoning(
    config: &mut Object<'_, '_>,
    path: &Path<'_>,
    dropped: &mut Dropped,
) -> Result<Option<Reasoning>, BadRequest> {
    let path = path.member("thinkingConfig");
    let Some(raw) = config.raw("thinkingConfig") else {
        return Ok(None);
    };
    let mut thinking = object(raw, &path)?;
    let shown = thinking.flag("includeThoughts")?;
    let budget = whole(&mut thinking, "thinkingBudget")?;
    let level = word(&mut thinking, "thinkingLevel")?;
    let level = level.filter(|level| level != "THINKING_LEVEL_UNSPECIFIED");
    if let Some(level) = level {
        let effort = Effort::named(&level.to_ascii_lowercase());
        if effort.is_none() {
            dropped.note("generationConfig.thinkingConfig.thinkingLevel");
        }
        return Ok(effort.map(Reasoning::Effort));
    }
    Ok(match (budget, shown) {
        (Some(0), _) => Some(Reasoning::Off),
        (Some(budget), _) => Some(u64::try_from(budget).map_or(Reasoning::On, Reasoning::Budget)),
        // Thinking is the default; to see it is a wish for it.
        (None, Some(true)) => Some(Reasoning::On),
        (None, _) => None,
    })
}

/// Text is what everybody answers in.
fn modalities(config: &mut Object<'_, '_>, path: &Path<'_>, dropped: &mut Dropped) -> Result<(), BadRequest> {
    let list = path.member("responseModalities");
    let raw = config.raw("responseModalities");
    let wanted = raw.map(|raw| one_or_more(raw, &list)).transpose()?;
    let text = |raw: &RawValue| match Kind::of(raw) {
        Kind::Text => raw.get().eq_ignore_ascii_case("\"text\""),
        Kind::Number => raw.get() == "1",
        Kind::Null | Kind::Bool | Kind::List | Kind::Object => false,
    };
    if !wanted.unwrap_or_default().into_iter().all(text) {
        dropped.note("generationConfig.responseModalities");
    }
    Ok(())
}
