//! What the readers of all formats share.

use serde_json::value::RawValue;

use crate::event::Event;
use crate::money::Ticks;

/// Takes the events of an answer, in order.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(Event<'_>);

/// Reads one answer of a provider's format into events.
pub(crate) trait Read: std::fmt::Debug + Send {
    /// Reads one piece of a stream: its name, where the framing has one (an SSE event, the type of an event stream's
    /// message), and its data.
    fn read(&mut self, name: &[u8], data: &[u8], sink: Sink<'_>) -> Result<Notes, NotAnAnswer>;

    /// Reads a whole answer.
    fn read_whole(&mut self, body: &[u8], sink: Sink<'_>) -> Result<(), NotAnAnswer>;

    /// Whether every choice that came has told how it ended.
    fn complete(&self) -> bool;

    /// The provider has said all: tells what is still to be told, and the end. Only the first time counts.
    fn end(&mut self, sink: Sink<'_>);
}

/// The bytes are not in the provider's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an answer in the provider's format")]
pub(crate) struct NotAnAnswer;

/// What a relay that passes bytes through has to know of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Usage and nothing else.
    pub(crate) usage_only: bool,
    /// It tells an error in the format's own way.
    pub(crate) error: bool,
    /// Where the cost of the call may be told.
    pub(crate) cost: Option<CostPlace>,
}

/// Where in a frame's data a `cost` member fits: right behind the brace that opens its `usage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CostPlace {
    /// Offset in the data.
    pub(crate) at: usize,
    /// Whether it would be the only member.
    pub(crate) alone: bool,
}

impl CostPlace {
    /// The place in a `usage` object that lies in `base`, unless it already tells a cost.
    pub(crate) fn find(base: &[u8], usage: &RawValue) -> Option<Self> {
        let text = usage.get();
        let inside = text.strip_prefix('{')?;
        if text.contains("\"cost\"") {
            return None;
        }
        let at = text.as_ptr().addr().checked_sub(base.as_ptr().addr())? + 1;
        Some(Self {
            at,
            alone: inside.trim_ascii_start().starts_with('}'),
        })
    }

    /// The text to put there.
    pub(crate) fn member(self, cost: Ticks) -> String {
        format!("\"cost\":{}{}", cost.usd(), if self.alone { "" } else { "," })
    }
}
