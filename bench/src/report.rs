//! From single measurements to what is printed.

use serde::Serialize;

use crate::aim::{self, Aim};
use crate::fill::Filled;
use crate::machine::Machine;
use crate::process::{Split, Usage};
use crate::scenario::Phase;
use crate::stats::median;
use crate::step::{Cpu, Step};
use crate::variant::Variant;

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setup {
    /// The command line.
    pub command: String,
    /// The machine.
    pub machine: Machine,
    /// Rounds.
    pub rounds: u32,
    /// Seconds of load for each variant in each scenario and round.
    pub seconds: f64,
}

/// A median over the rounds, and the median of its ratio to Envoy alone in the same round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// The median; `None` where nothing was measured.
    pub median: Option<f64>,
    /// As a multiple of Envoy alone.
    pub of_envoy: Option<f64>,
}

/// One variant in one phase. Times in milliseconds, CPU in seconds for each 10,000 good answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was asked.
    pub phase: Phase,
    /// Of whom.
    pub variant: Variant,
    /// Good answers in all rounds.
    pub good: u32,
    /// Bad answers in all rounds.
    pub bad: u32,
    /// What was wrong with the first bad one.
    pub fault: Option<String>,
    /// Good answers in each second.
    pub per_second: Figure,
    /// Median latency.
    pub p50_ms: Figure,
    /// 99th percentile of the latency.
    pub p99_ms: Figure,
    /// Median time to the first content of a stream.
    pub first_p50_ms: Figure,
    /// The same, less that of Envoy alone in the same round.
    pub first_over_envoy_ms: Option<f64>,
    /// CPU of Envoy.
    pub cpu_envoy: Figure,
    /// CPU of Wayleave.
    pub cpu_wayleave: Figure,
    /// Both.
    pub cpu: Figure,
    /// CPU of the simulator.
    pub cpu_simulator: Option<f64>,
    /// CPU of the load generator.
    pub cpu_generator: Option<f64>,
}

/// What a fallback adds, from medians of calls made one at a time in the same round. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Added {
    /// The gateway.
    pub variant: Variant,
    /// The refused call and the answered call, each straight to the simulator, summed.
    pub two_calls_ms: Option<f64>,
    /// The call that falls back.
    pub fallback_ms: Option<f64>,
    /// What it takes more than the two.
    pub added_ms: Option<f64>,
    /// What it takes more than a call through the same gateway that does not fall back.
    pub over_plain_ms: Option<f64>,
}

/// Resident memory of a variant in MB (1,000,000 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// The variant.
    pub variant: Variant,
    /// Envoy's.
    pub envoy_mb: Option<f64>,
    /// Wayleave's.
    pub wayleave_mb: Option<f64>,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How it was measured.
    pub setup: Setup,
    /// Medians and ratios.
    pub rows: Vec<Row>,
    /// What a fallback adds.
    pub fallback: Vec<Added>,
    /// Memory before any load.
    pub idle: Vec<Memory>,
    /// Memory after all load.
    pub after: Vec<Memory>,
    /// What kept answers take in memory.
    pub filled: Vec<Filled>,
    /// The aims and whether they are met.
    pub aims: Vec<Aim>,
    /// Every single measurement.
    pub steps: Vec<Step>,
}

impl Report {
    /// From all measurements; memory is that before and that after all load.
    pub fn new(setup: Setup, steps: Vec<Step>, [idle, after]: [Vec<Memory>; 2], filled: Vec<Filled>) -> Self {
        let all = Phase::ALL
            .into_iter()
            .flat_map(|phase| Variant::ALL.map(|variant| (phase, variant)));
        let rows: Vec<Row> = all
            .filter_map(|(phase, variant)| Row::new(phase, variant, &steps))
            .collect();
        let gateways = Variant::ALL
            .into_iter()
            .filter(|variant| variant.up_flags().is_some());
        let fallback: Vec<Added> = gateways
            .filter_map(|variant| Added::new(variant, &steps))
            .collect();
        let aims = aim::all(&rows, &fallback, &idle);
        Self {
            setup,
            rows,
            fallback,
            idle,
            after,
            filled,
            aims,
            steps,
        }
    }
}

