//! Recorded exchanges.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use wayleave_core::format::WireFormat;
use wayleave_core::vendor::{Quirks, Vendor};

use crate::api::{Api, Frames};

/// One recorded answer.
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) api: Api,
    pub(crate) frames: Frames,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// What the recording says that it shows.
    pub(crate) features: Vec<String>,
    /// The frames of an AWS event stream as the recording decoded them.
    pub(crate) events: Vec<Value>,
    headers: BTreeMap<String, String>,
}

impl Exchange {
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type").map(String::as_str)
    }

    /// The headers that are recorded.
    pub(crate) fn headers(&self) -> HeaderMap {
        let entry = |(name, value): (&String, &String)| Some((name.parse().ok()?, value.parse().ok()?));
        self.headers.iter().filter_map(entry).collect()
    }

    /// In the relay's words; only for what the relay speaks.
    pub(crate) fn format(&self) -> WireFormat {
        self.api.format().expect("a format of the relay")
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.frames != Frames::Whole
    }

    pub(crate) fn shows(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
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
            "bedrock" => "Bedrock",
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
        let api = Api::asked_at(entry["endpoint"].as_str()?)?;
        let features: Vec<String> = serde_json::from_value(entry["features"].clone()).ok()?;
        // OpenAI's report of usage is recorded under the endpoint that it reports about.
        if api == Api::OpenAIEmbeddings && entry["status"] == 200 && !features.iter().any(|it| it == "usage")
        {
            return None;
        }
        let file = folder.join(entry["file"].as_str()?);
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let exchange: Value = serde_json::from_str(&text).expect("an exchange is JSON");
        let response = &exchange["response"];
        let stream = exchange["stream"].as_bool()?;
        let (frames, body) = body(response, stream);
        Some(Self {
            id: exchange["id"].as_str()?.to_owned(),
            provider: exchange["provider"].as_str()?.to_owned(),
            api,
            frames,
            status: u16::try_from(response["status"].as_u64()?).ok()?,
            body: Bytes::from(body),
            features,
            events: response["events"].as_array().cloned().unwrap_or_default(),
            headers: serde_json::from_value(response["headers"].clone()).expect("headers are texts"),
        })
    }
}

/// The bytes as on the wire, as far as the recording tells.
fn body(response: &Value, stream: bool) -> (Frames, Vec<u8>) {
    if let Some(text) = response["body_base64"].as_str() {
        return (Frames::EventStream, STANDARD.decode(text).expect("base64"));
    }
    if let Some(lines) = response["sse"].as_array() {
        let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
        return (Frames::Sse, lines.join("\n").into_bytes());
    }
    if let Some(text) = response["body_text"].as_str() {
        return (Frames::Whole, text.as_bytes().to_vec());
    }
    let body = &response["body"];
    match body.as_array().filter(|_| stream) {
        // Gemini sends each element indented, with the comma in the next piece.
        Some(elements) => {
            let elements = elements.iter().map(|element| format!("{element:#}"));
            let elements: Vec<_> = elements.collect();
            let text = format!("[{}\n]\n", elements.join("\n,\r\n"));
            (Frames::JsonArray, text.into_bytes())
        }
        None => (Frames::Whole, body.to_string().into_bytes()),
    }
}

/// All exchanges of the endpoints that have an [`Api`]. `None`: the folder is absent, and that is fine here.
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
