//! Exchanges with status 200: what the client has to get.

use super::cases::{Case, View};
use super::client;
use super::compare;
use super::ledger::{Books, books};
use super::oracle::{Heard, hear};
use super::passing::{self, Edits};
use super::requests;
use super::run::World;
use wayleave_tests::{Answer, Format};

/// The client speaks the provider's format: what is wrong.
pub(super) async fn own(world: &World, case: &Case) -> Result<(), String> {
    let Case {
        exchange,
        model,
        view,
        ..
    } = case;
    let format = view.format;
    let body = requests::own(exchange, *view, model);
    let reply = world.ask(format, &body).await?;
    let heard = hear(exchange);
    if must_fail(&heard, *view, &reply) {
        return failed(format, &reply);
    }
    head(case, &reply)?;
    let books = books(&world.gateway, &reply).await;
    let mut found = books.faults(&heard);
    if exchange.stream {
        match passing::stream(&exchange.body, &reply.body, requests::asks_for_usage(&body)) {
            Ok(edits) => found.extend(edited(format, &edits, &heard, &books)),
            Err(fault) => found.push(fault),
        }
    } else if reply.body != exchange.body {
        found.push(format!("the body is not the provider's: {}", reply.text()));
    }
    let arrived = world.arrived(model).ok_or("the provider got no request")?;
    found.extend(requests::changed(&body, &arrived));
    complain(&found)
}

/// The client speaks this format and wants a stream or not, whatever the provider does: what is wrong.
pub(super) async fn translated(world: &World, case: &Case) -> Result<(), String> {
    let Case {
        exchange,
        model,
        view,
        ..
    } = case;
    let View { format, stream } = *view;
    let body = requests::smallest(*view, model);
    let reply = world.ask(format, &body).await?;
    let heard = hear(exchange);
    if must_fail(&heard, *view, &reply) {
        return failed(format, &reply);
    }
    head(case, &reply)?;
    let books = books(&world.gateway, &reply).await;
    let seen = client::read(format, stream, &reply.body)?;
    let mut found = books.faults(&heard);
    found.extend(compare::translated(format, &heard.spoken, &seen));
    let cost = books.call["cost_usd"]
        .as_str()
        .and_then(|cost| cost.parse::<f64>().ok());
    if heard.spoken.fault.is_none() && heard.spoken.tokens.is_some() && seen.cost != cost {
        found.push(format!(
            "the usage tells a cost of {:?}, the ledger {cost:?}",
            seen.cost
        ));
    }
    complain(&found)
}

/// Whether an error inside the answer has to show as an error status: nothing was said before it, or the client takes
/// no stream. It may as well where the client has got nothing yet.
fn must_fail(heard: &Heard, view: View, reply: &Answer) -> bool {
    let told_first = reply.status.as_u16() >= 400 && heard.spoken.fault.is_some();
    heard.spoken.never_began() || heard.spoken.fault.is_some() && !view.stream || told_first
}

/// The error is one of the client's API.
fn failed(format: Format, reply: &Answer) -> Result<(), String> {
    if reply.status.as_u16() < 400 {
        return Err(format!(
            "status {} of an answer that is only an error: {}",
            reply.status,
            reply.text()
        ));
    }
    client::read_error(format, reply.status.as_u16(), &reply.body).map(|_| ())
}

fn head(case: &Case, reply: &Answer) -> Result<(), String> {
    let Case { exchange, view, .. } = case;
    if reply.status != exchange.status {
        return Err(format!("status {}: {}", reply.status, reply.text()));
    }
    let expected = if view.stream {
        "text/event-stream"
    } else {
        "application/json"
    };
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
fn edited(format: Format, edits: &Edits, heard: &Heard, books: &Books) -> Vec<String> {
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
    let behind = client::read(format, true, &edits.behind);
    match (&heard.spoken.fault, behind) {
        (None, Ok(_)) if edits.behind.is_empty() => {}
        (Some(_), Ok(seen)) if seen.spoken.fault.is_some() || edits.behind.is_empty() => {}
        (_, behind) => found.push(format!("behind the recorded bytes there is {behind:?}")),
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
