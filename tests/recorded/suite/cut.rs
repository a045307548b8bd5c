//! Cuts bytes at random places, the same ones in every run.

use bytes::Bytes;

/// The pieces of a body. The seed decides how fine they are: single bytes, a few, or packets of usual size.
pub(super) fn cut(body: &Bytes, seed: &str) -> Vec<Bytes> {
    let mut random = fastrand::Rng::with_seed(hash(seed));
    let longest = match random.u8(..4) {
        0 if body.len() <= 4_096 => 1,
        0 | 1 => 24,
        2 => 400,
        _ => 4_000,
    };
    let mut rest = body.clone();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let length = random.usize(1..=longest).min(rest.len());
        pieces.push(rest.split_to(length));
    }
    pieces
}

/// FNV-1a: the same on every machine.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn nothing_is_lost_and_no_run_differs() {
    let body: Bytes = (0..=255).cycle().take(10_000).collect();
    for seed in ["a", "b", "c", "d"] {
        let pieces = cut(&body, seed);
        assert!(pieces.len() > 2 && pieces.concat() == body && pieces == cut(&body, seed));
    }
}