impl Memory {
    /// From what the processes use now.
    pub fn new(variant: Variant, used: Split) -> Self {
        let mb = |usage: Usage| mb(usage.resident);
        Self {
            variant,
            envoy_mb: variant.has_envoy().then(|| mb(used.envoy)),
            wayleave_mb: variant.up_flags().map(|_| mb(used.other)),
        }
    }
}

impl Row {
    fn new(phase: Phase, variant: Variant, steps: &[Step]) -> Option<Self> {
        let mine = || {
            steps
                .iter()
                .filter(move |step| step.phase == phase && step.variant == variant)
        };
        mine().next()?;
        let figure = |value: &dyn Fn(&Step) -> Option<f64>| figure(phase, variant, steps, value);
        let cpu = |value: &dyn Fn(&Cpu) -> Option<f64>| median(mine().filter_map(|step| value(&step.cpu)));
        let first_over_envoy = mine().filter_map(|step| {
            let envoy = peer(step, Variant::Envoy, phase, steps)?;
            Some(step.first_p50_ms? - envoy.first_p50_ms?)
        });
        Some(Self {
            phase,
            variant,
            good: mine().map(|step| step.good).sum(),
            bad: mine().map(|step| step.bad).sum(),
            fault: mine().find_map(|step| step.fault.clone()),
            per_second: figure(&|step| Some(step.per_second)),
            p50_ms: figure(&|step| step.p50_ms),
            p99_ms: figure(&|step| step.p99_ms),
            first_p50_ms: figure(&|step| step.first_p50_ms),
            first_over_envoy_ms: median(first_over_envoy),
            cpu_envoy: figure(&|step| step.cpu.envoy),
            cpu_wayleave: Figure {
                median: cpu(&|cpu| cpu.wayleave),
                of_envoy: None,
            },
            cpu: figure(&|step| step.cpu.sum()),
            cpu_simulator: cpu(&|cpu| cpu.simulator),
            cpu_generator: cpu(&|cpu| cpu.generator),
        })
    }
}

impl Added {
    fn new(variant: Variant, steps: &[Step]) -> Option<Self> {
        let mine = || {
            steps
                .iter()
                .filter(move |step| step.phase == Phase::Fallback && step.variant == variant)
        };
        mine().next()?;
        let two_calls = |step: &Step| {
            let plain = peer(step, Variant::Direct, Phase::Plain, steps)?;
            let refused = peer(step, Variant::Direct, Phase::Fallback, steps)?;
            Some(plain.p50_ms? + refused.p50_ms?)
        };
        let over_plain = |step: &Step| Some(step.p50_ms? - peer(step, variant, Phase::Plain, steps)?.p50_ms?);
        Some(Self {
            variant,
            two_calls_ms: median(mine().filter_map(two_calls)),
            fallback_ms: median(mine().filter_map(|step| step.p50_ms)),
            added_ms: median(mine().filter_map(|step| Some(step.p50_ms? - two_calls(step)?))),
            over_plain_ms: median(mine().filter_map(over_plain)),
        })
    }
}

