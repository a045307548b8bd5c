//! The recordings: where they are, and what one holds.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use wayleave_tests::Format;

/// One recorded exchange.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) id: String,
    /// The vendor, as the recordings name it.
    pub(super) vendor: String,
    pub(super) endpoint: String,
    pub(super) stream: bool,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The answer's body as it goes over the wire.
    pub(super) body: Bytes,
    /// The request's body, where it was recorded.
    pub(super) request: Option<Value>,
}

impl Exchange {
    /// The format of its endpoint, if it is a chat.
    pub(super) fn format(&self) -> Option<Format> {
        match self.endpoint.as_str() {
            "chat.completions" => Some(Format::OpenAi),
            "messages" => Some(Format::Anthropic),
            _ => None,
        }
    }

    /// The JSON documents that the answer consists of: the body, or the data of the events.
    pub(super) fn documents(&self) -> Vec<Value> {
        if !self.stream {
            return serde_json::from_slice(&self.body).into_iter().collect();
        }
        let events = super::sse::events(&self.body);
        events
            .iter()
            .filter_map(|event| serde_json::from_str(&event.data).ok())
            .collect()
    }
}

/// All recordings. `None`: there are none on this machine, which is said; in CI that is a failure.
pub(super) fn load() -> Option<Vec<Exchange>> {
    let folder = folder();
    let index = folder.join("index.json");
    if !index.exists() {
        let message = format!(
            "no recorded traffic at {}: nothing is checked. Set WAYLEAVE_FIXTURES to its folder.",
            folder.display()
        );
        assert!(std::env::var_os("CI").is_none(), "{message}");
        super::tally::say(&message);
        return None;
    }
    let rows = json(&index);
    let rows = rows.as_array().expect("the index is a list");
    let read = |row: &Value| exchange(&json(&folder.join(row["file"].as_str().expect("a file"))));
    Some(rows.iter().map(read).collect())
}

fn folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures");
    std::env::var_os("WAYLEAVE_FIXTURES").map_or_else(beside, PathBuf::from)
}

fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
}

fn exchange(file: &Value) -> Exchange {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let response = &file["response"];
    let status = response["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    Exchange {
        id: text(&file["id"]),
        vendor: text(&file["provider"]),
        endpoint: text(&file["endpoint"]),
        stream: response.get("sse").is_some(),
        status: StatusCode::from_u16(status.unwrap_or_default()).expect("a status"),
        headers: headers(&response["headers"]),
        body: body(response),
        request: file["request"]
            .get("body")
            .filter(|body| body.is_object())
            .cloned(),
    }
}

fn headers(recorded: &Value) -> HeaderMap {
    let rows = recorded.as_object().into_iter().flatten();
    let header = |(name, value): (&String, &Value)| {
        Some((
            name.parse::<HeaderName>().ok()?,
            HeaderValue::from_str(value.as_str()?).ok()?,
        ))
    };
    rows.filter_map(header).collect()
}

fn body(response: &Value) -> Bytes {
    if let Some(lines) = response["sse"].as_array() {
        let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
        return lines.join("\n").into();
    }
    match (&response["body"], &response["body_text"]) {
        (Value::Null, Value::String(text)) => text.clone().into(),
        (Value::Null, _) => Bytes::new(),
        (body, _) => body.to_string().into(),
    }
}
