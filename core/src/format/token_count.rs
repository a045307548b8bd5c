//! Counts of tokens as Anthropic tells them: they pass as they are.

use serde::Deserialize;

use crate::client_error::in_band;
use crate::event::{Event, Start};
use crate::format::reading::{NotAnAnswer, Notes, Read, Sink};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counted<'a> {
    input_tokens: Option<u64>,
    #[serde(borrow)]
    error: Option<&'a serde_json::value::RawValue>,
}

/// Reads a count. Counting is not billed: no usage is told.
#[derive(Debug)]
pub(crate) struct Reader;

impl Read for Reader {
    fn read(&mut self, _: &[u8], _: &[u8], _: Sink<'_>) -> Result<Notes, NotAnAnswer> {
        Err(NotAnAnswer)
    }

    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer> {
        let counted: Counted<'_> = serde_json::from_slice(body).map_err(|_| NotAnAnswer)?;
        if counted.error.is_some() {
            sink(Event::Error(in_band(body)));
            return Ok(());
        }
        counted.input_tokens.ok_or(NotAnAnswer)?;
        sink(Event::Start(Start::default()));
        sink(Event::Opaque { choice: 0 });
        sink(Event::Usage(crate::usage::Report::default()));
        sink(Event::End);
        Ok(())
    }

    fn complete(&self) -> bool {
        false
    }

    fn end(&mut self, _: Sink<'_>) {}
}
