//! The members that policy needs, per format.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::value::RawValue;

use super::BadRequest;
use super::object::{Kind, Object, Path, Text, items, text};
use super::scan::Scan;
use super::splice::{self, Edit};
use super::tokens::Estimate;
use crate::format::WireFormat;

/// As deep as `serde_json` reads, and deeper than any schema in use.
const DEEPEST: usize = 128;

/// What policy wants to know of a request.
pub(super) struct Policy {
    pub(super) model: String,
    pub(super) model_at: Range<usize>,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) ask_for_usage: Option<Edit>,
    pub(super) tools: Vec<String>,
    pub(super) max_output: Option<u64>,
    pub(super) input_tokens: u64,
    pub(super) json_schema: Option<serde_json::Value>,
    pub(super) metadata: BTreeMap<String, String>,
}

pub(super) fn read(format: WireFormat, body: &str) -> Result<Policy, BadRequest> {
    let root = Path::Root;
    let mut members = Object::root(body, &root)?;
    if Scan::new(body.as_bytes()).nesting() > DEEPEST {
        return Err(root.error(format_args!("is nested deeper than {DEEPEST} levels; flatten it")));
    }
    let named = members
        .raw("model")
        .ok_or_else(|| members.missing("model", "the name of a model"))?;
    let model = text(named, &members.member("model"))?.into_owned();
    if model.is_empty() {
        return Err(members
            .member("model")
            .error("is empty; send the name of a model"));
    }
    let mut policy = Policy {
        model,
        model_at: splice::span(body, named),
        stream: false,
        include_usage: false,
        ask_for_usage: None,
        tools: Vec::new(),
        max_output: None,
        input_tokens: 0,
        json_schema: None,
        metadata: metadata(&mut members)?,
    };
    match format {
        WireFormat::OpenAIChat => openai_chat(&mut policy, body, &mut members)?,
        WireFormat::AnthropicMessages => anthropic(&mut policy, &mut members)?,
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

fn openai_chat(policy: &mut Policy, body: &str, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    let mut estimate = messages(members)?;
    policy.tools = tools(members, &mut estimate)?;
    policy.input_tokens = estimate.tokens();
    policy.stream = members.flag("stream")?.unwrap_or(false);
    if policy.stream {
        let options = members.even_null("stream_options");
        policy.ask_for_usage = splice::ask_for_usage(body, options, &members.member("stream_options"))?;
        policy.include_usage = policy.ask_for_usage.is_none();
    }
    let newer = bound(members, "max_completion_tokens")?;
    policy.max_output = newer.or(bound(members, "max_tokens")?);
    let path = members.member("response_format");
    if let Some(mut format) = members.object("response_format", &path)? {
        policy.json_schema = match format.text("type")?.as_deref() {
            Some("json_object") => Some(serde_json::Value::Bool(true)),
            Some("json_schema") => {
                let path = path.member("json_schema");
                let schema = format.object("json_schema", &path)?;
                schema
                    .map(|mut wrapper| schema_of(&mut wrapper))
                    .transpose()?
                    .flatten()
            }
            Some(_) | None => None,
        };
    }
    Ok(())
}

fn anthropic(policy: &mut Policy, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    let mut estimate = messages(members)?;
    if let Some(system) = members.raw("system") {
        estimate.content(system);
    }
    policy.tools = tools(members, &mut estimate)?;
    policy.input_tokens = estimate.tokens();
    policy.stream = members.flag("stream")?.unwrap_or(false);
    policy.include_usage = policy.stream;
    policy.max_output = bound(members, "max_tokens")?;
    let path = members.member("output_config");
    let format_path = path.member("format");
    let older_path = members.member("output_format");
    let current = members.object("output_config", &path)?;
    let current = current
        .map(|mut config| config.object("format", &format_path))
        .transpose()?
        .flatten();
    if let Some(mut format) = current.or(members.object("output_format", &older_path)?) {
        policy.json_schema = schema_of(&mut format)?;
    }
    Ok(())
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
    wrapper.typed("schema", "a JSON schema")
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
