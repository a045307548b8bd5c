//! What has to hold for every exchange.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wayleave_core::client_error::read_fault;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::relay::{ClientShape, ProviderShape, Relay, RelayOptions, Tally};
use wayleave_core::usage::Report;

use crate::exchange::{self, Exchange};
use crate::oracle;
use crate::said::{self, Said};

const COST: i64 = 125_000;

/// One way through the relay.
#[derive(Clone, Copy, Debug)]
struct Way {
    format: WireFormat,
    framing: Framing,
    include_usage: bool,
    priced: bool,
}

/// What came out.
struct Passed {
    bytes: Vec<u8>,
    tally: Tally,
}

fn relay(exchange: &Exchange, way: Way, chunks: impl Iterator<Item = Bytes>) -> Passed {
    let framing = Framing::detect(exchange.content_type(), &exchange.body);
    let mut relay = Relay::new(RelayOptions {
        client: ClientShape {
            format: way.format,
            framing: way.framing,
            include_usage: way.include_usage,
        },
        provider: ProviderShape {
            format: exchange.format,
            framing,
            quirks: exchange.quirks(),
        },
        model: "asked-for",
        created: 1,
        keep_text: Some(usize::MAX),
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

fn at_once(exchange: &Exchange, way: Way) -> Passed {
    relay(exchange, way, std::iter::once(exchange.body.clone()))
}

/// The way on which nothing is edited.
fn untouched(exchange: &Exchange) -> Way {
    let framing = Framing::detect(exchange.content_type(), &exchange.body);
    Way {
        format: exchange.format,
        framing,
        include_usage: true,
        priced: false,
    }
}

/// Runs a check over all exchanges that it is for, but those in `exceptions.txt`; fails with all failures.
fn over(name: &str, wanted: impl Fn(&Exchange) -> bool, check: impl Fn(&Exchange) -> Result<(), String>) {
    let Some(all) = exchange::load() else { return };
    let exceptions = exchange::exceptions();
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
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn is_ok(exchange: &Exchange) -> bool {
    exchange.status == 200
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, expected: &T) -> Result<(), String> {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{what}\n   seen     {seen:?}\n   expected {expected:?}"))
    }
}

#[test]
fn exceptions_name_exchanges_that_exist() {
    let Some(all) = exchange::load() else { return };
    let ids: BTreeSet<_> = all.iter().map(|exchange| exchange.id.as_str()).collect();
    for id in exchange::exceptions().keys() {
        assert!(ids.contains(id.as_str()), "{id} is no exchange");
    }
}

#[test]
fn passing_through_changes_no_byte() {
    over("pass", is_ok, |exchange| {
        let passed = at_once(exchange, untouched(exchange));
        if passed.bytes != exchange.body {
            return Err(String::from("the bytes changed"));
        }
        let cost = at_once(
            exchange,
            Way {
                priced: true,
                ..untouched(exchange)
            },
        );
        let spliced = String::from_utf8_lossy(&cost.bytes);
        let text = spliced
            .replace("\"cost\":0.0000125,", "")
            .replace("\"cost\":0.0000125", "");
        equal("without the cost", &text.as_bytes(), &exchange.body.as_ref())
    });
}

#[test]
fn only_usage_that_nobody_asked_for_is_left_out() {
    over(
        "strip",
        |exchange| is_ok(exchange) && exchange.stream,
        |exchange| {
            let passed = at_once(
                exchange,
                Way {
                    include_usage: false,
                    ..untouched(exchange)
                },
            );
            let kept = oracle::without_usage_chunks(&exchange.body);
            equal(
                "bytes",
                &String::from_utf8_lossy(&passed.bytes).as_ref(),
                &kept.as_str(),
            )
        },
    );
}

#[test]
fn the_tally_says_what_the_answer_says() {
    over("tally", is_ok, |exchange| {
        let said = Said::of_exchange(exchange);
        let passed = at_once(exchange, untouched(exchange));
        equal("tally", &said::of_tally(&passed.tally), &said::for_tally(&said))?;
        equal("ended", &passed.tally.ended, &said.ended)?;
        equal("faulty", &passed.tally.fault.is_some(), &said.error)
    });
}

#[test]
fn translation_keeps_what_the_client_can_be_told() {
    over("translate", is_ok, |exchange| {
        let said = Said::of_exchange(exchange);
        for format in [WireFormat::OpenAIChat, WireFormat::AnthropicMessages] {
            for framing in [Framing::Sse, Framing::Whole] {
                let way = Way {
                    format,
                    framing,
                    include_usage: true,
                    priced: false,
                };
                let seen = at_once(exchange, way);
                let passed = (format, framing) == (exchange.format, untouched(exchange).framing);
                if said.error || passed {
                    continue;
                }
                let told = Said::of_client(format, framing, &seen.bytes);
                equal(
                    &format!("{format:?} {framing:?}"),
                    &told,
                    &said.clone().for_client(format),
                )?;
            }
        }
        Ok(())
    });
}

#[test]
fn any_cut_gives_the_same_bytes() {
    let ways = [WireFormat::OpenAIChat, WireFormat::AnthropicMessages].map(|format| Way {
        format,
        framing: Framing::Sse,
        include_usage: false,
        priced: true,
    });
    over(
        "cut",
        |exchange| exchange.status == 200 && exchange.stream,
        |exchange| {
            let mut random = fastrand::Rng::with_seed(u64::try_from(exchange.body.len()).unwrap_or(0));
            for way in ways {
                let whole = at_once(exchange, way);
                let longest = if exchange.body.len() < 20_000 { 1 } else { 64 };
                for most in [longest, 100, 5000] {
                    let cut = relay(exchange, way, exchange.cut(|| random.usize(1..=most)));
                    equal("tally", &cut.tally, &whole.tally)?;
                    if cut.bytes != whole.bytes {
                        return Err(format!("{way:?} at most {most} bytes: other bytes"));
                    }
                }
            }
            Ok(())
        },
    );
}

#[test]
fn errors_have_their_status_and_class() {
    over(
        "errors",
        |exchange| exchange.status >= 400,
        |exchange| {
            let status = StatusCode::from_u16(exchange.status).map_err(|error| error.to_string())?;
            let fault = read_fault(status, &HeaderMap::new(), &exchange.body);
            let text = String::from_utf8_lossy(&exchange.body);
            let class = match exchange.status {
                _ if text.contains("maximum context length") => Class::ContextLength,
                401 => Class::AuthFailed,
                429 => Class::RateLimited,
                400 | 404 => Class::Caller,
                500 => Class::ServerError,
                other => return Err(format!("no rule for {other}")),
            };
            equal("class", &fault.class, &class)?;
            equal("status", &fault.status, &exchange.status)?;
            let message = oracle::error_message(&exchange.body);
            if !fault.message.starts_with(&message) || fault.message.is_empty() {
                return Err(format!("message {:?}, expected {message:?}", fault.message));
            }
            Ok(())
        },
    );
}
