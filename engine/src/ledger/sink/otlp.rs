//! A collector that speaks OTLP/HTTP with JSON, as the OpenTelemetry Protocol specification 1.x has it: `POST /v1/logs`
//! with an `ExportLogsServiceRequest`, whose 64-bit integers are strings. One log record per record of the ledger.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wayleave_core::secret::Secret;

use super::http::{SinkUrl, accepted};
use super::{Failure, Reason};

/// `INFO` among OpenTelemetry's severities.
const INFO: u8 = 9;

/// Where the collector is.
#[derive(Clone, Debug)]
pub struct OtlpOptions {
    /// What stands before `/v1/logs`.
    pub url: SinkUrl,
    /// Headers of each request, `NAME=VALUE,NAME=VALUE` as OpenTelemetry's own variables have them: credentials mostly.
    pub headers: Option<Secret>,
}

/// The collector, as a sink.
#[derive(Debug)]
pub(super) struct Otlp {
    options: OtlpOptions,
    client: Client,
}

/// An `ExportLogsServiceResponse`, as far as it matters.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Exported {
    partial_success: Option<Partial>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Partial {
    /// A number, or one in quotes, as JSON made from protocol buffers has it.
    rejected_log_records: Value,
    error_message: String,
}

impl Otlp {
    pub(super) fn new(options: OtlpOptions, client: Client) -> Self {
        Self { options, client }
    }

    /// Hands over logs; how many the collector rejects for good.
    pub(super) async fn export(&self, logs: Vec<u8>) -> Result<u64, Failure> {
        let request = self.client.post(self.options.url.with(&["v1", "logs"]));
        let given = self.options.headers.as_ref().map(Secret::expose);
        let headers = headers(given.unwrap_or_default()).ok_or_else(|| Failure {
            reason: Reason::Credentials,
            message: "the headers for the collector are not written as NAME=VALUE,NAME=VALUE".to_owned(),
        })?;
        let request = request.headers(headers).body(logs);
        let text = accepted(request.send().await?).await?;
        Ok(rejected(&text))
    }
}

/// The headers of a request. `None`: the text is none of headers.
fn headers(given: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for pair in given.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let name: HeaderName = name.trim().parse().ok()?;
        let mut value: HeaderValue = value.trim().parse().ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Some(headers)
}

/// "The client MUST NOT retry the request when it receives a partial success response."
fn rejected(text: &str) -> u64 {
    let exported: Exported = serde_json::from_str(text).unwrap_or_default();
    let partial = exported.partial_success.unwrap_or_default();
    let number = partial.rejected_log_records;
    let number = match number.as_str() {
        Some(text) => text.parse().unwrap_or(0),
        None => number.as_u64().unwrap_or(0),
    };
    if number > 0 {
        tracing::error!(
            error = partial.error_message,
            "the collector rejects records of the ledger"
        );
    }
    number
}

/// An `ExportLogsServiceRequest` of these records.
pub(super) fn logs(texts: &[Vec<u8>]) -> Vec<u8> {
    // A text of the spool is what we have written.
    let records = texts.iter().filter_map(|text| serde_json::from_slice(text).ok());
    let records: Vec<Value> = records.map(|record| log(&record)).collect();
    let request = json!({"resourceLogs": [{
        "resource": {"attributes": [
            attribute("service.name", &"wayleave".into()),
            attribute("service.version", &env!("CARGO_PKG_VERSION").into()),
        ]},
        "scopeLogs": [{"scope": {"name": "wayleave.ledger"}, "logRecords": records}],
    }]});
    serde_json::to_vec(&request).unwrap_or_default()
}

fn log(record: &Map<String, Value>) -> Value {
    let kind = record.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut attributes = Vec::new();
    for (name, value) in record {
        match value.as_object() {
            Some(parts) => {
                for (part, value) in parts {
                    add(&format!("wayleave.{name}.{part}"), value, &mut attributes);
                }
            }
            None => add(&format!("wayleave.{name}"), value, &mut attributes),
        }
    }
    json!({
        "timeUnixNano": ended(record).as_nanosecond().to_string(),
        "severityNumber": INFO,
        "severityText": "INFO",
        "eventName": format!("wayleave.{kind}"),
        "body": {"stringValue": format!("wayleave.{kind}")},
        "attributes": attributes,
    })
}

/// What is not known is left out.
fn add(name: &str, value: &Value, attributes: &mut Vec<Value>) {
    if !value.is_null() {
        attributes.push(attribute(name, value));
    }
}

fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(truth) => json!({"boolValue": truth}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Null | Value::Array(_) | Value::Object(_) => json!({"stringValue": value.to_string()}),
    };
    json!({"key": name, "value": value})
}

fn ended(record: &Map<String, Value>) -> Timestamp {
    let started = record.get("started").and_then(Value::as_str).unwrap_or_default();
    let started: Timestamp = started.parse().unwrap_or_default();
    let took = record
        .get("duration_ms")
        .and_then(Value::as_f64)
        .unwrap_or_default();
    let took = SignedDuration::try_from_secs_f64(took / 1e3).unwrap_or_default();
    started.saturating_add(took).unwrap_or(started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_log_with_attributes() {
        let text = br#"{"kind":"attempt","id":"c/1","started":"2026-01-02T03:04:05Z","duration_ms":1500.0,
            "cost_ticks":12,"estimated":false,"tier":null,"usage":{"input":3}}"#;
        let request: Value = serde_json::from_slice(&logs(&[text.to_vec()])).unwrap();
        let log = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(log["timeUnixNano"], "1767323046500000000");
        assert_eq!(log["eventName"], "wayleave.attempt");
        let attributes = log["attributes"].as_array().unwrap();
        for wanted in [
            json!({"key": "wayleave.id", "value": {"stringValue": "c/1"}}),
            json!({"key": "wayleave.cost_ticks", "value": {"intValue": "12"}}),
            json!({"key": "wayleave.usage.input", "value": {"intValue": "3"}}),
            json!({"key": "wayleave.estimated", "value": {"boolValue": false}}),
            json!({"key": "wayleave.duration_ms", "value": {"doubleValue": 1500.0}}),
        ] {
            assert!(attributes.contains(&wanted), "{wanted} in {attributes:?}");
        }
        assert!(
            attributes
                .iter()
                .all(|attribute| attribute["key"] != "wayleave.tier")
        );
    }

    #[test]
    fn headers_are_given_in_pairs() {
        let given = headers("Authorization=Bearer a=b, x-scope=team").unwrap();
        assert_eq!(given["authorization"], "Bearer a=b");
        assert!(given["authorization"].is_sensitive());
        assert_eq!(given["x-scope"], "team");
        assert_eq!(headers("").unwrap().len(), 1);
        assert!(headers("no pair").is_none() && headers("a b=c").is_none());
    }

    #[test]
    fn what_is_rejected_is_counted() {
        assert_eq!(rejected("{}"), 0);
        assert_eq!(rejected(""), 0);
        assert_eq!(
            rejected(r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no"}}"#),
            2
        );
        assert_eq!(rejected(r#"{"partialSuccess":{"rejectedLogRecords":3}}"#), 3);
    }
}
