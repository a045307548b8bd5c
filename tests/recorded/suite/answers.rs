//! Exchanges with status 200: what the client has to get.

use wayleave_tests::Answer;

use super::cases::Case;
use super::client;
use super::compare;
use super::heard::Heard;
use super::ledger::{Books, books};
use super::passing::{self, Edits};
use super::requests;
use super::run::World;
use super::tally::Way;
use super::view::View;
use crate::recordings::api::Frames;

/// The client speaks the provider's format: what is wrong.
pub(super) async fn own(world: &World, case: &Case) -> Result<(), String> {
    let Case {
        exchange,
        model,
        view,
        ..
    } = case;
    let body = requests::own(exchange, *view, model);
    let reply = world.ask(*view, model, &body).await?;
    let heard = Heard::of(exchange);
    if must_fail(&heard, *view, &reply) {
        return failed(*view, &reply);
    }
    head(case, &reply)?;
    let books = books(&world.gateway, &reply).await;
    let mut found = books.faults(&heard);
    let passed = match view.frames {
        Frames::Whole if reply.body == exchange.body => Ok(None),
        Frames::Whole => Err(format!("the body is not the provider's: {}", reply.text())),
        Frames::JsonArray => passing::list(&exchange.body, &reply.body).map(Some),
        Frames::Sse | Frames::EventStream => {
            let usage_asked = requests::asks_for_usage(&body);
            passing::stream(&exchange.body, &reply.body, usage_asked).map(Some)
        }
    };
    match passed {
        Ok(edits) => found.extend(
            edits
                .iter()
                .flat_map(|edits| edited(*view, edits, &heard, &books)),
        ),
        Err(fault) => found.push(fault),
    }
    let arrived = world.arrived(model)?;
    found.extend(requests::asked_elsewhere(&exchange.path, &arrived.path));
    found.extend(requests::changed(&body, &arrived.body));
    complain(&found)
}

/// The client speaks this format and wants a stream or not, whatever the provider does: what is wrong.
pub(super) async fn translated(world: &World, case: &Case) -> Result<(), String> {
    let Case {
        exchange,
        model,
        view,
        way,
        ..
    } = case;
    let reply = world.ask(*view, model, &view.smallest(model)).await?;
    let heard = Heard::of(exchange);
    if must_fail(&heard, *view, &reply) {
        return failed(*view, &reply);
    }
    head(case, &reply)?;
    let books = books(&world.gateway, &reply).await;
    let seen = client::read(*view, &reply.body)?;
    let mut found = books.faults(&heard);
    found.extend(compare::translated(view.api, &heard.said, &seen));
    if *way == Way::Translated {
        let arrived = world.arrived(model)?;
        found.extend(requests::asked_elsewhere(&exchange.path, &arrived.path));
    }
    let cost = books.call["cost_usd"]
        .as_str()
        .and_then(|cost| cost.parse::<f64>().ok());
    if !heard.said.error && heard.said.usage.is_some() && seen.cost != cost {
        found.push(format!(
            "the usage tells a cost of {:?}, the ledger {cost:?}",
            seen.cost
        ));
    }
    complain(&found)
}

/// Whether an error inside the answer has to show as an error status: nothing was said before it, or the client takes
/// no stream. It may as well where the client has got nothing yet. So has an answer that is put off.
fn must_fail(heard: &Heard, view: View, reply: &Answer) -> bool {
    let told_first = reply.status.as_u16() >= 400 && heard.said.error;
    heard.is_put_off() || heard.never_began() || heard.said.error && !view.is_stream() || told_first
}

/// The error is one of the client's API.
fn failed(view: View, reply: &Answer) -> Result<(), String> {
    if reply.status.as_u16() < 400 {
        return Err(format!(
            "status {} of an answer that is only an error: {}",
            reply.status,
            reply.text()
        ));
    }
    client::read_error(view, reply.status.as_u16(), &reply.body).map(|_| ())
}

fn head(case: &Case, reply: &Answer) -> Result<(), String> {
    let Case { exchange, view, .. } = case;
    if reply.status != exchange.status {
        return Err(format!("status {}: {}", reply.status, reply.text()));
    }
    let expected = view.framing().media_type();
    if reply.header("content-type") != expected {
        return Err(format!("content-type {:?}", reply.header("content-type")));
    }
    for name in [
        "x-request-id",
        "request-id",
        "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-tokens-reset",
    ] {
        if exchange.headers.contains_key(name) && exchange.headers.get(name) != reply.headers.get(name) {
            return Err(format!("the provider's header {name} did not arrive"));
        }
    }
    Ok(())
}

/// What is wrong with the edits of a stream that passed.
fn edited(view: View, edits: &Edits, heard: &Heard, books: &Books) -> Vec<String> {
    let mut found = Vec::new();
    let cost = books.call["cost_usd"].as_str();
    match (&edits.cost, cost) {
        (Some(told), Some(cost)) if told != cost => {
            found.push(format!("told a cost of {told} instead of {cost}"));
        }
        (Some(told), None) => found.push(format!("told a cost of {told} which the ledger does not know")),
        (None, Some(cost)) if edits.usage_told && !heard.tells_cost => {
            found.push(format!("the usage does not tell the cost of {cost}"));
        }
        (Some(_) | None, _) => {}
    }
    let told = heard.said.error && client::tells_error(view, &edits.behind);
    if !edits.behind.is_empty() && !told {
        let behind = String::from_utf8_lossy(&edits.behind);
        found.push(format!("behind the recorded bytes there is {behind}"));
    }
    found
}

fn complain(found: &[String]) -> Result<(), String> {
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("; "))
    }
}
