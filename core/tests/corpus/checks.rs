//! What has to hold for every exchange.

use std::collections::BTreeSet;

use http::StatusCode;
use wayleave_core::client_error::read_fault;
use wayleave_core::outcome::Class;

use crate::recordings::api::{Api, CLIENTS, Frames, framings};
use crate::recordings::exchange::{Exchange, of_our_apis};
use crate::recordings::oracle;
use crate::recordings::said::Said;
use crate::tallied;
use crate::way::{Way, at_once, equal, exceptions, is_chat, is_ok, over, relay, untouched};

#[test]
fn exceptions_name_exchanges_that_exist() {
    let Some(all) = of_our_apis() else { return };
    let ids: BTreeSet<_> = all.iter().map(|exchange| exchange.id.as_str()).collect();
    for id in exceptions().keys() {
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
        // No cost is told among AWS' check sums.
        if exchange.frames == Frames::EventStream {
            return equal("with a cost", &cost.bytes, &passed.bytes);
        }
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
        |exchange| is_ok(exchange) && exchange.frames == Frames::Sse,
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
        equal(
            "tally",
            &tallied::of_tally(&passed.tally),
            &tallied::for_tally(exchange.api(), &said),
        )?;
        equal("ended", &passed.tally.ended, &said.ended)?;
        equal("faulty", &passed.tally.fault.is_some(), &said.error)
    });
}

#[test]
fn translation_keeps_what_the_client_can_be_told() {
    over("translate", is_chat, |exchange| {
        let said = Said::of_exchange(exchange);
        for &format in CLIENTS {
            for &framing in framings(format) {
                let way = Way {
                    format,
                    framing,
                    include_usage: true,
                    priced: false,
                };
                let seen = at_once(exchange, way);
                let passed = (format, framing) == (exchange.format(), untouched(exchange).framing);
                // One that a provider puts off (`queued`) is none: the engine sees that it did not end.
                if said.error || !said.ended || passed {
                    continue;
                }
                let told = Said::of_client(format, framing, &seen.bytes);
                let expected = said.clone().for_client(Api::of(format));
                // A source that several pieces of Gemini's text lean on is told once.
                let gemini = [Api::of(format), exchange.api()].contains(&Api::GeminiGenerate);
                let (told, expected) = if gemini {
                    (told.with_each_source_once(), expected.with_each_source_once())
                } else {
                    (told, expected)
                };
                equal(&format!("{format:?} {framing:?}"), &told, &expected)?;
            }
        }
        Ok(())
    });
}

#[test]
fn any_cut_gives_the_same_bytes() {
    let streams = |format| framings(format).iter().filter(|framing| framing.is_stream());
    let ways = CLIENTS.iter().flat_map(|&format| {
        streams(format).map(move |&framing| Way {
            format,
            framing,
            include_usage: false,
            priced: true,
        })
    });
    over(
        "cut",
        |exchange| exchange.status == 200 && exchange.is_stream(),
        |exchange| {
            let mut random = fastrand::Rng::with_seed(u64::try_from(exchange.body.len()).unwrap_or(0));
            for way in ways.clone() {
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

/// The lengths of AWS' messages come in pieces as well. Only short streams, as there are as many ways as bytes.
#[test]
fn an_event_stream_may_be_cut_anywhere() {
    let short = |exchange: &Exchange| {
        exchange.frames == Frames::EventStream && is_ok(exchange) && exchange.body.len() < 4000
    };
    let Some(all) = of_our_apis() else { return };
    let mut count = 0;
    for exchange in all.iter().filter(|exchange| short(exchange)) {
        let whole = at_once(exchange, untouched(exchange));
        for at in 1..exchange.body.len() {
            let halves = [exchange.body.slice(..at), exchange.body.slice(at..)];
            let cut = relay(exchange, untouched(exchange), halves.into_iter());
            assert_eq!(cut.tally, whole.tally, "{} at {at}", exchange.id);
            assert!(cut.bytes == whole.bytes, "{} at {at}", exchange.id);
        }
        count += 1;
    }
    println!("{count} event streams");
    assert!(count > 3, "too few short event streams");
}

#[test]
fn errors_have_their_status_and_class() {
    over(
        "errors",
        |exchange| exchange.status >= 400,
        |exchange| {
            let status = StatusCode::from_u16(exchange.status).map_err(|error| error.to_string())?;
            let fault = read_fault(status, &exchange.headers, &exchange.body);
            let text = String::from_utf8_lossy(&exchange.body);
            let too_long = [
                "maximum context length",
                "context_length_exceeded",
                "Input Tokens Exceeded",
                "exceeds the maximum number of tokens",
            ];
            // Gemini and xAI say 400 to a bad key.
            let bad_key = ["API key not valid", "Incorrect API key"];
            let says = |words: &[&str]| words.iter().any(|words| text.contains(words));
            let expected = if says(&bad_key) { 401 } else { exchange.status };
            let class = match expected {
                _ if says(&too_long) => Class::ContextLength,
                401 | 403 => Class::AuthFailed,
                429 => Class::RateLimited,
                400 | 404 => Class::Caller,
                500 => Class::ServerError,
                other => return Err(format!("no rule for {other}")),
            };
            equal("class", &fault.class, &class)?;
            equal("status", &fault.status, &expected)?;
            let message = oracle::error_message(&exchange.body);
            if !fault.message.starts_with(&message) || fault.message.is_empty() {
                return Err(format!("message {:?}, expected {message:?}", fault.message));
            }
            Ok(())
        },
    );
}
