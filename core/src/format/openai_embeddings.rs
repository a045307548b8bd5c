//! OpenAI embeddings: answers pass as they are, and are read for their model and usage only.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client_error::in_band;
use crate::event::{Event, Start};
use crate::format::lenient::Text;
use crate::format::openai_chat::read_usage;
use crate::format::reading::{NotAnAnswer, Notes, Read, Sink};
use crate::vendor::ReasoningCount;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embeddings<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Reads embeddings.
#[derive(Debug)]
pub(crate) struct Reader;

impl Read for Reader {
    fn read(&mut self, _: &[u8], _: &[u8], _: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        Err(NotAnAnswer)
    }

    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        read_whole(body, sink)
    }

    fn complete(&self) -> bool {
        false
    }

    fn end(&mut self, _: Sink<'_>) {}
}

fn read_whole(body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
    let answer: Embeddings<'_> = serde_json::from_slice(body).map_err(|_| NotAnAnswer)?;
    if answer.error.is_some() {
        sink(Event::Error(in_band(body)));
        return Ok(());
    }
    let vectors = answer.data.ok_or(NotAnAnswer)?;
    let (id, model) = (
        Cow::Borrowed(answer.id.as_str()),
        Cow::Borrowed(answer.model.as_str()),
    );
    sink(Event::Start(Start {
        id,
        model,
        created: None,
    }));
    if let Some(report) = answer
        .usage
        .and_then(|usage| read_usage(usage, ReasoningCount::Included, None))
    {
        sink(Event::Usage(report));
    }
    if vectors.get().contains('{') {
        sink(Event::Opaque { choice: 0 });
    }
    sink(Event::End);
    Ok(())
}
