//! `POST /cache/purge`: forgets cached answers.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use wayleave_core::cache::key::{Scope, route_name};
use wayleave_engine::{Engine, Purge, PurgeError};

use super::{JSON, page, wrong_method};

/// The most bytes of a question.
const MOST_BYTES: usize = 64 << 10;
/// How long a question may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

const HOW: &str = "write {\"route\": \"NAMESPACE/NAME\"}, or that with \"client\": \"DIGEST\", or \
                   {\"key\": \"NAMESPACE/NAME/CLIENT/REQUEST\"}";

pub(super) async fn respond(request: Request<Incoming>, engine: &Engine) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        return wrong_method("Use POST.\n", "POST");
    }
    // A page of another site that a browser shows cannot send this without asking first.
    if !is_json(request.headers()) {
        let message = "send it with content-type: application/json";
        return failed(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, 0);
    }
    let body = Limited::new(request.into_body(), MOST_BYTES).collect();
    let Ok(Ok(body)) = tokio::time::timeout(PATIENCE, body).await else {
        return failed(StatusCode::BAD_REQUEST, "the body broke off, or is too large", 0);
    };
    let which = match read(&body.to_bytes()) {
        Ok(which) => which,
        Err(message) => return failed(StatusCode::BAD_REQUEST, &message, 0),
    };
    match engine.purge(&which).await {
        Ok(removed) => {
            tracing::info!(?which, removed, "cached answers were purged");
            answer(StatusCode::OK, &json!({"removed": removed}))
        }
        Err(error) => {
            tracing::warn!(?which, %error, "a purge of cached answers failed");
            let (status, removed) = match error {
                PurgeError::NoCache(_) => (StatusCode::NOT_FOUND, 0),
                PurgeError::Partly { removed, .. } => (StatusCode::BAD_GATEWAY, removed),
                PurgeError::Stopped | PurgeError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 0),
            };
            failed(status, &error.to_string(), removed)
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let stated = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = stated.and_then(|stated| stated.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON))
}

/// What is to be forgotten.
fn read(body: &[u8]) -> Result<Purge, String> {
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| format!("the body is not a JSON object: {HOW}"))?;
    let mut asked = [None; 3];
    for (name, value) in &members {
        let value = value
            .as_str()
            .ok_or_else(|| format!("{name} is not a text: {HOW}"))?;
        let place = ["route", "client", "key"]
            .iter()
            .zip(&mut asked)
            .find(|(known, _)| *known == name);
        let (_, place) = place.ok_or_else(|| format!("there is no member {name}: {HOW}"))?;
        *place = Some(value);
    }
    let purge = match asked {
        [Some(route), None, None] => route_name(route).map(Purge::Route),
        [Some(route), Some(client), None] => route_name(route).and_then(|route| {
            Ok(Purge::Scope(Scope {
                route,
                client: client.parse()?,
            }))
        }),
        [None, None, Some(key)] => key.parse().map(Purge::Key),
        _ => return Err(HOW.to_owned()),
    };
    purge.map_err(|error| error.to_string())
}

fn failed(status: StatusCode, message: &str, removed: u64) -> Response<Full<Bytes>> {
    answer(status, &json!({"error": message, "removed": removed}))
}

fn answer(status: StatusCode, value: &Value) -> Response<Full<Bytes>> {
    page(status, JSON, format!("{value}\n"))
}

#[cfg(test)]
mod tests {
    use wayleave_core::cache::key::Key;
    use wayleave_core::digest::Digest;

    use super::*;

    #[test]
    fn reads_what_is_to_be_forgotten() {
        let scope = Scope {
            route: "team/chat".into(),
            client: Digest::of_credential(b"sk-1"),
        };
        let key = Key {
            scope: scope.clone(),
            request: Digest::of_everybody(),
        };
        let read = |body: Value| read(body.to_string().as_bytes());
        assert_eq!(
            read(json!({"route": "team/chat"})),
            Ok(Purge::Route("team/chat".into()))
        );
        assert_eq!(
            read(json!({"route": "team/chat", "client": scope.client.to_string()})),
            Ok(Purge::Scope(scope))
        );
        assert_eq!(read(json!({"key": key.to_string()})), Ok(Purge::Key(key.clone())));
        for (wrong, why) in [
            (json!([]), "not a JSON object"),
            (json!({}), "write {"),
            (json!({"client": "x"}), "write {"),
            (json!({"key": key.to_string(), "route": "team/chat"}), "write {"),
            (json!({"rout": "team/chat"}), "no member rout"),
            (json!({"route": 1}), "route is not a text"),
            (json!({"route": "chat"}), "NAMESPACE/NAME"),
            (
                json!({"route": "team/chat", "client": "sk-1"}),
                "32 hexadecimal digits",
            ),
            (json!({"key": "team/chat"}), "NAMESPACE/NAME/CLIENT/REQUEST"),
        ] {
            let said = read(wrong.clone()).unwrap_err();
            assert!(said.contains(why), "{wrong}: {said}");
        }
    }
}
