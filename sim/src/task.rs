//! A well-formed request, and its answer in its own format.

use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::behaviour::{Behaviour, Trouble};
use crate::format::{Endpoint, Format};
use crate::frame::Frames;
use crate::openai::completions;
use crate::openai::embeddings::{self, EmbeddingAsk};
use crate::problem::{Malformed, Problem};
use crate::steps::{self, Wrong};
use crate::{anthropic, azure, bedrock, gemini, openai, responses, token};

/// What is to be answered.
#[derive(Debug)]
pub(crate) enum Task {
    Chat(Format, Ask),
    Embeddings(Format, EmbeddingAsk),
    /// A list, a count or a token that is ready.
    Ready(Format, Value),
}

impl Task {
    /// Reads a request. `name` is the model without its behaviour.
    pub(crate) fn read(
        endpoint: Endpoint,
        head: &Parts,
        body: Option<&Value>,
        name: &str,
        models: &[String],
    ) -> Result<Self, Problem> {
        let format = endpoint.format();
        let object = || read_object(format, head, body, name).map_err(Problem::Malformed);
        if format == Format::Azure {
            azure::check(head)?;
        }
        match endpoint {
            Endpoint::Chat(_) => read_chat(format, head, object()?, name)
                .map(|ask| Self::Chat(format, ask))
                .map_err(Problem::Malformed),
            Endpoint::Embeddings(_) => embeddings::read(object()?)
                .map(|ask| Self::Embeddings(format, ask))
                .map_err(Problem::Malformed),
            Endpoint::Count(_) => read_count(format, object()?, name)
                .map(|count| Self::Ready(format, count))
                .map_err(Problem::Malformed),
            Endpoint::Token => {
                token::read(object()?).map_err(Problem::Malformed)?;
                Ok(Self::Ready(format, token::render()))
            }
            Endpoint::Models(_) => Ok(Self::Ready(format, list(format, models))),
            Endpoint::Unknown(_) => Err(Problem::NoSuchPath(format!(
                "{} {}",
                head.method,
                head.uri.path()
            ))),
        }
    }

    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Chat(format, _) | Self::Embeddings(format, _) | Self::Ready(format, _) => *format,
        }
    }

    pub(crate) fn streams(&self) -> bool {
        match self {
            Self::Chat(_, ask) => ask.stream,
            Self::Embeddings(..) | Self::Ready(..) => false,
        }
    }

    /// The answer's body when it is not streamed.
    pub(crate) fn whole(&self, behaviour: &Behaviour, model: &str) -> String {
        let (format, ask) = match self {
            Self::Chat(format, ask) => (*format, ask),
            Self::Embeddings(_, ask) => {
                return embeddings::render(ask, model, behaviour.trouble == Trouble::EmptyDone).to_string();
            }
            Self::Ready(_, value) => return value.to_string(),
        };
        let answer = Answer::compose(ask, behaviour);
        match format {
            Format::OpenAi | Format::Token => openai::reply::render(&answer, model),
            Format::Completions => completions::render(&answer, model),
            Format::Responses => responses::reply::render(answer, &ask.echo),
            Format::Azure => azure::render(&answer, model),
            Format::Anthropic => anthropic::reply::render(&answer, model),
            Format::Gemini(_) => gemini::reply::render(&answer, model),
            Format::Bedrock => bedrock::reply::render(&answer),
        }
    }

    /// The answer's events; `None` for what has none.
    pub(crate) fn frames(&self, behaviour: &Behaviour, model: &str) -> Option<Frames> {
        let (format, ask) = match self {
            Self::Chat(format, ask) => (*format, ask),
            Self::Embeddings(..) | Self::Ready(..) => return None,
        };
        let answer = Answer::compose(ask, behaviour);
        Some(match format {
            Format::OpenAi | Format::Token => openai::stream::frames(answer, model, ask.include_usage),
            Format::Completions => completions::frames(answer, model, ask.include_usage),
            Format::Responses => responses::stream::frames(answer, &ask.echo),
            Format::Azure => azure::frames(answer, model, ask.include_usage),
            Format::Anthropic => anthropic::stream::frames(answer, model),
            Format::Gemini(delivery) => gemini::stream::frames(answer, model, delivery),
            Format::Bedrock => bedrock::stream::frames(answer),
        })
    }

    /// What the answer turns into when it goes wrong.
    pub(crate) fn wrong(&self, behaviour: &Behaviour, model: &str) -> Wrong {
        Wrong {
            error: self.error(behaviour, model),
            empty: self.empty(behaviour, model),
        }
    }

    fn error(&self, behaviour: &Behaviour, model: &str) -> Bytes {
        let problem = Problem::inside_answer(behaviour);
        let format = self.format();
        if !self.streams() {
            return format.error(&problem, model).1.to_string().into();
        }
        let mid = behaviour.trouble == Trouble::ErrorMid;
        match (self, format) {
            (Self::Chat(_, ask), Format::Responses) if mid => {
                let frames = responses::stream::frames(Answer::compose(ask, behaviour), &ask.echo);
                responses::error::failed(&problem, model, &ask.echo, steps::events_before_half(frames)).into()
            }
            (_, Format::Gemini(delivery)) if mid => gemini::error::mid(&problem, model, delivery).into(),
            _ => format.error_event(&problem, model),
        }
    }

    /// Only asked for where the behaviour wants an answer without content.
    fn empty(&self, behaviour: &Behaviour, model: &str) -> Vec<Bytes> {
        let done = || vec![Bytes::from_static(openai::DONE.as_bytes())];
        if behaviour.trouble != Trouble::EmptyDone {
            return Vec::new();
        }
        match self {
            Self::Chat(Format::Anthropic, ask) => {
                anthropic::stream::empty(&Answer::compose(ask, behaviour), model)
            }
            Self::Chat(Format::Responses | Format::Gemini(_) | Format::Bedrock, _) => {
                let frames = self.frames(behaviour, model).map(|frames| frames.events);
                frames.into_iter().flatten().map(|frame| frame.bytes).collect()
            }
            Self::Chat(Format::OpenAi | Format::Completions | Format::Azure | Format::Token, _)
            | Self::Embeddings(..)
            | Self::Ready(..) => done(),
        }
    }
}

