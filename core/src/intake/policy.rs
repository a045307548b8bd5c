//! The members that policy needs, per format.

mod anthropic;
mod chat;
mod completions;
mod converse;
mod gemini;
mod responses;

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

use super::BadRequest;
use super::object::{Kind, Object, Path, Text, items, text};
use super::scan::Scan;
use super::splice::{self, Edit};
use super::tokens::Estimate;
use crate::endpoint::Asked;
use crate::format::{Framing, WireFormat};

/// As deep as `serde_json` reads, and deeper than any schema in use.
const DEEPEST: usize = 128;

/// What policy wants to know of a request.
pub(super) struct Policy {
    pub(super) model: String,
    /// Where the body names it; `None`: the path does.
    pub(super) model_at: Option<Range<usize>>,
    pub(super) framing: Framing,
    pub(super) include_usage: bool,
    pub(super) ask_for_usage: Option<Edit>,
    pub(super) tools: Vec<String>,
    pub(super) max_output: Option<u64>,
    pub(super) input_tokens: u64,
    pub(super) media: u64,
    pub(super) json_schema: Option<serde_json::Value>,
    pub(super) metadata: BTreeMap<String, String>,
}

pub(super) fn read(asked: &Asked, body: &str) -> Result<Policy, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    if Scan::new(body.as_bytes()).nesting() > DEEPEST {
        return Err(root.error(format_args!("is nested deeper than {DEEPEST} levels; flatten it")));
    }
    let (model, model_at) = match &asked.model {
        Some(model) => (model.clone(), None),
        None => named(body, &mut members)?,
    };
    let metadata = match asked.format {
        WireFormat::GeminiGenerate | WireFormat::BedrockConverse => BTreeMap::new(),
        WireFormat::OpenAIChat
        | WireFormat::OpenAIResponses
        | WireFormat::OpenAICompletions
        | WireFormat::OpenAIEmbeddings
        | WireFormat::AnthropicMessages
        | WireFormat::AnthropicTokens => metadata(&mut members)?,
    };
    let mut policy = Policy {
        model,
        model_at,
        framing: asked.framing.unwrap_or(Framing::Whole),
        include_usage: false,
        ask_for_usage: None,
        tools: Vec::new(),
        max_output: None,
        input_tokens: 0,
        media: 0,
        json_schema: None,
        metadata,
    };
    match asked.format {
        WireFormat::OpenAIChat => chat::read(&mut policy, body, &mut members)?,
        WireFormat::OpenAIResponses => responses::read(&mut policy, &mut members)?,
        WireFormat::OpenAICompletions => completions::read(&mut policy, body, &mut members)?,
        WireFormat::AnthropicMessages | WireFormat::AnthropicTokens => {
            anthropic::read(&mut policy, &mut members)?;
        }
        WireFormat::GeminiGenerate => gemini::read(&mut policy, body)?,
        WireFormat::BedrockConverse => converse::read(&mut policy, &mut members)?,
        WireFormat::OpenAIEmbeddings => {
            let input = members
                .raw("input")
                .ok_or_else(|| members.missing("input", "the text to embed"))?;
            let mut estimate = Estimate::default();
            estimate.content(input);
            policy.input_tokens = estimate.tokens() + estimate.numbers();
        }
    }
    Ok(policy)
}

/// The model that a body names, and where.
fn named(body: &str, members: &mut Object<'_, '_>) -> Result<(String, Option<Range<usize>>), BadRequest> {
    let named = members
        .raw("model")
        .ok_or_else(|| members.missing("model", "the name of a model"))?;
    let model = text(named, &members.member("model"))?.into_owned();
    if model.is_empty() {
        return Err(members
            .member("model")
            .error("is empty; send the name of a model"));
    }
    Ok((model, Some(splice::span(body, named))))
}

