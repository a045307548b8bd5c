//! A well-formed request, and its answer in its own format.

use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::behaviour::{Behaviour, Trouble};
use crate::format::{Endpoint, Format};
use crate::frame::Frames;
use crate::openai::embeddings::{self, EmbeddingAsk};
use crate::problem::{Malformed, Problem};
use crate::steps::Wrong;
use crate::{anthropic, openai};

/// What is to be answered.
#[derive(Debug)]
pub(crate) enum Task {
    Chat(Format, Ask),
    Embeddings(EmbeddingAsk),
    /// A list that is ready.
    Models(Format, Value),
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
        match endpoint {
            Endpoint::Chat(Format::OpenAi) => {
                let ask = openai::request::read(object()?, name).map_err(Problem::Malformed)?;
                Ok(Self::Chat(format, ask))
            }
            Endpoint::Chat(Format::Anthropic) => {
                let ask = anthropic::request::read(object()?, name).map_err(Problem::Malformed)?;
                Ok(Self::Chat(format, ask))
            }
            Endpoint::Embeddings => Ok(Self::Embeddings(
                embeddings::read(object()?).map_err(Problem::Malformed)?,
            )),
            Endpoint::Models(Format::OpenAi) => Ok(Self::Models(format, openai::models(models))),
            Endpoint::Models(Format::Anthropic) => Ok(Self::Models(format, anthropic::models(models))),
            Endpoint::Unknown(_) => Err(Problem::NoSuchPath(format!(
                "{} {}",
                head.method,
                head.uri.path()
            ))),
        }
    }

    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Chat(format, _) | Self::Models(format, _) => *format,
            Self::Embeddings(_) => Format::OpenAi,
        }
    }

    pub(crate) fn streams(&self) -> bool {
        match self {
            Self::Chat(_, ask) => ask.stream,
            Self::Embeddings(_) | Self::Models(..) => false,
        }
    }

    /// The answer's body when it is not streamed.
    pub(crate) fn whole(&self, behaviour: &Behaviour, model: &str) -> String {
        match self {
            Self::Chat(Format::OpenAi, ask) => openai::reply::render(&Answer::compose(ask, behaviour), model),
            Self::Chat(Format::Anthropic, ask) => {
                anthropic::reply::render(&Answer::compose(ask, behaviour), model)
            }
            Self::Embeddings(ask) => {
                embeddings::render(ask, model, behaviour.trouble == Trouble::EmptyDone).to_string()
            }
            Self::Models(_, list) => list.to_string(),
        }
    }

    /// The answer's events; `None` for what has none.
    pub(crate) fn frames(&self, behaviour: &Behaviour, model: &str) -> Option<Frames> {
        match self {
            Self::Chat(Format::OpenAi, ask) => Some(openai::stream::frames(
                Answer::compose(ask, behaviour),
                model,
                ask.include_usage,
            )),
            Self::Chat(Format::Anthropic, ask) => {
                Some(anthropic::stream::frames(Answer::compose(ask, behaviour), model))
            }
            Self::Embeddings(_) | Self::Models(..) => None,
        }
    }

    /// What the answer turns into when it goes wrong.
    pub(crate) fn wrong(&self, behaviour: &Behaviour, model: &str) -> Wrong {
        let problem = Problem::inside_answer(behaviour);
        let format = self.format();
        let error = if self.streams() {
            format.error_event(&problem, model)
        } else {
            format.error(&problem, model).1.to_string()
        };
        let empty = match self {
            Self::Chat(Format::Anthropic, ask) => {
                anthropic::stream::empty(&Answer::compose(ask, behaviour), model)
            }
            Self::Chat(Format::OpenAi, _) | Self::Embeddings(_) | Self::Models(..) => {
                vec![Bytes::from_static(openai::DONE.as_bytes())]
            }
        };
        Wrong {
            error: error.into(),
            empty,
        }
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
        Format::OpenAi => (
            "We could not parse the JSON body of your request.",
            Malformed::new("you must provide a model parameter"),
        ),
        Format::Anthropic => (
            "The request body is not valid JSON.",
            Malformed::new("model: Field required"),
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
