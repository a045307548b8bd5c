//! Turns decisions into HTTP responses.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use crate::behaviour::{Behaviour, RetryAfter, Trouble};
use crate::body::{Cut, SimBody};
use crate::format::Format;
use crate::gemini;
use crate::problem::Problem;
use crate::record::{Call, Outcome};
use crate::script::Replay;
use crate::steps::{self, Whole};
use crate::task::Task;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// Answers a well-formed request as its behaviour says.
pub(crate) async fn perform(
    task: Task,
    behaviour: &Behaviour,
    model: &str,
    mut call: Call,
) -> Result<Response<SimBody>, Cut> {
    wait(behaviour.headers_delay).await;
    if behaviour.trouble == Trouble::HangHeaders {
        std::future::pending::<()>().await;
    }
    if behaviour.trouble == Trouble::Reset {
        call.end(Outcome::Failed);
        return Err(Cut::AsAsked);
    }
    if let Some(problem) = Problem::instead_of_answer(behaviour) {
        return Ok(error(task.format(), &problem, model, behaviour.retry_after, call));
    }
    let mut headers = HeaderMap::with_capacity(4);
    request_id(&mut headers, task.format(), None);
    retry_after(&mut headers, behaviour.retry_after);
    if task.streams()
        && let Some(frames) = task.frames(behaviour, model)
    {
        headers.insert(CONTENT_TYPE, task.format().stream_type());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let steps = steps::stream(frames, behaviour, || task.wrong(behaviour, model));
        return Ok(respond(StatusCode::OK, headers, SimBody::steps(steps, call)));
    }
    wait(behaviour.ttft).await;
    headers.insert(CONTENT_TYPE, task.format().whole_type());
    let body = Bytes::from(task.whole(behaviour, model));
    let body = match steps::whole(body, behaviour, || task.wrong(behaviour, model)) {
        Whole::Full(bytes) => SimBody::full(bytes, call),
        Whole::Steps(steps, length) => {
            if let Some(length) = length {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            SimBody::steps(steps, call)
        }
    };
    Ok(respond(StatusCode::OK, headers, body))
}

/// An error answer in the request's format.
pub(crate) fn error(
    format: Format,
    problem: &Problem,
    model: &str,
    retry: Option<RetryAfter>,
    call: Call,
) -> Response<SimBody> {
    let (status, mut body) = format.error(problem, model);
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, format.error_type());
    request_id(
        &mut headers,
        format,
        body.get("request_id").and_then(Value::as_str),
    );
    headers.extend(format.error_headers(problem, status));
    match (format, retry) {
        // Google says it in the body only.
        (Format::Gemini(_), Some(retry)) => gemini::error::add_retry(&mut body, retry),
        _ => retry_after(&mut headers, retry),
    }
    respond(status, headers, SimBody::full(body.to_string().into(), call))
}

/// A scripted answer, byte for byte.
pub(crate) fn replay(replay: &Replay, call: Call) -> Response<SimBody> {
    let mut headers = replay.headers.clone();
    for framing in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        headers.remove(framing);
    }
    let body = if replay.chunks.iter().all(Bytes::is_empty) {
        SimBody::full(Bytes::new(), call)
    } else {
        SimBody::steps(steps::verbatim(replay.chunks.clone(), replay.pause), call)
    };
    respond(replay.status, headers, body)
}

/// JSON from the simulator itself.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<SimBody> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
    respond(
        status,
        headers,
        SimBody::full(body.to_string().into(), Call::untracked()),
    )
}

fn respond(status: StatusCode, headers: HeaderMap, body: SimBody) -> Response<SimBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Ids are letters, digits, dashes and underscores, so they always make a header.
fn request_id(headers: &mut HeaderMap, format: Format, given: Option<&str>) {
    let Some((name, new)) = format.request_id() else {
        return;
    };
    if let Ok(value) = HeaderValue::try_from(given.map_or(new, str::to_owned)) {
        headers.insert(name, value);
    }
}

fn retry_after(headers: &mut HeaderMap, retry: Option<RetryAfter>) {
    match retry {
        None => {}
        Some(RetryAfter::Seconds(seconds)) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Some(RetryAfter::Millis(millis)) => {
            headers.insert(RETRY_AFTER_MS, HeaderValue::from(millis));
        }
        Some(RetryAfter::Date(seconds)) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
            if let Ok(value) = HeaderValue::try_from(date) {
                headers.insert(RETRY_AFTER, value);
            }
        }
    }
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
