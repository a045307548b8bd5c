//! Recorded exchanges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use wayleave_core::format::WireFormat;
use wayleave_core::vendor::{Quirks, Vendor};

/// One recorded answer.
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) format: WireFormat,
    pub(crate) stream: bool,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    headers: BTreeMap<String, String>,
}

impl Exchange {
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type").map(String::as_str)
    }

    /// The deviations of the vendor; of a plain server where the table has no row for it.
    pub(crate) fn quirks(&self) -> Quirks {
        let vendor = Vendor::named(match self.provider.as_str() {
            "openai" => "OpenAI",
            "anthropic" => "Anthropic",
            "gemini" => "Gemini",
            "groq" => "Groq",
            "cerebras" => "Cerebras",
            "mistral" => "Mistral",
            "xai" => "XAI",
            "openrouter" => "OpenRouter",
            _ => "Custom",
        });
        vendor.expect("a row of the table").quirks
    }

    /// The body in pieces of these lengths.
    pub(crate) fn cut(&self, mut length: impl FnMut() -> usize) -> impl Iterator<Item = Bytes> {
        let mut rest = self.body.clone();
        std::iter::from_fn(move || (!rest.is_empty()).then(|| rest.split_to(length().min(rest.len()))))
    }

    fn read(folder: &Path, entry: &Value) -> Option<Self> {
        let format = match entry["endpoint"].as_str()? {
            "chat.completions" => WireFormat::OpenAIChat,
            "messages" => WireFormat::AnthropicMessages,
            _ => return None,
        };
        let file = folder.join(entry["file"].as_str()?);
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let exchange: Value = serde_json::from_str(&text).expect("an exchange is JSON");
        let response = &exchange["response"];
        let body = match (&response["body"], &response["body_text"], &response["sse"]) {
            (Value::Null, Value::Null, Value::Array(lines)) => lines
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("\n"),
            (Value::Null, Value::String(text), _) => text.clone(),
            (body, _, _) => body.to_string(),
        };
        Some(Self {
            id: exchange["id"].as_str()?.to_owned(),
            provider: exchange["provider"].as_str()?.to_owned(),
            format,
            stream: exchange["stream"].as_bool()?,
            status: u16::try_from(response["status"].as_u64()?).ok()?,
            body: Bytes::from(body),
            headers: serde_json::from_value(response["headers"].clone()).expect("headers are texts"),
        })
    }
}

/// All exchanges of the chat endpoints. `None`: the folder is absent, and that is fine here.
pub(crate) fn load() -> Option<Vec<Exchange>> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("WAYLEAVE_FIXTURES")
        .map_or_else(|| crate_folder.join("../../shared/fixtures"), PathBuf::from);
    let Ok(index) = std::fs::read_to_string(folder.join("index.json")) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no recorded exchanges at {}",
            folder.display()
        );
        println!(
            "skipped: no recorded exchanges at {} (set WAYLEAVE_FIXTURES)",
            folder.display()
        );
        return None;
    };
    let index: Vec<Value> = serde_json::from_str(&index).expect("the index is JSON");
    Some(
        index
            .iter()
            .filter_map(|entry| Exchange::read(&folder, entry))
            .collect(),
    )
}

/// The exchanges that are not handled, by id, with the reason.
pub(crate) fn exceptions() -> BTreeMap<String, String> {
    let lines = include_str!("exceptions.txt").lines();
    let entries = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    entries
        .map(|line| {
            let (id, reason) = line.split_once(' ').expect("an id and a reason");
            (id.to_owned(), reason.to_owned())
        })
        .collect()
}
