//! A record as a row: flat, with columns that old servers know.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The rows of these records, one JSON object per line.
pub(in super::super) fn rows(texts: &[Vec<u8>]) -> Vec<u8> {
    let mut lines = Vec::new();
    for text in texts {
        // A text of the spool is what we have written.
        let Ok(Value::Object(record)) = serde_json::from_slice(text) else {
            continue;
        };
        if serde_json::to_writer(&mut lines, &row(record)).is_ok() {
            lines.push(b'\n');
        }
    }
    lines
}

/// What all rows of feedback have in them. In a text it would be escaped.
const FEEDBACK: &[u8] = b"\"kind\":\"feedback\"";

/// Whether there is feedback among these rows.
pub(super) fn has_feedback(rows: &[u8]) -> bool {
    rows.windows(FEEDBACK.len()).any(|window| window == FEEDBACK)
}

/// All other rows.
pub(super) fn without_feedback(rows: &[u8]) -> Vec<u8> {
    let lines = rows.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| !has_feedback(line))
        .collect::<Vec<_>>()
        .concat()
}

fn row(record: Map<String, Value>) -> Map<String, Value> {
    let mut row = Map::new();
    for (name, value) in record {
        match (name.as_str(), value) {
            ("started", Value::String(text)) => {
                let started: Timestamp = text.parse().unwrap_or_default();
                row.insert("started_us".to_owned(), started.as_microsecond().into());
                // Of seconds: fractions came to ClickHouse late.
                row.insert(name, started.as_second().max(0).into());
            }
            (_, Value::Object(parts)) => {
                for (part, value) in parts {
                    row.insert(format!("{name}_{part}"), plain(value));
                }
            }
            // Derived, and no number that could be summed.
            ("cost_usd" | "saved_usd", _) => {}
            (_, value) => {
                row.insert(name, plain(value));
            }
        }
    }
    row
}

/// Truth is a number.
fn plain(value: Value) -> Value {
    value.as_bool().map_or(value, |truth| u8::from(truth).into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_flat_and_has_times_of_two_kinds() {
        let record = json!({
            "kind": "attempt", "id": "c/1", "started": "2026-01-02T03:04:05.678901Z", "estimated": true,
            "usage": {"input": 3, "cache_read": 0}, "cost_ticks": 12, "cost_usd": "0.0000000012", "tier": null,
        });
        let text = serde_json::to_vec(&record).unwrap();
        let lines = String::from_utf8(rows(&[text.clone(), text])).unwrap();
        assert_eq!(lines.lines().count(), 2);
        let row: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let wanted = json!({
            "kind": "attempt", "id": "c/1", "started": 1_767_323_045, "started_us": 1_767_323_045_678_901_i64,
            "estimated": 1, "usage_input": 3, "usage_cache_read": 0, "cost_ticks": 12, "tier": null,
        });
        assert_eq!(row, wanted);
    }

    #[test]
    fn feedback_is_told_from_what_only_speaks_of_it() {
        let speaks = json!({"kind": "attempt", "reason": "\"kind\":\"feedback\""});
        let is = json!({"kind": "feedback", "feedback": {"name": "score", "counted": true}});
        let rows = rows(&[speaks.to_string().into_bytes(), is.to_string().into_bytes()]);
        let without = without_feedback(&rows);
        assert!(has_feedback(&rows) && !has_feedback(&without));
        assert_eq!(
            without.split(|byte| *byte == b'\n').count(),
            2,
            "one line and its end"
        );
        let text = String::from_utf8(rows).unwrap();
        assert!(
            text.contains("\"feedback_name\":\"score\"") && text.contains("\"feedback_counted\":1"),
            "{text}"
        );
    }

    #[test]
    fn a_call_without_usage_has_no_columns_of_it() {
        let text = br#"{"kind":"attempt","usage":null}"#.to_vec();
        assert_eq!(
            rows(&[text]),
            b"{\"kind\":\"attempt\",\"usage\":null}\n",
            "which is skipped"
        );
    }
}
