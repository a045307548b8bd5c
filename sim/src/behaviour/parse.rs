//! Reads `status=429&retry-after=2`.

use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;

use super::{BadBehaviour, Behaviour, Cap, ErrorKind, MAX_TEXT_BYTES, RetryAfter, Say, Trouble};
use crate::judge::Taste;
use crate::measure;

const MAX_COUNT: usize = 1_000_000;
const MAX_CALLS: usize = 64;
/// Between the pieces of `drip`.
const DRIP_PACE: Duration = Duration::from_secs(1);

impl FromStr for Behaviour {
    type Err = BadBehaviour;

    fn from_str(text: &str) -> Result<Self, BadBehaviour> {
        let mut behaviour = Self::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let known = behaviour.set_speed(name, value)?
                || behaviour.set_content(name, value)?
                || behaviour.set_trouble(name, value)?;
            if !known {
                return Err(BadBehaviour::Unknown(name.to_owned()));
            }
        }
        Ok(behaviour)
    }
}

/// A parsed value, or the error that says what `name` takes.
fn need<T>(parsed: Option<T>, name: &str, value: &str, wanted: &'static str) -> Result<T, BadBehaviour> {
    parsed.ok_or_else(|| BadBehaviour::Value {
        name: name.to_owned(),
        value: value.to_owned(),
        wanted,
    })
}

fn time(name: &str, value: &str) -> Result<Duration, BadBehaviour> {
    need(
        measure::duration(value),
        name,
        value,
        "a duration, e.g. 300ms or 2s",
    )
}

fn count(name: &str, value: &str) -> Result<usize, BadBehaviour> {
    let number = value.parse().ok().filter(|n| *n <= MAX_COUNT);
    need(number, name, value, "a number from 0 to 1000000")
}

fn hundredths(name: &str, value: &str) -> Result<u8, BadBehaviour> {
    let number = value.parse().ok().filter(|number| *number <= 100);
    need(number, name, value, "a number from 0 to 100")
}

fn seconds(name: &str, value: &str) -> Result<u64, BadBehaviour> {
    need(
        value.parse().ok().filter(|n| *n <= 86_400_000),
        name,
        value,
        "a number from 0 to 86400000",
    )
}

fn size(name: &str, value: &str) -> Result<usize, BadBehaviour> {
    let bytes = measure::size(value).filter(|n| *n <= MAX_TEXT_BYTES);
    need(
        bytes,
        name,
        value,
        "a size of at most 256MiB, e.g. 500, 2KiB or 20MiB",
    )
}