/// Bytes in MB.
pub fn mb(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

fn figure(phase: Phase, variant: Variant, steps: &[Step], value: &dyn Fn(&Step) -> Option<f64>) -> Figure {
    let mine = || {
        steps
            .iter()
            .filter(move |step| step.phase == phase && step.variant == variant)
    };
    let ratio = |step: &Step| {
        let envoy = value(peer(step, Variant::Envoy, phase, steps)?)?;
        (envoy > 0.0).then_some(value(step)? / envoy)
    };
    Figure {
        median: median(mine().filter_map(value)),
        of_envoy: median(mine().filter_map(ratio)),
    }
}

/// Another measurement of the same round.
fn peer<'a>(step: &Step, variant: Variant, phase: Phase, steps: &'a [Step]) -> Option<&'a Step> {
    steps
        .iter()
        .find(|other| other.round == step.round && other.variant == variant && other.phase == phase)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A measurement with this rate and median latency; CPU is a tenth of the latency.
    pub(crate) fn step(round: u32, phase: Phase, variant: Variant, per_second: f64, p50: f64) -> Step {
        Step {
            round,
            phase,
            variant,
            good: 10,
            bad: 0,
            fault: None,
            per_second,
            p50_ms: Some(p50),
            p99_ms: Some(p50 * 2.0),
            first_p50_ms: phase.streams().then_some(p50 / 2.0),
            cpu: Cpu {
                envoy: variant.has_envoy().then_some(p50 / 10.0),
                ..Cpu::default()
            },
        }
    }

    pub(crate) fn setup() -> Setup {
        Setup {
            command: "wayleave-bench".to_owned(),
            machine: Machine::read(),
            rounds: 3,
            seconds: 2.0,
        }
    }

    fn close(got: Option<f64>, want: f64) -> bool {
        got.is_some_and(|got| (got - want).abs() < 1e-9)
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        // The machine was twice as fast in the second round; the ratio is the same in each.
        let mut steps = Vec::new();
        for (round, envoy) in [(1, 100.0), (2, 200.0), (3, 120.0)] {
            steps.push(step(round, Phase::Small, Variant::Envoy, envoy, 10.0));
            steps.push(step(
                round,
                Phase::Small,
                Variant::WayleaveExtproc,
                envoy * 0.7,
                20.0,
            ));
        }
        let report = Report::new(setup(), steps, Default::default(), Vec::new());
        assert_eq!(report.rows.len(), 2);
        let row = &report.rows[1];
        assert!(
            close(row.per_second.median, 84.0) && close(row.per_second.of_envoy, 0.7),
            "{row:?}"
        );
        assert!(close(row.p50_ms.of_envoy, 2.0) && close(row.cpu.of_envoy, 2.0));
        assert_eq!(row.good, 30);
    }

    #[test]
    fn without_envoy_there_are_no_ratios() {
        let steps = vec![step(1, Phase::Flat, Variant::Direct, 5.0, 4.0)];
        let report = Report::new(setup(), steps, Default::default(), Vec::new());
        let row = &report.rows[0];
        assert!(close(row.per_second.median, 5.0) && close(row.first_p50_ms.median, 2.0));
        assert_eq!(
            (row.per_second.of_envoy, row.first_over_envoy_ms, row.cpu.median),
            (None, None, None)
        );
    }

    #[test]
    fn what_a_fallback_adds_is_over_two_direct_calls_of_its_round() {
        let gateway = Variant::WayleaveNoEnvoy;
        let mut steps = Vec::new();
        for (round, slow) in [(1, 1.0), (2, 3.0)] {
            steps.push(step(round, Phase::Plain, Variant::Direct, 1.0, 0.2 * slow));
            steps.push(step(round, Phase::Fallback, Variant::Direct, 1.0, 0.1 * slow));
            steps.push(step(round, Phase::Plain, gateway, 1.0, 0.5 * slow));
            steps.push(step(round, Phase::Fallback, gateway, 1.0, 0.7 * slow));
        }
        let report = Report::new(setup(), steps, Default::default(), Vec::new());
        let [added] = report.fallback.as_slice() else {
            panic!("one gateway: {:?}", report.fallback)
        };
        assert!(
            close(added.two_calls_ms, 0.6) && close(added.fallback_ms, 1.4),
            "{added:?}"
        );
        assert!(
            close(added.added_ms, 0.8) && close(added.over_plain_ms, 0.4),
            "{added:?}"
        );
    }

    #[test]
    fn memory_is_told_apart() {
        let usage = |resident| Usage {
            resident,
            ..Usage::default()
        };
        let used = Split {
            envoy: usage(40_000_000),
            other: usage(12_345_678),
        };
        let memory = Memory::new(Variant::WayleaveExtproc, used);
        assert!(
            close(memory.envoy_mb, 40.0) && close(memory.wayleave_mb, 12.345),
            "{memory:?}"
        );
        assert_eq!(Memory::new(Variant::Envoy, used).wayleave_mb, None);
    }
}
