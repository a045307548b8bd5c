use std::time::Duration;

use super::*;

/// Time of a call, the least of several.
fn least(mut run: impl FnMut()) -> Duration {
    let measure = |_| {
        let start = std::time::SystemTime::now();
        run();
        start.elapsed().expect("a clock that goes forward")
    };
    (0..20).map(measure).min().expect("some")
}

/// `cargo test --release -p wayleave-core -- --ignored --nocapture speed`: the time that a small frame takes.
#[test]
#[ignore = "a measurement, not a check"]
fn speed_of_small_frames() {
    const FRAMES: u32 = 10_000;
    let openai = "data: {\"id\":\"chatcmpl-C9tLrOtZ6m3xQ8uYw2vKq1Jn5sDfE\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\"model\":\"gpt-4.1-mini-2025-04-14\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_6f2eabb9a5\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"Zx3kP\"}\n\n";
    let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}}\n\n";
    for (from, frame) in [(OPENAI, openai), (ANTHROPIC, anthropic)] {
        for to in [OPENAI, ANTHROPIC] {
            for per_chunk in [1, 32] {
                let chunk = Bytes::from(frame.repeat(per_chunk));
                let time = least(|| {
                    let mut relay = Trip::stream(from, to).relay();
                    for _ in 0..FRAMES / u32::try_from(per_chunk).expect("small") {
                        std::hint::black_box(relay.push(chunk.clone(), &|_, _| None));
                    }
                });
                println!(
                    "{from:?} to {to:?}, {per_chunk} frames a chunk: {:?} a frame",
                    time / FRAMES
                );
            }
        }
    }
}
