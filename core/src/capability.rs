//! What a request needs of a model, and what models can do.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::intake::Intake;
use crate::price::ModelGlob;

/// Something that not every model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Capability {
    /// Reads images, sounds and files.
    Images,
    /// Calls tools.
    Tools,
    /// Answers by a JSON schema.
    JsonSchema,
}

impl Capability {
    /// For people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Tools => "tools",
            Self::JsonSchema => "JSON schemas",
        }
    }
}

/// What a provider key says of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityRow {
    /// Which models.
    pub model: ModelGlob,
    /// The most tokens of a request and its answer; `None`: as the price book says.
    pub context_window: Option<u64>,
    /// What they cannot do.
    pub lacks: BTreeSet<Capability>,
}

/// What one model can do, as far as is known. What nobody denies it is taken to be able to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The most tokens of a request and its answer.
    pub context_window: Option<u64>,
    /// What it cannot do.
    pub lacks: BTreeSet<Capability>,
}

impl Capabilities {
    /// By the first row that matches the model, and what the price book knows of its window.
    pub fn of(rows: &[CapabilityRow], model: &str, window: Option<u64>) -> Self {
        let row = rows.iter().find(|row| row.model.matches(model));
        Self {
            context_window: row.and_then(|row| row.context_window).or(window),
            lacks: row.map(|row| row.lacks.clone()).unwrap_or_default(),
        }
    }
}

/// What a request needs of the model that serves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Input tokens, estimated.
    pub input_tokens: u64,
    /// The most output tokens that it allows, where it says.
    pub max_output: Option<u64>,
    /// What the model has to be able to do.
    pub abilities: BTreeSet<Capability>,
}

/// Why a model cannot serve a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The request does not fit the context window.
    Window {
        /// Input tokens, estimated.
        tokens: u64,
        /// What the model takes.
        window: u64,
    },
    /// The model cannot do this.
    Lacks(Capability),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window { tokens, window } => {
                write!(f, "about {tokens} tokens do not fit its window of {window}")
            }
            Self::Lacks(capability) => write!(f, "it does not take {}", capability.as_str()),
        }
    }
}

impl Needs {
    /// Of a request.
    pub fn of(intake: &Intake) -> Self {
        let schema = intake
            .json_schema
            .as_ref()
            .is_some_and(serde_json::Value::is_object);
        let abilities = [
            (Capability::Images, intake.media > 0),
            (Capability::Tools, !intake.tools.is_empty()),
            (Capability::JsonSchema, schema),
        ];
        Self {
            input_tokens: intake.input_tokens,
            max_output: intake.max_output,
            abilities: abilities
                .into_iter()
                .filter_map(|(ability, needed)| needed.then_some(ability))
                .collect(),
        }
    }

    /// Why such a model cannot serve the request; `None`: it can, as far as is known. The window is held against the
    /// input alone: what the answer may add is a bound, seldom used up.
    pub fn unfit(&self, model: &Capabilities) -> Option<Unfit> {
        let lacking = self.abilities.intersection(&model.lacks).next().copied();
        lacking.map(Unfit::Lacks).or_else(|| {
            let window = model
                .context_window
                .filter(|window| self.input_tokens > *window)?;
            Some(Unfit::Window {
                tokens: self.input_tokens,
                window,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, context_window: Option<u64>, lacks: &[Capability]) -> CapabilityRow {
        CapabilityRow {
            model: ModelGlob::from(model),
            context_window,
            lacks: lacks.iter().copied().collect(),
        }
    }

    #[test]
    fn the_first_row_that_matches_counts_and_the_book_fills_in() {
        let rows = [
            row("llama-*", None, &[Capability::Images]),
            row("*", Some(8_000), &[]),
        ];
        let llama = Capabilities::of(&rows, "llama-3", Some(128_000));
        assert_eq!(llama.context_window, Some(128_000));
        assert!(llama.lacks.contains(&Capability::Images));
        let other = Capabilities::of(&rows, "other", Some(128_000));
        assert_eq!(other.context_window, Some(8_000));
        assert!(other.lacks.is_empty());
    }

    #[test]
    fn says_what_is_in_the_way() {
        let needs = Needs {
            input_tokens: 9_000,
            abilities: [Capability::Tools].into(),
            ..Needs::default()
        };
        let small = Capabilities::of(&[row("*", Some(8_000), &[])], "m", None);
        let unfit = needs.unfit(&small).expect("too small");
        assert_eq!(
            unfit.to_string(),
            "about 9000 tokens do not fit its window of 8000"
        );
        let toolless = Capabilities::of(&[row("*", None, &[Capability::Tools])], "m", None);
        assert_eq!(needs.unfit(&toolless), Some(Unfit::Lacks(Capability::Tools)));
        let able = Capabilities::of(&[row("*", Some(9_000), &[Capability::Images])], "m", None);
        assert_eq!(needs.unfit(&able), None);
        assert_eq!(needs.unfit(&Capabilities::default()), None, "unknown is able");
    }

    #[test]
    fn a_request_tells_its_needs() {
        let body = r#"{"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url",
            "image_url": {"url": "https://a.test/b.png"}}]}], "tools": [{"type": "function", "function": {"name": "f"}}],
            "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}}"#;
        let intake = Intake::read(crate::format::WireFormat::OpenAIChat, body.into()).expect("a request");
        let needs = Needs::of(&intake);
        assert_eq!(needs.abilities.len(), 3);
        let plain = r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}],
            "response_format": {"type": "json_object"}}"#;
        let intake = Intake::read(crate::format::WireFormat::OpenAIChat, plain.into()).expect("a request");
        assert!(Needs::of(&intake).abilities.is_empty());
    }
}
