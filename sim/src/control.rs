//! `/_sim/…`: scripting and looking from outside the process.

use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::ask::{list_of, text_of};
use crate::body::SimBody;
use crate::record::{Outcome, RecordedRequest};
use crate::respond;
use crate::script::BadScript;
use crate::server::Shared;

/// Paths that are the simulator's own.
pub(crate) const PREFIX: &str = "/_sim/";
const MAX_BODY_BYTES: usize = 1 << 20;

/// Answers a control request. Wrong ones get 400 and say what to send.
pub(crate) async fn handle(shared: &Shared, request: Request<Incoming>) -> Response<SimBody> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let body = match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
        Ok(body) => serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null),
        Err(_) => return refuse("the body is larger than 1 MiB or broke off"),
    };
    match (method, path.strip_prefix(PREFIX)) {
        (Method::POST, Some("script")) => script(shared, &body),
        (Method::POST, Some("key")) => {
            let Some(key) = body.get("key").and_then(Value::as_str) else {
                return refuse(r#"send {"key": "KEY", "behaviour": "status=401"}"#);
            };
            done(shared.scripts.key(key, text_of(&body, "behaviour")))
        }
        (Method::POST, Some("reset")) => {
            shared.scripts.clear();
            shared.log.clear();
            done(Ok(()))
        }
        (Method::GET, Some("requests")) => respond::json(StatusCode::OK, &requests(shared)),
        _ => respond::json(
            StatusCode::NOT_FOUND,
            &json!({"error": "there are POST /_sim/script, /_sim/key, /_sim/reset and GET /_sim/requests"}),
        ),
    }
}

fn script(shared: &Shared, body: &Value) -> Response<SimBody> {
    let behaviours: Option<Vec<&str>> = list_of(body, "behaviours").iter().map(Value::as_str).collect();
    match (body.get("model").and_then(Value::as_str), behaviours) {
        (Some(model), Some(behaviours)) if !behaviours.is_empty() => {
            done(shared.scripts.script(model, &behaviours))
        }
        _ => refuse(r#"send {"model": "NAME", "behaviours": ["status=429", ""]}"#),
    }
}

fn done(result: Result<(), BadScript>) -> Response<SimBody> {
    match result {
        Ok(()) => respond::json(StatusCode::OK, &json!({"ok": true})),
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(why: &str) -> Response<SimBody> {
    respond::json(StatusCode::BAD_REQUEST, &json!({"error": why}))
}

fn requests(shared: &Shared) -> Value {
    let requests = shared.log.requests();
    let first = requests.first().map(|request| request.started);
    let at = |request: &RecordedRequest| first.map_or(Duration::ZERO, |first| request.started - first);
    let rows: Vec<Value> = requests.iter().map(|request| row(request, at(request))).collect();
    json!({"active": shared.log.active(), "requests": rows})
}

/// One request. Keys are told by their last four characters, headers not at all.
fn row(request: &RecordedRequest, at: Duration) -> Value {
    let (outcome, after) = match request.outcome {
        Outcome::Running => ("running", None),
        Outcome::Answered => ("answered", request.ended.map(|ended| ended - request.started)),
        Outcome::ClientLeft { after } => ("client-left", Some(after)),
        Outcome::Failed => ("failed", request.ended.map(|ended| ended - request.started)),
    };
    let tail = |key: &String| {
        key.chars()
            .skip(key.chars().count().saturating_sub(4))
            .collect::<String>()
    };
    json!({
        "method": request.method.as_str(),
        "path": request.path,
        "model": request.model,
        "key_ends_with": request.key.as_ref().filter(|key| key.len() > 8).map(tail),
        "body_bytes": request.body.len(),
        "at_ms": milliseconds(at),
        "outcome": outcome,
        "took_ms": after.map(milliseconds),
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
