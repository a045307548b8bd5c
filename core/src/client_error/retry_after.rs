//! How long a provider asks to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::Value;

/// The longest wait that is believed.
const MAX: Duration = Duration::from_secs(3600);

/// Reads the wait from the headers `retry-after-ms`, `x-ms-retry-after-ms` (milliseconds) and `retry-after` (seconds or
/// an HTTP date), and from `RetryInfo.retryDelay` in the body (Gemini), in this order. At most an hour; a date that has
/// passed is zero.
///
/// Some providers send `retry-after` with a 200: ask only for an error answer.
pub fn retry_after(headers: &HeaderMap, body: &[u8], now: jiff::Timestamp) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
    };
    let millis = |name: &str| text(name).and_then(seconds).map(|wait| wait / 1000);
    millis("retry-after-ms")
        .or_else(|| millis("x-ms-retry-after-ms"))
        .or_else(|| text("retry-after").and_then(|value| seconds(value).or_else(|| until(value, now))))
        .or_else(|| retry_info(body))
        .map(|wait| wait.min(MAX))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse()
        .ok()
        .filter(|seconds: &f64| *seconds >= 0.0)
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
}

fn until(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    let then = httpdate::parse_http_date(text).ok()?;
    Some(then.duration_since(SystemTime::from(now)).unwrap_or_default())
}

fn retry_info(body: &[u8]) -> Option<Duration> {
    memchr::memmem::find(body, b"retryDelay")?;
    let body: Value = serde_json::from_slice(body).ok()?;
    let body = body.get(0).unwrap_or(&body);
    let details = body.get("error").unwrap_or(body).get("details")?.as_array()?;
    let delay = details
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())?;
    seconds(delay.strip_suffix('s')?)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(headers: &[(&'static str, &'static str)], body: &str) -> Option<Duration> {
        let now = "2026-11-23T08:00:00Z".parse().expect("time");
        let headers = headers.iter().map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        retry_after(&headers.collect(), body.as_bytes(), now)
    }

    #[test]
    fn reads_every_form() {
        let some = |millis| Some(Duration::from_millis(millis));
        assert_eq!(wait(&[("retry-after", "20")], ""), some(20_000));
        assert_eq!(wait(&[("retry-after", " 1.5 ")], ""), some(1_500));
        assert_eq!(wait(&[("retry-after", "0")], ""), some(0));
        assert_eq!(
            wait(&[("retry-after", "Mon, 23 Nov 2026 08:00:30 GMT")], ""),
            some(30_000)
        );
        assert_eq!(
            wait(&[("retry-after", "2"), ("retry-after-ms", "1234")], ""),
            some(1_234)
        );
        assert_eq!(
            wait(&[("retry-after", "2"), ("x-ms-retry-after-ms", "900")], ""),
            some(900)
        );
        let info = r#"{"details":[{"@type":"type.googleapis.com/google.rpc.Help"},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"48.5s"}]}"#;
        assert_eq!(wait(&[], &format!(r#"{{"error":{info}}}"#)), some(48_500));
        assert_eq!(wait(&[], &format!(r#"[{{"error":{info}}}]"#)), some(48_500));
    }

    #[test]
    fn is_never_negative_and_at_most_an_hour() {
        assert_eq!(
            wait(&[("retry-after", "Mon, 23 Nov 2020 08:00:30 GMT")], ""),
            Some(Duration::ZERO)
        );
        assert_eq!(wait(&[("retry-after", "86400")], ""), Some(MAX));
        for odd in ["-3", "soon", "NaN", "inf", ""] {
            assert_eq!(
                wait(&[("retry-after", odd)], "not json retryDelay"),
                None,
                "{odd}"
            );
        }
        assert_eq!(wait(&[], ""), None);
    }
}
