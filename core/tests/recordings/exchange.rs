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

use crate::recordings::api::{Api, Frames};

/// One recorded exchange.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) id: String,
    pub(crate) provider: String,
    /// The recording's word for where it was asked.
    pub(crate) endpoint: String,
    /// `None`: an endpoint that is none of ours.
    pub(crate) api: Option<Api>,
    /// Path and query of the request.
    pub(crate) path: String,
    /// The request's body, where it is an object and was kept.
    pub(crate) request: Option<Value>,
    pub(crate) frames: Frames,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The answer's body.
    pub(crate) body: Bytes,
    /// What the recording says that it shows.
    pub(crate) features: Vec<String>,
    /// The frames of an AWS event stream as the recording decoded them.
    pub(crate) events: Vec<Value>,
}

impl Exchange {
    /// Its API; only for what is one of ours.
    pub(crate) fn api(&self) -> Api {
        self.api.expect("an API of ours")
    }

    /// In the gateway's words; only for what is one of ours.
    pub(crate) fn format(&self) -> WireFormat {
        self.api().format()
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get("content-type")?.to_str().ok()
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.frames != Frames::Whole
    }

    pub(crate) fn shows(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether the request needs a response, a prompt or an item that a provider keeps.
    pub(crate) fn is_stateful(&self) -> bool {
        let references = ["previous_response_id", "conversation", "prompt"];
        let wishes = ["store", "background"];
        let needs = |request: &Value| {
            let mut items = request["input"].as_array().into_iter().flatten();
            references.iter().any(|name| !request[*name].is_null())
                || wishes.iter().any(|name| request[*name] == true)
                || items.any(|item| item["type"] == "item_reference")
        };
        self.api == Some(Api::OpenAIResponses) && self.request.as_ref().is_some_and(needs)
    }

    /// The row of the vendor; that of a plain server where the table has none for it.
    pub(crate) fn vendor(&self) -> &'static Vendor {
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
        vendor.expect("a row of the table")
    }

    /// The deviations of the vendor.
    pub(crate) fn quirks(&self) -> Quirks {
        self.vendor().quirks
    }

    /// The body in pieces of these lengths.
    pub(crate) fn cut(&self, mut length: impl FnMut() -> usize) -> impl Iterator<Item = Bytes> {
        let mut rest = self.body.clone();
        std::iter::from_fn(move || (!rest.is_empty()).then(|| rest.split_to(length().min(rest.len()))))
    }

    fn of(entry: &Value, exchange: &Value) -> Self {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let (frames, body) = body(response, exchange["stream"] == true);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let endpoint = text(&exchange["endpoint"]);
        // OpenAI's report of usage is recorded under the endpoint that it reports about.
        let posted = request["method"] == "POST";
        Self {
            id: text(&exchange["id"]),
            provider: text(&exchange["provider"]),
            api: Api::asked_at(&endpoint).filter(|_| posted),
            endpoint,
            path: text(&request["path"]),
            request: Some(request["body"].clone()).filter(Value::is_object),
            frames,
            status: serde_json::from_value(response["status"].clone()).expect("a status"),
            headers: headers(&response["headers"]),
            body: Bytes::from(body),
            features: serde_json::from_value(entry["features"].clone()).expect("features are texts"),
            events: response["events"].as_array().cloned().unwrap_or_default(),
        }
    }
}

fn headers(recorded: &Value) -> HeaderMap {
    let rows = recorded.as_object().into_iter().flatten();
    rows.filter_map(|(name, value)| {
        let name: http::HeaderName = name.parse().ok()?;
        Some((name, value.as_str()?.parse().ok()?))
    })
    .collect()
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
        None if body.is_null() => (Frames::Whole, Vec::new()),
        None => (Frames::Whole, body.to_string().into_bytes()),
    }
}

/// All recordings. `None`: there are none on this machine, and that is fine here.
pub(crate) fn load() -> Option<Vec<Exchange>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    let folder = std::env::var_os("WAYLEAVE_FIXTURES").map_or_else(beside, PathBuf::from);
    if !folder.join("index.json").exists() {
        let told = format!(
            "no recorded exchanges at {}: nothing is checked (set WAYLEAVE_FIXTURES)",
            folder.display()
        );
        assert!(std::env::var_os("CI").is_none(), "{told}");
        println!("skipped: {told}");
        return None;
    }
    let index = json(&folder.join("index.json"));
    let entries = index.as_array().expect("the index is a list");
    let read = |entry: &Value| {
        Exchange::of(
            entry,
            &json(&folder.join(entry["file"].as_str().expect("a file"))),
        )
    };
    Some(entries.iter().map(read).collect())
}

/// The recordings of our APIs. How many are of others is told.
pub(crate) fn of_our_apis() -> Option<Vec<Exchange>> {
    let (ours, others): (Vec<_>, Vec<_>) = load()?.into_iter().partition(|exchange| exchange.api.is_some());
    println!(
        "{} recordings; not of our APIs: {:?}",
        ours.len(),
        endpoints(&others)
    );
    Some(ours)
}

/// How many there are of each endpoint.
pub(crate) fn endpoints(exchanges: &[Exchange]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for exchange in exchanges {
        *counts.entry(exchange.endpoint.as_str()).or_default() += 1;
    }
    counts
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
}
