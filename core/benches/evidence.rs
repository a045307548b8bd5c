//! How long it takes to put targets in order by what is known of them: once per call of a rule with `pick: Best`.
//!
//! `cargo bench -p wayleave-core --bench evidence`; it is to stay below 20 µs for 50 targets.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use wayleave_core::evidence::best::{Candidate, Optimise, Wish, order};
use wayleave_core::evidence::{Mean, Scores};
use wayleave_core::money::Ticks;
use wayleave_core::price::Ratio;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    for (name, near) in [("far from the minimum", false), ("near the minimum", true)] {
        let candidates = candidates(near);
        let mut rng = fastrand::Rng::with_seed(1);
        let wish = Wish {
            min_score: 0.8,
            optimise: Optimise::Cost,
            explore: Ratio::from_millionths(100_000),
        };
        criterion.bench_function(&format!("order/50 targets, {name}"), |bencher| {
            bencher.iter(|| order(black_box(&candidates), wish, &mut rng));
        });
    }
    let mean = scored(0.8, 300).mean();
    criterion.bench_function("interval", |bencher| {
        bencher.iter(|| black_box(mean).interval(0.05));
    });
    criterion.bench_function("mean of scores", |bencher| {
        let scores = scored(0.8, 300);
        bencher.iter(|| black_box(&scores).mean());
    });
    criterion.bench_function("observe", |bencher| {
        let mut scores = scored(0.8, 300);
        let mut rng = fastrand::Rng::with_seed(1);
        bencher.iter(|| scores.observe(rng.f64()));
    });
    criterion.final_summary();
}

fn scored(mean: f64, count: u32) -> Scores {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut scores = Scores::default();
    (0..count).for_each(|_| scores.observe(f64::from(u8::from(rng.f64() < mean))));
    scores
}

fn candidates(near: bool) -> Vec<Candidate> {
    let of = |index: u32| {
        let spread = if near { 0.02 } else { 0.19 };
        let mean: Mean = scored(0.8 + spread * (f64::from(index % 7) / 3.0 - 1.0), 30 + index * 9).mean();
        Candidate {
            cost: Some(Ticks::new(i64::from(index * 37 % 50))),
            latency: Some(Duration::from_millis(u64::from(index))),
            scores: (!index.is_multiple_of(10)).then_some(mean),
        }
    };
    (0..50).map(of).collect()
}
