//! An estimate of input tokens without a tokenizer: for rules and limits, never for bills.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::Text;

/// English prose in the common vocabularies.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// About a 1024 × 1024 image at OpenAI (765) and Anthropic (1,400).
const TOKENS_PER_MEDIUM: u64 = 1000;

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimate {
    characters: u64,
    media: u64,
    numbers: u64,
}

impl Estimate {
    /// Counts the text in messages, system prompts or inputs; images, sounds and files as such.
    pub(super) fn content(&mut self, raw: &RawValue) {
        let before = *self;
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        if (Walk { estimate: self }).deserialize(&mut deserializer).is_err() {
            // Text with half a surrogate pair, which JavaScript makes: the provider may take it.
            *self = before;
            self.verbatim(raw);
        }
    }

    /// Counts JSON that the model gets to see as it is: schemas and tool arguments.
    pub(super) fn verbatim(&mut self, raw: &RawValue) {
        self.text(raw.get());
    }

    pub(super) fn tokens(&self) -> u64 {
        self.characters.div_ceil(CHARACTERS_PER_TOKEN) + self.media * TOKENS_PER_MEDIUM
    }

    /// Numbers in the content: an embedding's input may be tokens.
    pub(super) const fn numbers(&self) -> u64 {
        self.numbers
    }

    fn text(&mut self, text: &str) {
        self.characters += text.chars().count() as u64;
    }
}

struct Walk<'e> {
    estimate: &'e mut Estimate,
}

/// What a member of an object is for.
enum Member {
    /// `type`: what the object is.
    Type,
    /// `data`: text or base64, as the type says.
    Data,
    /// JSON that the model wrote.
    Verbatim,
    /// Ids, addresses and the like.
    Marking,
    /// Anything else.
    Content,
}

impl Member {
    fn named(name: &str) -> Self {
        match name {
            "type" => Self::Type,
            "data" => Self::Data,
            "input" | "arguments" => Self::Verbatim,
            "role" | "id" | "tool_call_id" | "tool_use_id" | "url" | "file_id" | "file_data"
            | "media_type" | "format" | "detail" | "signature" | "encrypted_content" | "cache_control" => {
                Self::Marking
            }
            _ => Self::Content,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if !is_data_url(text) {
            self.estimate.text(text);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(Walk {
                estimate: &mut *self.estimate,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut data: Option<&RawValue> = None;
        let mut is_text = false;
        while let Some(Text(name)) = map.next_key()? {
            match Member::named(&name) {
                Member::Type => {
                    let kind: &RawValue = map.next_value()?;
                    is_text = kind.get() == r#""text""#;
                    self.estimate.media += u64::from(is_medium(kind.get()));
                }
                Member::Data => data = Some(map.next_value()?),
                Member::Verbatim => self.estimate.verbatim(map.next_value()?),
                Member::Marking => {
                    map.next_value::<IgnoredAny>()?;
                }
                Member::Content => {
                    map.next_value_seed(Walk {
                        estimate: &mut *self.estimate,
                    })?;
                }
            }
        }
        if let Some(data) = data.filter(|_| is_text) {
            self.estimate.verbatim(data);
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.estimate.numbers += 1;
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The `type` (in JSON) of a part in the OpenAI format, or of the source of a block in Anthropic's, that is no text.
fn is_medium(kind: &str) -> bool {
    matches!(
        kind,
        r#""image_url""# | r#""input_audio""# | r#""file""# | r#""base64""# | r#""url""# | r#""video_url""#
    )
}

fn is_data_url(text: &str) -> bool {
    let head = text.as_bytes().get(..text.len().min(256)).unwrap_or_default();
    head.starts_with(b"data:") && memchr::memmem::find(head, b";base64,").is_some()
}
