//! Recorded answers as a cache keeps them: which, and what a client is told when one is served again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use wayleave_core::cache::key::{Key, Scope};
use wayleave_core::cache::{Entry, NotKept, Provenance, keep};
use wayleave_core::digest::Digest;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;
use wayleave_core::relay::{ClientShape, Keep, Relay, RelayOptions};
use wayleave_core::snapshot::cache::{CacheRules, KeyParts, Method, Partition, Store, ToolCalls};

use crate::recordings::api::{Api, CLIENTS, framings};
use crate::recordings::client::ASKED_MODEL;
use crate::recordings::exchange::{Exchange, of_our_apis};
use crate::recordings::said::{Choice, Said};
use crate::way::{Passed, Way, at_once, equal, fail_with, is_ok, untouched};

/// Longer than any recording.
const MOST: usize = 16 << 20;

fn rules(tool_calls: ToolCalls) -> CacheRules {
    CacheRules {
        ttl: Duration::from_secs(600),
        partition: Partition::Credential,
        key: KeyParts::default(),
        methods: Method::ALL.into(),
        max_entry_bytes: MOST,
        max_temperature: Ratio::from_millionths(0),
        tool_calls,
        store: Store::Memory { max_bytes: 1 << 20 },
        semantic: None,
    }
}

fn judged(exchange: &Exchange, tool_calls: ToolCalls) -> Result<(), NotKept> {
    let tally = at_once(exchange, untouched(exchange)).tally;
    keep(&rules(tool_calls), &tally, exchange.format(), exchange.body.len())
}

/// Why the oracle would not keep an answer; `None`: it would.
fn unfit(exchange: &Exchange) -> Option<&'static str> {
    let said = Said::of_exchange(exchange);
    let any = |is: fn(&Choice) -> bool| said.choices.values().any(is);
    let finish = |words: &[&str]| {
        let mut finishes = said
            .choices
            .values()
            .filter_map(|choice| choice.finish.as_deref());
        finishes.any(|finish| words.contains(&finish))
    };
    let embeddings = exchange.api() == Api::OpenAIEmbeddings;
    if said.error {
        return Some("an error");
    }
    if !said.ended || !embeddings && (said.choices.is_empty() || any(|choice| choice.finish.is_none())) {
        return Some("cut");
    }
    if any(|choice| !choice.refusal.is_empty()) || finish(&["refusal"]) {
        return Some("a refusal");
    }
    if finish(&["length", "context"]) {
        return Some("truncated");
    }
    if finish(&["content_filter"]) {
        return Some("filtered");
    }
    finish(&["pause"]).then_some("paused")
}

/// What is wrong with an answer is never kept, and what is right is.
#[test]
fn the_oracle_agrees_on_what_is_kept() {
    let Some(all) = of_our_apis() else { return };
    let mut unlike = Vec::new();
    for tool_calls in [ToolCalls::Skip, ToolCalls::Keep] {
        let mut counts = BTreeMap::<&str, usize>::new();
        for exchange in all.iter().filter(|exchange| is_ok(exchange)) {
            let judged = judged(exchange, tool_calls);
            *counts
                .entry(judged.map_or_else(NotKept::as_str, |()| "kept"))
                .or_default() += 1;
            match (judged, unfit(exchange)) {
                (Ok(()), Some(why)) => unlike.push(format!("{}: kept, but it is {why}", exchange.id)),
                // Nothing to keep, whatever its end.
                (Err(NotKept::Empty) | Ok(()), None) | (Err(_), Some(_)) => {}
                (Err(NotKept::ToolCalls), None) if tool_calls == ToolCalls::Skip => {}
                (Err(why), None) => {
                    unlike.push(format!("{}: {}, but it is whole", exchange.id, why.as_str()));
                }
            }
        }
        println!("tool calls {tool_calls:?}: {counts:?}");
        assert!(
            counts.get("kept") >= Some(&200),
            "too few to mean anything: {counts:?}"
        );
    }
    fail_with(&unlike);
}

fn key() -> Key {
    Key {
        scope: Scope {
            route: "team/route".into(),
            client: Digest::of([b"client".as_slice()]),
        },
        request: Digest::of([b"request".as_slice()]),
    }
}