impl Behaviour {
    fn set_speed(&mut self, name: &str, value: &str) -> Result<bool, BadBehaviour> {
        match name {
            "ttft" => self.ttft = time(name, value)?,
            "headers-delay" => self.headers_delay = time(name, value)?,
            "pace" => self.pace = time(name, value)?,
            "drip" => {
                self.drip = true;
                self.pace = DRIP_PACE;
            }
            "chunks" => {
                let chunks = count(name, value).ok().filter(|n| *n > 0);
                self.chunks = Some(need(chunks, name, value, "a number from 1 to 1000000")?);
            }
            "chunk-bytes" => {
                let bytes = size(name, value).ok().filter(|n| *n > 0 && *n <= 1 << 20);
                self.chunk_bytes = Some(need(bytes, name, value, "a size from 1 to 1MiB")?);
            }
            "endless" => self.endless = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_content(&mut self, name: &str, value: &str) -> Result<bool, BadBehaviour> {
        match name {
            "tokens" => self.tokens = Some(count(name, value)?),
            "bytes" => self.bytes = Some(size(name, value)?),
            "echo" => self.say = Say::Echo,
            "refusal" => self.say = Say::Refusal,
            "quality" => self.quality = Some(hundredths(name, value)?),
            "code-quality" => self.code_quality = Some(hundredths(name, value)?),
            "judge" => {
                let taste = match value {
                    "" => Some(Taste::Fair(0)),
                    "first" => Some(Taste::First),
                    "garbage" => Some(Taste::Garbage),
                    noise => noise.parse().ok().filter(|noise| *noise <= 100).map(Taste::Fair),
                };
                let wanted = "a number from 0 to 100, first or garbage";
                self.say = Say::Verdict(need(taste, name, value, wanted)?);
            }
            "json" => {
                let say = match value {
                    "" => Some(Say::Json),
                    "broken" => Some(Say::BrokenJson),
                    _ => None,
                };
                self.say = need(say, name, value, "json or json=broken")?;
            }
            "finish" => {
                let cap = match value {
                    "length" => Some(Cap::Length),
                    "content_filter" => Some(Cap::ContentFilter),
                    _ => None,
                };
                self.cap = Some(need(cap, name, value, "length or content_filter")?);
            }
            "tools" => {
                let calls = value.parse().ok().filter(|n| *n <= MAX_CALLS);
                self.tools = need(calls, name, value, "a number from 0 to 64")?;
            }
            "reasoning" => self.reasoning = count(name, value)?,
            "cached" => self.cached = count(name, value)? as u64,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn set_trouble(&mut self, name: &str, value: &str) -> Result<bool, BadBehaviour> {
        match name {
            "status" => {
                let status = value.parse().ok().filter(|s: &StatusCode| s.as_u16() >= 400);
                self.status = Some(need(status, name, value, "an error status from 400 to 999")?);
            }
            "error" => {
                let wanted = "context_length, content_filter, invalid_key, model_not_found or overloaded";
                self.error = Some(need(error_kind(value), name, value, wanted)?);
            }
            "retry-after" => self.retry_after = Some(RetryAfter::Seconds(seconds(name, value)?)),
            "retry-after-ms" => self.retry_after = Some(RetryAfter::Millis(seconds(name, value)?)),
            "retry-after-date" => self.retry_after = Some(RetryAfter::Date(seconds(name, value)?)),
            "hang" => self.trouble = need(hang(value), name, value, "headers, body or mid")?,
            "fault" => {
                let wanted = "error-frame, error-mid, empty-done, cut, no-done, garbage or reset";
                self.trouble = need(fault(value), name, value, wanted)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn error_kind(value: &str) -> Option<ErrorKind> {
    Some(match value {
        "context_length" => ErrorKind::ContextLength,
        "content_filter" => ErrorKind::ContentFilter,
        "invalid_key" => ErrorKind::InvalidKey,
        "model_not_found" => ErrorKind::ModelNotFound,
        "overloaded" => ErrorKind::Overloaded,
        _ => return None,
    })
}

fn hang(value: &str) -> Option<Trouble> {
    Some(match value {
        "headers" => Trouble::HangHeaders,
        "body" => Trouble::HangBody,
        "mid" => Trouble::HangMid,
        _ => return None,
    })
}

fn fault(value: &str) -> Option<Trouble> {
    Some(match value {
        "error-frame" => Trouble::ErrorFrame,
        "error-mid" => Trouble::ErrorMid,
        "empty-done" => Trouble::EmptyDone,
        "cut" => Trouble::Cut,
        "no-done" => Trouble::NoDone,
        "garbage" => Trouble::Garbage,
        "reset" => Trouble::Reset,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::split_model;
    use super::*;

    fn parse(text: &str) -> Behaviour {
        text.parse().expect(text)
    }

    #[test]
    fn a_model_name_carries_its_behaviour() {
        assert_eq!(split_model("gpt-4.1"), ("gpt-4.1", ""));
        assert_eq!(
            split_model("gpt-4.1?status=429&retry-after=2"),
            ("gpt-4.1", "status=429&retry-after=2")
        );
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(parse(""), Behaviour::default());
        assert_eq!(parse("&"), Behaviour::default());
    }

    #[test]
    fn speed_is_read() {
        let wanted = Behaviour {
            ttft: Duration::from_millis(300),
            headers_delay: Duration::from_secs(1),
            pace: Duration::from_millis(5),
            chunks: Some(64),
            chunk_bytes: Some(2_048),
            ..Behaviour::default()
        };
        assert_eq!(
            parse("ttft=300ms&headers-delay=1s&pace=5ms&chunks=64&chunk-bytes=2KiB"),
            wanted
        );
        assert_eq!(
            parse("drip"),
            Behaviour {
                drip: true,
                pace: DRIP_PACE,
                ..Behaviour::default()
            }
        );
    }

    #[test]
    fn errors_are_read() {
        let wanted = Behaviour {
            status: Some(StatusCode::TOO_MANY_REQUESTS),
            retry_after: Some(RetryAfter::Date(3)),
            ..Behaviour::default()
        };
        assert_eq!(parse("status=429&retry-after-date=3"), wanted);
        assert_eq!(parse("status=529").status.map(|s| s.as_u16()), Some(529));
        assert_eq!(
            parse("error=context_length").error,
            Some(ErrorKind::ContextLength)
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "sleep=1",
            "ttft",
            "ttft=5",
            "status=200",
            "status=x",
            "chunks=0",
            "tokens=-1",
            "hang=x",
        ] {
            assert!(text.parse::<Behaviour>().is_err(), "{text}");
        }
        for text in [
            "fault=",
            "json=yes",
            "finish=stop",
            "bytes=1GiB",
            "bytes=900MiB",
            "tools=65",
            "error=x",
        ] {
            assert!(text.parse::<Behaviour>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_error_says_what_to_write() {
        let error = "hang=tail".parse::<Behaviour>().expect_err("no such hang");
        assert_eq!(
            error.to_string(),
            "the simulator's behaviour `hang` cannot be `tail`; write headers, body or mid"
        );
    }
}
