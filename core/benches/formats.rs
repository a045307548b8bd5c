//! How long the translation between formats takes, and how much it allocates: requests of three sizes per pair, and one
//! chunk of a stream.
//!
//! `make bench-formats`; `docs/bench.md` has the figures.
#![expect(clippy::print_stdout, reason = "what it finds is for the eye")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench may stop where a test would"
)]

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use serde_json::{Value, json};
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::intake::{Intake, TargetShape};
use wayleave_core::relay::{ClientShape, Keep, ProviderShape, Relay, RelayOptions};

use samples::file::{merged, read};
use samples::side::{CLIENTS, PROVIDERS, Side};
use samples::streaming::{events, framed, says_done};

/// Bytes of a request, about.
const SIZES: [(&str, usize); 3] = [("1 KB", 1_000), ("100 KB", 100_000), ("5 MB", 5_000_000)];

/// After so many chunks another answer begins: none is endless.
const CHUNKS: u32 = 10_000;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    let mut group = criterion.benchmark_group("request");
    requests(&mut group);
    group.finish();
    let mut group = criterion.benchmark_group("chunk");
    chunks(&mut group);
    group.finish();
    criterion.final_summary();
}

fn requests(group: &mut BenchmarkGroup<'_, WallTime>) {
    for &client in CLIENTS {
        for (name, size) in SIZES {
            let body = body(client, size);
            group.throughput(Throughput::Bytes(u64::try_from(body.len()).expect("short")));
            for &provider in PROVIDERS {
                if !translates(client, provider, &body) {
                    continue;
                }
                let info = measure(|| drop(black_box(translated(client, provider, &body))));
                println!(
                    "{} to {}, {name}: {} allocations, {} bytes at most",
                    client.column, provider.column, info.count_total, info.bytes_max
                );
                let id = BenchmarkId::new(format!("{} to {}", client.column, provider.column), name);
                group.bench_function(id, |bencher| {
                    bencher.iter(|| translated(client, provider, black_box(&body)));
                });
            }
        }
    }
}

fn translates(client: Side, provider: Side, body: &Bytes) -> bool {
    let intake = Intake::read(client.asked(false), body.clone()).expect("a good request");
    intake.outbound(shape(provider)).is_ok()
}

/// From the client's bytes to the provider's.
fn translated(client: Side, provider: Side, body: &Bytes) -> Bytes {
    let intake = Intake::read(client.asked(false), body.clone()).expect("a good request");
    intake
        .outbound(shape(provider))
        .expect("one that can be said")
        .body
}

fn shape(provider: Side) -> TargetShape<'static> {
    TargetShape {
        format: provider.format,
        model: provider.model,
        quirks: provider.quirks(),
    }
}

/// A conversation with tools; beyond a megabyte most of it is a picture.
fn body(client: Side, size: usize) -> Bytes {
    let given = [("@model", client.model), ("@proof", ""), ("@format", "")];
    let samples = read("samples/requests", client.file, &given);
    let mut whole = samples["plain"].clone();
    if client.format == WireFormat::OpenAICompletions {
        whole["prompt"] = json!(text(size));
        return whole.to_string().into();
    }
    whole = merged(&whole, &samples["call_parallel"]);
    let turns = turns_of(client);
    let picture = if size > 1_000_000 { size - 100_000 } else { 0 };
    if picture > 0 {
        let image = samples["image_data"][turns][0].to_string();
        let image = image.replace("iVBORw0KGgo=", &"iVBO".repeat(picture / 4));
        push(
            &mut whole[turns],
            serde_json::from_str(&image).expect("still JSON"),
        );
    }
    let question = samples["text"].get(turns).and_then(|turns| turns.get(0)).cloned();
    let question = question
        .unwrap_or_else(|| json!({"role": "user", "content": "said"}))
        .to_string();
    let answer = samples["assistant"][turns][1].to_string();
    let mut length = whole.to_string().len();
    while length < size {
        for (turn, word) in [(&question, "\"said\""), (&answer, "\"said before\"")] {
            let said = text(500.min(size));
            let turn = turn.replace(word, &Value::from(said).to_string());
            length += turn.len();
            push(
                &mut whole[turns],
                serde_json::from_str(&turn).expect("still JSON"),
            );
        }
    }
    whole.to_string().into()
}

fn turns_of(client: Side) -> &'static str {
    match client.format {
        WireFormat::OpenAIResponses => "input",
        WireFormat::GeminiGenerate => "contents",
        WireFormat::OpenAIChat
        | WireFormat::OpenAICompletions
        | WireFormat::OpenAIEmbeddings
        | WireFormat::AnthropicMessages
        | WireFormat::AnthropicTokens
        | WireFormat::BedrockConverse => "messages",
    }
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().expect("a list of turns").push(item);
}

/// With a character that JSON escapes now and then.
fn text(length: usize) -> String {
    "The weather in \"Rome\" is fine, and in Århus it rains.\n"
        .chars()
        .cycle()
        .take(length)
        .collect()
}

fn chunks(group: &mut BenchmarkGroup<'_, WallTime>) {
    for &provider in PROVIDERS {
        for &client in CLIENTS {
            if provider.format == WireFormat::OpenAICompletions && client != provider {
                continue;
            }
            let (head, chunk) = stream(provider);
            assert_gets_through(provider, client);
            let begun = || {
                let mut relay = relay(provider, client);
                relay.push(head.clone(), &|_, _| None);
                relay
            };
            let mut relay = begun();
            let mut written = 0;
            let info = measure(|| {
                for _ in 0..CHUNKS {
                    written += relay.push(chunk.clone(), &|_, _| None).len();
                }
            });
            assert!(written > 0, "nothing comes out");
            let name = format!("{} to {}", provider.column, client.column);
            println!(
                "{name}, a chunk: {:.2} allocations, {} bytes written",
                f64::from(u32::try_from(info.count_total).expect("few")) / f64::from(CHUNKS),
                written / usize::try_from(CHUNKS).expect("few")
            );
            let mut left = 0;
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    if left == 0 {
                        relay = begun();
                        left = CHUNKS;
                    }
                    left -= 1;
                    relay.push(black_box(chunk.clone()), &|_, _| None)
                });
            });
        }
    }
}

fn relay(provider: Side, client: Side) -> Relay {
    Relay::new(RelayOptions {
        client: ClientShape {
            format: client.format,
            framing: Framing::Sse,
            include_usage: true,
        },
        provider: ProviderShape {
            format: provider.format,
            framing: provider.streamed(),
            quirks: provider.quirks(),
        },
        model: "asked-for",
        created: 5,
        keep: Keep::Nothing,
    })
}

fn assert_gets_through(provider: Side, client: Side) {
    let samples = read("samples/answers", provider.file, &[]);
    let events = events(provider.format, &samples["plain"]);
    let stream = framed(&events, provider.streamed(), says_done(provider.format));
    let mut relay = relay(provider, client);
    relay.push(stream.into(), &|_, _| None);
    relay.finish(&|_, _| None);
    let tally = relay.tally();
    assert!(tally.ended && tally.fault.is_none(), "{tally:?}");
}

/// The beginning of a stream, and the chunk with the text.
fn stream(provider: Side) -> (Bytes, Bytes) {
    let samples = read("samples/answers", provider.file, &[]);
    let events = events(provider.format, &merged(&samples["plain"], &samples["text"]));
    let at = events
        .iter()
        .position(|(_, data)| data.to_string().contains("Hello."))
        .expect("a chunk with text");
    let bytes = |events| Bytes::from(framed(events, provider.streamed(), false));
    (bytes(&events[..at]), bytes(&events[at..=at]))
}