/// What comes back of an answer that went into a store.
fn stored(exchange: &Exchange) -> Entry {
    let passed = at_once(exchange, untouched(exchange));
    let entry = Entry {
        from: Provenance {
            kept: Timestamp::UNIX_EPOCH,
            call: "a-call".to_owned(),
            provider: "team/provider".to_owned(),
            model: ASKED_MODEL.to_owned(),
            served: passed.tally.model.clone(),
            vendor: exchange.vendor().name.to_owned(),
            format: exchange.format(),
            framing: untouched(exchange).framing,
            usage: passed.tally.report.map(|report| report.usage).unwrap_or_default(),
            cost: Some(Ticks::new(7)),
        },
        body: exchange.body.clone(),
    };
    let bytes = entry.encode(&key());
    assert!(
        bytes.len() <= Entry::longest(exchange.body.len()),
        "{}",
        exchange.id
    );
    let back = Entry::decode(&bytes, &key(), exchange.body.len());
    assert_eq!(back.as_ref(), Ok(&entry), "{}", exchange.id);
    back.unwrap()
}

/// As the engine serves it: all at once.
fn replayed(entry: &Entry, way: Way) -> Passed {
    let mut relay = Relay::new(RelayOptions {
        client: ClientShape {
            format: way.format,
            framing: way.framing,
            include_usage: way.include_usage,
        },
        provider: entry.shape().expect("a vendor of this version"),
        model: &entry.from.model,
        created: 1,
        keep: Keep::Nothing,
    });
    let free = |_: &_, _: Option<&str>| way.priced.then_some(Ticks::ZERO);
    let mut bytes = relay.push(entry.body.clone(), &free).to_vec();
    bytes.extend_from_slice(&relay.finish(&free));
    Passed {
        bytes,
        tally: relay.tally().clone(),
    }
}

fn ways(exchange: &Exchange) -> Vec<(WireFormat, Framing)> {
    if exchange.api() == Api::OpenAIEmbeddings {
        return vec![(exchange.format(), Framing::Whole)];
    }
    let every = |&format: &WireFormat| framings(format).iter().map(move |&framing| (format, framing));
    CLIENTS.iter().flat_map(every).collect()
}

fn check(exchange: &Exchange, format: WireFormat, framing: Framing) -> Result<(), String> {
    let entry = stored(exchange);
    let way = Way {
        format,
        framing,
        include_usage: true,
        priced: false,
    };
    let seen = replayed(&entry, way);
    if seen.tally.fault.is_some() || !seen.tally.ended {
        return Err(String::from("it could not be served"));
    }
    let direct = at_once(exchange, way).bytes;
    equal(
        "bytes",
        &String::from_utf8_lossy(&seen.bytes),
        &String::from_utf8_lossy(&direct),
    )?;
    // Free of charge, and nothing else is different.
    let free = replayed(&entry, Way { priced: true, ..way });
    equal("tally", &free.tally, &seen.tally)?;
    if (format, framing) == (exchange.format(), entry.from.framing) {
        return equal("as it came", &seen.bytes, &exchange.body.to_vec());
    }
    let told = Said::of_client(format, framing, &free.bytes);
    let expected = Said::of_exchange(exchange).for_client(Api::of(format));
    // A source that several pieces of Gemini's text lean on is told once.
    if [Api::of(format), exchange.api()].contains(&Api::GeminiGenerate) {
        return equal(
            "said",
            &told.with_each_source_once(),
            &expected.with_each_source_once(),
        );
    }
    equal("said", &told, &expected)
}

/// Streamed or not, in every format: what a client is told of a kept answer is what it would have been told of the
/// answer itself. No recording is left out.
#[test]
fn a_kept_answer_is_told_like_the_answer_itself() {
    let Some(all) = of_our_apis() else { return };
    let mut counts = BTreeMap::<String, usize>::new();
    let mut told = 0;
    let mut failures = Vec::new();
    let kept = |exchange: &&Exchange| is_ok(exchange) && judged(exchange, ToolCalls::Keep).is_ok();
    for exchange in all.iter().filter(kept) {
        let from = if exchange.is_stream() { "a stream" } else { "whole" };
        *counts.entry(format!("{:?} {from}", exchange.api())).or_default() += 1;
        for (format, framing) in ways(exchange) {
            told += 1;
            if let Err(failure) = check(exchange, format, framing) {
                failures.push(format!("{} to {format:?} {framing:?}: {failure}", exchange.id));
            }
        }
    }
    let kept: usize = counts.values().sum();
    println!("{kept} kept, told {told} times, 0 exceptions: {counts:?}");
    assert!(kept >= 200, "too few to mean anything: {counts:?}");
    fail_with(&failures);
}
