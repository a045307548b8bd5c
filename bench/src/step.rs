//! One measurement: one phase, one variant, one round.

use std::time::Duration;

use serde::Serialize;

use crate::load::Tally;
use crate::process::{Split, Usage};
use crate::scenario::Phase;
use crate::stats::percentile;
use crate::variant::Variant;

/// What a measurement has found. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// From 1.
    pub round: u32,
    /// What was asked.
    pub phase: Phase,
    /// Of whom.
    pub variant: Variant,
    /// Good answers.
    pub good: u32,
    /// Bad answers.
    pub bad: u32,
    /// What was wrong with the first bad one.
    pub fault: Option<String>,
    /// Good answers in each second.
    pub per_second: f64,
    /// Median of the time to the end of an answer.
    pub p50_ms: Option<f64>,
    /// 99th percentile of the same.
    pub p99_ms: Option<f64>,
    /// Median of the time to the first real content; streams only.
    pub first_p50_ms: Option<f64>,
    /// CPU seconds for each 10,000 good answers.
    pub cpu: Cpu,
}

/// CPU seconds, by who used them; `None` for what was not there or is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cpu {
    /// Envoy.
    pub envoy: Option<f64>,
    /// Wayleave's own processes.
    pub wayleave: Option<f64>,
    /// The simulator.
    pub simulator: Option<f64>,
    /// The load generator, which is this process.
    pub generator: Option<f64>,
}

/// CPU counters at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Of the variant; `None` for what has no program of its own.
    pub variant: Option<Split>,
    /// Of the simulator, if it was started by the bench.
    pub simulator: Option<Usage>,
    /// Of this process.
    pub generator: Usage,
}

impl Step {
    /// From what the load and the counters around it say.
    pub fn new(round: u32, phase: Phase, variant: Variant, mut tally: Tally, used: [Counters; 2]) -> Self {
        let good = u32::try_from(tally.totals.len()).unwrap_or(u32::MAX);
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let seconds = tally.elapsed.as_secs_f64();
        Self {
            round,
            phase,
            variant,
            good,
            bad: tally.bad,
            fault: tally.fault.map(|fault| fault.to_string()),
            per_second: if seconds > 0.0 {
                f64::from(good) / seconds
            } else {
                0.0
            },
            p50_ms: percentile(&mut tally.totals, 500).map(ms),
            p99_ms: percentile(&mut tally.totals, 990).map(ms),
            first_p50_ms: percentile(&mut tally.firsts, 500).map(ms),
            cpu: Cpu::between(variant, good, used),
        }
    }
}

impl Cpu {
    fn between(variant: Variant, good: u32, [before, after]: [Counters; 2]) -> Self {
        let per_10k = |before: Usage, after: Usage| {
            let used = after.cpu.saturating_sub(before.cpu);
            (good > 0).then(|| used.as_secs_f64() * 10_000.0 / f64::from(good))
        };
        let both = before.variant.zip(after.variant);
        let envoy = both.filter(|_| variant.has_envoy());
        let wayleave = both.filter(|_| variant.up_flags().is_some());
        Self {
            envoy: envoy.and_then(|(before, after)| per_10k(before.envoy, after.envoy)),
            wayleave: wayleave.and_then(|(before, after)| per_10k(before.other, after.other)),
            simulator: before
                .simulator
                .zip(after.simulator)
                .and_then(|(before, after)| per_10k(before, after)),
            generator: per_10k(before.generator, after.generator),
        }
    }

    /// Envoy's and Wayleave's together; `None` where there is neither.
    pub fn sum(&self) -> Option<f64> {
        match (self.envoy, self.wayleave) {
            (None, None) => None,
            (envoy, wayleave) => Some(envoy.unwrap_or_default() + wayleave.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(envoy: u64, other: u64) -> Counters {
        let usage = |ms| Usage {
            cpu: Duration::from_millis(ms),
            resident: 0,
        };
        let variant = Some(Split {
            envoy: usage(envoy),
            other: usage(other),
        });
        Counters {
            variant,
            simulator: None,
            generator: usage(0),
        }
    }

    #[test]
    fn cpu_is_told_apart_and_per_10000_good_answers() {
        let used = [counters(100, 50), counters(300, 90)];
        let cpu = Cpu::between(Variant::WayleaveExtproc, 1000, used);
        assert!(
            (cpu.envoy.unwrap() - 2.0).abs() < 1e-9 && (cpu.wayleave.unwrap() - 0.4).abs() < 1e-9,
            "{cpu:?}"
        );
        assert!((cpu.sum().unwrap() - 2.4).abs() < 1e-9);
        assert_eq!(Cpu::between(Variant::Envoy, 1000, used).wayleave, None);
        assert_eq!(Cpu::between(Variant::WayleaveNoEnvoy, 1000, used).envoy, None);
        assert_eq!(
            Cpu::between(Variant::Envoy, 0, used).sum(),
            None,
            "nothing to divide by"
        );
    }

    #[test]
    fn bad_answers_do_not_count_as_throughput() {
        let tally = Tally {
            totals: vec![Duration::from_millis(4), Duration::from_millis(2)],
            bad: 7,
            elapsed: Duration::from_secs(2),
            ..Tally::default()
        };
        let step = Step::new(1, Phase::Small, Variant::Direct, tally, [Counters::default(); 2]);
        assert!((step.per_second - 1.0).abs() < 1e-9);
        assert_eq!(
            (step.good, step.bad, step.p50_ms, step.first_p50_ms),
            (2, 7, Some(2.0), None)
        );
    }
}
