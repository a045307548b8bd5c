//! An estimate of input tokens without a tokenizer: for rules and limits, never for bills.

use serde_json::value::RawValue;

use super::scan::{Next, Scan, characters};

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

/// What a member of an object is for.
pub(super) enum Member {
    /// `type`: what the object is.
    Type,
    /// `data`: text or base64, as the type says.
    Data,
    /// JSON that the model wrote.
    Verbatim,
    /// An image, a sound or a file (Gemini).
    Medium,
    /// Ids, addresses and the like.
    Marking,
    /// Anything else.
    Content,
}

impl Member {
    pub(super) fn named(name: &[u8]) -> Self {
        match name {
            b"type" => Self::Type,
            b"data" => Self::Data,
            b"input" | b"arguments" | b"args" => Self::Verbatim,
            b"inlineData" | b"inline_data" | b"fileData" => Self::Medium,
            b"role" | b"id" | b"tool_call_id" | b"tool_use_id" | b"call_id" | b"url" | b"image_url"
            | b"file_url" | b"file_id" | b"file_data" | b"media_type" | b"format" | b"detail"
            | b"signature" | b"encrypted_content" | b"cache_control" | b"thoughtSignature"
            | b"thought_signature" => Self::Marking,
            _ => Self::Content,
        }
    }
}

impl Estimate {
    /// Counts the text in messages, system prompts or inputs; images, sounds and files as such. The value is not
    /// nested deeper than the stack allows.
    pub(super) fn content(&mut self, raw: &RawValue) {
        self.value(&mut Scan::new(raw.get().as_bytes()));
    }

    /// Counts JSON that the model gets to see as it is: schemas and tool arguments.
    pub(super) fn verbatim(&mut self, raw: &RawValue) {
        self.text(characters(raw.get().as_bytes()));
    }

    pub(super) const fn tokens(&self) -> u64 {
        self.characters.div_ceil(CHARACTERS_PER_TOKEN) + self.media * TOKENS_PER_MEDIUM
    }

    /// Images, sounds and files.
    pub(super) const fn media(&self) -> u64 {
        self.media
    }

    /// Numbers in the content: an embedding's input may be tokens.
    pub(super) const fn numbers(&self) -> u64 {
        self.numbers
    }

    fn text(&mut self, characters: usize) {
        self.characters += characters as u64;
    }

    fn value(&mut self, scan: &mut Scan<'_>) {
        match scan.next() {
            Next::Text(text) if is_data_url(text.bytes) => {}
            Next::Text(text) => self.text(text.characters()),
            Next::List => {
                while scan.item() {
                    self.value(scan);
                }
            }
            Next::Object => self.object(scan),
            Next::Number => self.numbers += 1,
            Next::Other => {}
        }
    }

    fn object(&mut self, scan: &mut Scan<'_>) {
        let mut data: &[u8] = &[];
        let mut is_text = false;
        while let Some(name) = scan.member() {
            match Member::named(name.bytes) {
                Member::Type => {
                    let kind = scan.skip();
                    is_text = kind == br#""text""#;
                    self.media += u64::from(is_medium(kind));
                }
                Member::Data => data = scan.skip(),
                Member::Verbatim => self.text(characters(scan.skip())),
                Member::Medium => {
                    scan.skip();
                    self.media += 1;
                }
                Member::Marking => {
                    let marking = scan.skip();
                    // Gemini's file is an object, OpenAI's a text.
                    self.media += u64::from(name.bytes == b"file_data" && marking.starts_with(b"{"));
                }
                Member::Content => self.value(scan),
            }
        }
        if is_text {
            self.text(characters(data));
        }
    }
}

/// The `type` (in JSON) of a part in the OpenAI format, or of the source of a block in Anthropic's, that is no text.
fn is_medium(kind: &[u8]) -> bool {
    matches!(
        kind,
        br#""image_url""#
            | br#""input_image""#
            | br#""input_audio""#
            | br#""input_file""#
            | br#""video_url""#
            | br#""file""#
            | br#""base64""#
            | br#""url""#
    )
}

fn is_data_url(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(256)).unwrap_or_default();
    head.starts_with(b"data:") && memchr::memmem::find(head, b";base64,").is_some()
}