fn read_chat(format: Format, head: &Parts, body: &Value, name: &str) -> Result<Ask, Malformed> {
    match format {
        Format::OpenAi | Format::Azure | Format::Token => openai::request::read(body, name),
        Format::Completions => completions::read(body, name),
        Format::Responses => responses::request::read(body, name),
        Format::Anthropic => anthropic::request::read(body, name),
        Format::Gemini(delivery) => gemini::request::read(body, name, delivery),
        Format::Bedrock => bedrock::request::read(body, name, head.uri.path()),
    }
}

fn read_count(format: Format, body: &Value, name: &str) -> Result<Value, Malformed> {
    match format {
        Format::Gemini(_) => gemini::count(body, name),
        Format::Anthropic
        | Format::OpenAi
        | Format::Completions
        | Format::Responses
        | Format::Azure
        | Format::Bedrock
        | Format::Token => anthropic::count(body, name),
    }
}

/// The answer of `GET …/models`.
fn list(format: Format, models: &[String]) -> Value {
    match format {
        Format::Anthropic => anthropic::models(models),
        Format::Gemini(_) => gemini::models(models),
        Format::OpenAi
        | Format::Completions
        | Format::Responses
        | Format::Azure
        | Format::Bedrock
        | Format::Token => openai::models(models),
    }
}

/// What every request with a body needs: JSON, a model, and at Anthropic the version.
fn read_object<'a>(
    format: Format,
    head: &Parts,
    body: Option<&'a Value>,
    name: &str,
) -> Result<&'a Value, Malformed> {
    let (no_json, no_model) = match format {
        Format::OpenAi | Format::Completions | Format::Responses | Format::Azure | Format::Token => (
            "We could not parse the JSON body of your request.",
            Malformed::new("you must provide a model parameter"),
        ),
        Format::Anthropic => (
            "The request body is not valid JSON.",
            Malformed::new("model: Field required"),
        ),
        Format::Gemini(_) => (
            "Invalid JSON payload received. Unexpected token.",
            Malformed::new("model is not specified"),
        ),
        Format::Bedrock => (
            "The request body is not valid JSON.",
            Malformed::new("The provided model identifier is invalid."),
        ),
    };
    if format == Format::Anthropic && !head.headers.contains_key("anthropic-version") {
        return Err(Malformed::new("anthropic-version: header is required"));
    }
    let body = body
        .filter(|body| body.is_object())
        .ok_or_else(|| Malformed::new(no_json))?;
    if name.is_empty() { Err(no_model) } else { Ok(body) }
}
