//! Sends exchanges through the relay.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::money::Ticks;
use wayleave_core::relay::{ClientShape, Keep, ProviderShape, Relay, RelayOptions, Tally};
use wayleave_core::usage::Report;

use crate::recordings::api::Api;
use crate::recordings::client::ASKED_MODEL;
use crate::recordings::exchange::{Exchange, of_our_apis};

const COST: i64 = 125_000;

/// One way through the relay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) format: WireFormat,
    pub(crate) framing: Framing,
    pub(crate) include_usage: bool,
    pub(crate) priced: bool,
}

/// What came out.
pub(crate) struct Passed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tally: Tally,
}

pub(crate) fn relay(exchange: &Exchange, way: Way, chunks: impl Iterator<Item = Bytes>) -> Passed {
    let framing = Framing::detect(exchange.content_type(), &exchange.body);
    let mut relay = Relay::new(RelayOptions {
        client: ClientShape {
            format: way.format,
            framing: way.framing,
            include_usage: way.include_usage,
        },
        provider: ProviderShape {
            format: exchange.format(),
            framing,
            quirks: exchange.quirks(),
        },
        model: ASKED_MODEL,
        created: 1,
        keep: Keep::Text(usize::MAX),
    });
    let cost = |_: &Report, _: Option<&str>| way.priced.then_some(Ticks::new(COST));
    let mut bytes = Vec::new();
    for chunk in chunks {
        bytes.extend_from_slice(&relay.push(chunk, &cost));
    }
    bytes.extend_from_slice(&relay.finish(&cost));
    Passed {
        bytes,
        tally: relay.tally().clone(),
    }
}

pub(crate) fn at_once(exchange: &Exchange, way: Way) -> Passed {
    relay(exchange, way, std::iter::once(exchange.body.clone()))
}

/// The way on which nothing is edited.
pub(crate) fn untouched(exchange: &Exchange) -> Way {
    let framing = Framing::detect(exchange.content_type(), &exchange.body);
    Way {
        format: exchange.format(),
        framing,
        include_usage: true,
        priced: false,
    }
}

/// The exchanges that are not handled, by id, with the reason.
pub(crate) fn exceptions() -> BTreeMap<String, String> {
    let lines = include_str!("exceptions.txt").lines();
    let entries = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    entries
        .map(|line| {
            let (id, reason) = line.split_once(' ').expect("an id and a reason");
            (id.to_owned(), reason.to_owned())
        })
        .collect()
}

/// Runs a check over all exchanges that it is for, but those in `exceptions.txt`; fails with all failures.
pub(crate) fn over(
    name: &str,
    wanted: impl Fn(&Exchange) -> bool,
    check: impl Fn(&Exchange) -> Result<(), String>,
) {
    let Some(all) = of_our_apis() else { return };
    let exceptions = exceptions();
    let mut counts = BTreeMap::<String, usize>::new();
    let mut failures = Vec::new();
    let mut excepted = BTreeSet::new();
    for exchange in all.iter().filter(|exchange| wanted(exchange)) {
        if exceptions.contains_key(&exchange.id) {
            excepted.insert(&exchange.id);
            continue;
        }
        *counts.entry(exchange.provider.clone()).or_default() += 1;
        if let Err(failure) = check(exchange) {
            failures.push(format!("{}: {failure}", exchange.id));
        }
    }
    println!("{name}: {counts:?}, {} excepted: {excepted:?}", excepted.len());
    assert!(
        counts.values().sum::<usize>() >= 20,
        "too few exchanges to mean anything: {counts:?}"
    );
    fail_with(&failures);
}

pub(crate) fn fail_with(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

pub(crate) fn is_ok(exchange: &Exchange) -> bool {
    exchange.status == 200
}

/// Whether it is an answer of a chat, which can be told in other formats.
pub(crate) fn is_chat(exchange: &Exchange) -> bool {
    is_ok(exchange) && exchange.api() != Api::OpenAIEmbeddings
}

pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(
    what: &str,
    seen: &T,
    expected: &T,
) -> Result<(), String> {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}\n   seen     {seen:?}\n   expected {expected:?}"))
    }
}
