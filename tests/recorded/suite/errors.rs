//! Exchanges with an error status: an error of the client's API, with the right status.

use http::StatusCode;
use serde_json::Value;

use super::calls::{Reply, post};
use super::client;
use super::corpus::Exchange;
use super::oracle::error_message;
use super::requests;
use super::run::World;
use super::vendors::Format;

/// One way to ask for a recorded error.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The model that is asked for: route and key are its own.
    pub(super) model: String,
    pub(super) format: Format,
    pub(super) stream: bool,
}

impl Ask {
    /// Every way.
    pub(super) fn all(exchange: &Exchange) -> Vec<Self> {
        let ask = |format: Format, stream: bool| Self {
            model: format!(
                "fails-{}-{}-{}",
                format.name(),
                if stream { "stream" } else { "whole" },
                exchange.id
            ),
            format,
            stream,
        };
        Format::ALL
            .into_iter()
            .flat_map(|format| [ask(format, false), ask(format, true)])
            .collect()
    }
}

/// Asks, and says what is wrong with the error that comes.
pub(super) async fn check(world: &World, exchange: &Exchange, ask: &Ask) -> Result<(), String> {
    let body = requests::smallest(ask.format, &ask.model, ask.stream);
    let reply = post(&world.client, &world.gateway.calls, ask.format, &body).await?;
    let document: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    let expected = status(exchange, &document);
    if reply.status != expected {
        return Err(format!(
            "status {} instead of {expected}: {}",
            reply.status,
            reply.shown()
        ));
    }
    if reply.header("content-type") != "application/json" {
        return Err(format!("content-type {:?}", reply.header("content-type")));
    }
    let told = client::read_error(ask.format, reply.status.as_u16(), &reply.body)?;
    let said = error_message(&document).unwrap_or_default();
    if !told.contains(said.as_str()) {
        return Err(format!(
            "the provider said {said:?}, the client was told {told:?}"
        ));
    }
    retry(exchange, &document, &reply)
}

/// Gemini and xAI say 400 of a bad key.
fn status(exchange: &Exchange, document: &Value) -> StatusCode {
    let text = document.to_string();
    let bad_key = text.contains("API_KEY_INVALID") || text.contains("Incorrect API key");
    if exchange.status == StatusCode::BAD_REQUEST && bad_key {
        StatusCode::UNAUTHORIZED
    } else {
        exchange.status
    }
}

fn retry(exchange: &Exchange, document: &Value, reply: &Reply) -> Result<(), String> {
    let header = exchange
        .headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok());
    let mut details = document["error"]["details"].as_array().into_iter().flatten();
    let info = details.find_map(|detail| detail["retryDelay"].as_str());
    let seconds = header
        .or(info.map(|delay| delay.trim_end_matches('s')))
        .map(str::to_owned);
    match seconds.map(|seconds| seconds.parse::<f64>().map(f64::ceil)) {
        None | Some(Err(_)) => Ok(()),
        Some(Ok(wanted)) if reply.header("retry-after").parse::<f64>() == Ok(wanted) => Ok(()),
        Some(Ok(wanted)) => Err(format!(
            "retry-after is {:?} instead of {wanted}",
            reply.header("retry-after")
        )),
    }
}
