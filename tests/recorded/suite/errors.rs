//! Exchanges with an error status: an error of the client's API, with the right status.

use serde_json::Value;

use wayleave_tests::Answer;

use super::cases::Case;
use super::client;
use super::run::World;
use crate::recordings::exchange::Exchange;
use crate::recordings::oracle::error_message;

/// Asks, and says what is wrong with the error that comes.
pub(super) async fn check(world: &World, case: &Case) -> Result<(), String> {
    let Case {
        exchange,
        model,
        view,
        ..
    } = case;
    let reply = world.ask(*view, model, &view.smallest(model)).await?;
    let document: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    let expected = status(exchange, &document);
    if reply.status != expected {
        return Err(format!(
            "status {} instead of {expected}: {}",
            reply.status,
            reply.text()
        ));
    }
    if reply.header("content-type") != "application/json" {
        return Err(format!("content-type {:?}", reply.header("content-type")));
    }
    let told = client::read_error(*view, reply.status.as_u16(), &reply.body)?;
    let said = error_message(&exchange.body);
    if !told.contains(said.as_str()) {
        return Err(format!(
            "the provider said {said:?}, the client was told {told:?}"
        ));
    }
    retry(exchange, &document, &reply)
}

/// Gemini and xAI say 400 of a bad key.
fn status(exchange: &Exchange, document: &Value) -> u16 {
    let text = document.to_string();
    let bad_key = text.contains("API_KEY_INVALID") || text.contains("Incorrect API key");
    if exchange.status == 400 && bad_key {
        401
    } else {
        exchange.status
    }
}

fn retry(exchange: &Exchange, document: &Value, reply: &Answer) -> Result<(), String> {
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