impl Policy {
    /// Whether a stream with usage is asked for in OpenAI's way; where only the usage is not, the edit that does.
    fn streamed_with_usage(&mut self, body: &str, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
        if self.streamed(members)? {
            let options = members.even_null("stream_options");
            self.ask_for_usage = splice::ask_for_usage(body, options, &members.member("stream_options"))?;
            self.include_usage = self.ask_for_usage.is_none();
        }
        Ok(())
    }

    /// What the content comes to.
    fn counted(&mut self, estimate: &Estimate) {
        self.input_tokens = estimate.tokens();
        self.media = estimate.media();
    }

    /// Whether a stream is asked for by the member `stream`.
    fn streamed(&mut self, members: &mut Object<'_, '_>) -> Result<bool, BadRequest> {
        let stream = members.flag("stream")?.unwrap_or(false);
        if stream {
            self.framing = Framing::Sse;
        }
        Ok(stream)
    }
}

/// The list of messages: what is in it is the provider's to judge.
fn messages(members: &mut Object<'_, '_>) -> Result<Estimate, BadRequest> {
    let messages = members
        .raw("messages")
        .ok_or_else(|| members.missing("messages", "a list of messages"))?;
    if Kind::of(messages) != Kind::List {
        return Err(members
            .member("messages")
            .mismatch(messages, "a list of messages"));
    }
    let mut estimate = Estimate::default();
    estimate.content(messages);
    Ok(estimate)
}

/// The names of tools of both formats; a provider's own tool without a name goes by its type.
fn tools(members: &mut Object<'_, '_>, estimate: &mut Estimate) -> Result<Vec<String>, BadRequest> {
    let mut names = Vec::new();
    for list in ["tools", "functions"] {
        let Some(raw) = members.raw(list) else { continue };
        estimate.verbatim(raw);
        let path = members.member(list);
        for (index, raw) in items(raw, &path)?.into_iter().enumerate() {
            let path = path.item(index);
            let mut tool = Object::read(raw, &path)?;
            let inner = path.member("function");
            let function = tool.object("function", &inner)?;
            let name = function
                .map(|mut function| function.text("name"))
                .transpose()?
                .flatten();
            let name = match name {
                Some(name) => Some(name),
                None => tool.text("name")?,
            };
            let name = match name {
                Some(name) => Some(name),
                None => tool.text("type")?,
            };
            names.extend(name.map(std::borrow::Cow::into_owned));
        }
    }
    Ok(names)
}

/// A bound on the output. Some servers take -1 for none.
fn bound(members: &mut Object<'_, '_>, name: &str) -> Result<Option<u64>, BadRequest> {
    let number: Option<serde_json::Number> = members.typed(name, "a whole number")?;
    Ok(number.and_then(|number| number.as_u64()))
}

fn schema_of(wrapper: &mut Object<'_, '_>) -> Result<Option<serde_json::Value>, BadRequest> {
    let schema: Option<&RawValue> = wrapper.typed("schema", "a JSON schema")?;
    Ok(schema.and_then(|schema| kept_schema(schema.get())))
}

/// A schema as a value takes up to twenty times its text. None in use is nearly as long (OpenAI takes 120,000 characters);
/// a longer one is the provider's to judge, and answers are not.
fn kept_schema(text: &str) -> Option<serde_json::Value> {
    const LONGEST: usize = 1 << 20;
    (text.len() <= LONGEST)
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

/// The members of `metadata` that are text, and `user`.
fn metadata(members: &mut Object<'_, '_>) -> Result<BTreeMap<String, String>, BadRequest> {
    let mut metadata = BTreeMap::new();
    if let Some(user) = members.text("user")? {
        metadata.insert("user".to_owned(), user.into_owned());
    }
    let given: Option<BTreeMap<Text<'_>, &RawValue>> = members.typed("metadata", "an object")?;
    for (Text(name), raw) in given.unwrap_or_default() {
        if Kind::of(raw) == Kind::Text {
            let value = text(raw, &members.member("metadata"))?;
            metadata.insert(name.into_owned(), value.into_owned());
        }
    }
    Ok(metadata)
}
