//! How long a call takes at the cache: the spelling that its key is made of, and reading a kept answer.
//!
//! `cargo bench -p wayleave-core --bench cache`; `docs/bench.md` has the figures.
#![expect(clippy::print_stdout, reason = "what it finds is for the eye")]
#![expect(clippy::expect_used, reason = "a bench may stop where a test would")]

use std::hint::black_box;
use std::time::Duration;

use allocation_counter::measure;
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use serde_json::json;
use wayleave_core::cache::key::{Key, Scope};
use wayleave_core::cache::{Canonical, Entry, Provenance};
use wayleave_core::digest::Digest;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::intake::Intake;
use wayleave_core::snapshot::cache::KeyParts;
use wayleave_core::usage::Usage;

/// Bytes of a request, about, and turns of the conversation.
const REQUESTS: [(&str, usize, usize); 3] = [
    ("1 KB", 1_000, 1),
    ("10 KB in 20 turns", 10_000, 20),
    ("100 KB in 200 turns", 100_000, 200),
];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    let mut group = criterion.benchmark_group("spelling");
    spelling(&mut group);
    group.finish();
    let mut group = criterion.benchmark_group("entry");
    entries(&mut group);
    group.finish();
    criterion.final_summary();
}

fn spelling(group: &mut BenchmarkGroup<'_, WallTime>) {
    for (name, size, turns) in REQUESTS {
        let body = request(size, turns);
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).expect("short")));
        let intake = Intake::read(WireFormat::OpenAIChat, body).expect("a request");
        let parts = KeyParts::default();
        let spelled = || {
            Canonical::of(black_box(&intake), &parts)
                .expect("one reading")
                .bytes()
        };
        let info = measure(|| drop(black_box(spelled())));
        println!("{name}: {} allocations", info.count_total);
        group.bench_function(name, |bencher| bencher.iter(spelled));
    }
}

fn request(size: usize, turns: usize) -> Bytes {
    let text = "The weather in \"Rome\" is fine.\n".repeat(size / turns / 31);
    let roles = ["user", "assistant"].into_iter().cycle();
    let turns: Vec<_> = roles
        .take(turns)
        .map(|role| json!({"role": role, "content": text}))
        .collect();
    json!({"model": "m", "temperature": 0, "messages": turns})
        .to_string()
        .into()
}

fn entries(group: &mut BenchmarkGroup<'_, WallTime>) {
    let key = Key {
        scope: Scope {
            route: "team/chat".into(),
            client: Digest::of([b"client".as_slice()]),
        },
        request: Digest::of([b"request".as_slice()]),
    };
    for (name, framing, body) in [
        (
            "a whole answer of 2 KB",
            Framing::Whole,
            "{\"content\":\"some words\"}".repeat(2_048 / 24),
        ),
        ("a stream of 64 events", Framing::Sse, stream(64)),
        ("a stream of 1,000 events", Framing::Sse, stream(1_000)),
    ] {
        let entry = Entry {
            from: provenance(framing),
            body: body.into(),
        };
        group.throughput(Throughput::Bytes(u64::try_from(entry.body.len()).expect("short")));
        let kept = entry.encode(&key);
        println!("{name}: {} bytes, kept in {}", entry.body.len(), kept.len());
        group.bench_function(format!("{name}, read"), |bencher| {
            bencher.iter(|| Entry::decode(black_box(&kept), &key, 1 << 20).expect("an entry"));
        });
        group.bench_function(format!("{name}, written"), |bencher| {
            bencher.iter(|| black_box(&entry).encode(&key));
        });
    }
}

fn stream(events: usize) -> String {
    let event = |number| {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "m",
            "choices": [{"index": 0, "delta": {"content": format!("word {number}")}, "finish_reason": null}]});
        format!("data: {chunk}\n\n")
    };
    (0..events).map(event).collect()
}

fn provenance(framing: Framing) -> Provenance {
    Provenance {
        kept: "2026-11-25T12:00:00Z".parse().expect("a date"),
        call: "0197e8a0-0000-7000-8000-000000000000".to_owned(),
        provider: "team/openai".to_owned(),
        model: "m".to_owned(),
        served: Some("m-2026".to_owned()),
        vendor: "OpenAI".to_owned(),
        format: WireFormat::OpenAIChat,
        framing,
        usage: Usage::default(),
        cost: None,
    }
}
