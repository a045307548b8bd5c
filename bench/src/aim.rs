//! What we aim at, and whether it is met.

use serde::Serialize;

use self::Bound::{AtLeast, AtMost};
use crate::report::{Added, Memory, Row};
use crate::scenario::Phase;
use crate::variant::Variant;

/// A bound on a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// Not less than this.
    AtLeast(f64),
    /// Not more than this.
    AtMost(f64),
}

/// What the measurement says of an aim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Within the bound, and every answer was good.
    Met,
    /// Outside the bound, or some answers were bad.
    NotMet,
    /// This run did not measure it.
    NotMeasured,
}

/// One aim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aim {
    /// What is looked at, with its unit.
    pub name: String,
    /// The bound.
    pub bound: Bound,
    /// The figure.
    pub measured: Option<f64>,
    /// Bad answers among those that the figure comes from.
    pub bad: u32,
    /// The verdict.
    pub verdict: Verdict,
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Verdict {
    /// In tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "NOT MET",
            Self::NotMeasured => "not measured",
        }
    }
}

impl Aim {
    fn new(name: impl Into<String>, bound: Bound, measured: Option<f64>, bad: u32) -> Self {
        let verdict = match measured {
            None if bad == 0 => Verdict::NotMeasured,
            Some(value) if bad == 0 && bound.holds(value) => Verdict::Met,
            None | Some(_) => Verdict::NotMet,
        };
        Self {
            name: name.into(),
            bound,
            measured,
            bad,
            verdict,
        }
    }
}

/// All aims, judged by what was measured.
pub fn all(rows: &[Row], fallback: &[Added], idle: &[Memory]) -> Vec<Aim> {
    let alone = Of {
        variant: Variant::WayleaveNoEnvoy,
        rows,
    };
    let mut aims = by_extproc(
        &Of {
            variant: Variant::WayleaveExtproc,
            rows,
        },
        fallback,
        idle,
    );
    for (way, variant) in [
        ("ext_proc", Variant::WayleaveExtproc),
        ("HTTP behind Envoy", Variant::WayleaveHttpBehindEnvoy),
    ] {
        aims.extend(by_cache(way, &Of { variant, rows }));
    }
    aims.push(alone.aim(
        "no Envoy: requests/s (small), × Envoy alone",
        Phase::Small,
        AtLeast(0.9),
        rate,
    ));
    aims.push(alone.aim(
        "no Envoy: flat streams/s, × Envoy alone",
        Phase::Flat,
        AtLeast(0.9),
        rate,
    ));
    aims
}

fn by_extproc(of: &Of<'_>, fallback: &[Added], idle: &[Memory]) -> Vec<Aim> {
    let first = |row: &Row| row.first_over_envoy_ms;
    vec![
        of.aim(
            "ext_proc: requests/s (small), × Envoy alone",
            Phase::Small,
            AtLeast(0.6),
            rate,
        ),
        of.aim(
            "ext_proc: CPU (small), × Envoy alone",
            Phase::Small,
            AtMost(3.0),
            cpu,
        ),
        of.aim(
            "ext_proc: flat streams/s, × Envoy alone",
            Phase::Flat,
            AtLeast(0.65),
            rate,
        ),
        of.aim(
            "ext_proc: CPU of paced streams, × Envoy alone",
            Phase::Paced,
            AtMost(2.0),
            cpu,
        ),
        of.aim(
            "ext_proc: first chunk (paced), ms over Envoy alone",
            Phase::Paced,
            AtMost(1.5),
            first,
        ),
        of.fallback(
            "ext_proc: fallback, ms over its two direct upstream calls",
            AtMost(1.0),
            fallback,
        ),
        of.memory(
            "ext_proc: Wayleave's resident memory at idle, MB",
            AtMost(60.0),
            idle,
        ),
    ]
}

fn by_cache(way: &str, of: &Of<'_>) -> [Aim; 4] {
    let aim = |what, phase, least| {
        let name = format!("{way}: {what}, × Envoy alone");
        of.aim(name, phase, AtLeast(least), rate)
    };
    [
        aim("hits/s in memory", Phase::MemoryAnswer, 0.8),
        aim("streamed hits/s in memory", Phase::MemoryStream, 0.8),
        aim("hits/s in Redis", Phase::RedisAnswer, 0.6),
        aim("streamed hits/s in Redis", Phase::RedisStream, 0.6),
    ]
}

fn rate(row: &Row) -> Option<f64> {
    row.per_second.of_envoy
}

fn cpu(row: &Row) -> Option<f64> {
    row.cpu.of_envoy
}

/// The measurements of one variant.
struct Of<'a> {
    variant: Variant,
    rows: &'a [Row],
}

impl Of<'_> {
    fn row(&self, phase: Phase) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.phase == phase && row.variant == self.variant)
    }

    fn bad(&self, phase: Phase) -> u32 {
        self.row(phase).map_or(0, |row| row.bad)
    }

    fn aim(
        &self,
        name: impl Into<String>,
        phase: Phase,
        bound: Bound,
        value: fn(&Row) -> Option<f64>,
    ) -> Aim {
        Aim::new(name, bound, self.row(phase).and_then(value), self.bad(phase))
    }

    fn fallback(&self, name: &'static str, bound: Bound, all: &[Added]) -> Aim {
        let mine = all.iter().find(|added| added.variant == self.variant);
        Aim::new(
            name,
            bound,
            mine.and_then(|added| added.added_ms),
            self.bad(Phase::Fallback),
        )
    }

    fn memory(&self, name: &'static str, bound: Bound, all: &[Memory]) -> Aim {
        let mine = all.iter().find(|memory| memory.variant == self.variant);
        Aim::new(name, bound, mine.and_then(|memory| memory.wayleave_mb), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::report::tests::{setup, step};

    #[test]
    fn a_bound_includes_itself() {
        let verdict = |bound, measured, bad| Aim::new("x", bound, measured, bad).verdict;
        assert_eq!(verdict(AtLeast(0.6), Some(0.6), 0), Verdict::Met);
        assert_eq!(verdict(AtLeast(0.6), Some(0.599), 0), Verdict::NotMet);
        assert_eq!(verdict(AtMost(3.0), Some(3.0), 0), Verdict::Met);
        assert_eq!(verdict(AtMost(3.0), Some(3.01), 0), Verdict::NotMet);
        assert_eq!(verdict(AtMost(3.0), None, 0), Verdict::NotMeasured);
    }

    #[test]
    fn bad_answers_meet_no_aim() {
        assert_eq!(Aim::new("x", AtMost(3.0), Some(1.0), 1).verdict, Verdict::NotMet);
        assert_eq!(Aim::new("x", AtMost(3.0), None, 9).verdict, Verdict::NotMet);
    }

    #[test]
    fn each_aim_looks_at_its_own_figure() {
        let (envoy, extproc, alone, direct) = (
            Variant::Envoy,
            Variant::WayleaveExtproc,
            Variant::WayleaveNoEnvoy,
            Variant::Direct,
        );
        let steps = vec![
            step(1, Phase::Small, envoy, 100.0, 10.0),
            step(1, Phase::Small, extproc, 61.0, 25.0),
            step(1, Phase::Small, alone, 95.0, 10.0),
            step(1, Phase::Flat, envoy, 10.0, 8.0),
            step(1, Phase::Flat, extproc, 6.6, 8.0),
            step(1, Phase::Flat, alone, 8.0, 8.0),
            step(1, Phase::Paced, envoy, 10.0, 320.0),
            step(1, Phase::Paced, extproc, 10.0, 322.0),
            step(1, Phase::Plain, direct, 1.0, 0.2),
            step(1, Phase::Fallback, direct, 1.0, 0.2),
            step(1, Phase::Fallback, extproc, 1.0, 1.2),
        ];
        let idle = vec![Memory {
            variant: extproc,
            envoy_mb: Some(50.0),
            wayleave_mb: Some(70.0),
        }];
        let report = Report::new(setup(), steps, [idle, Vec::new()], Vec::new());
        let measured: Vec<_> = report.aims.iter().filter_map(|aim| aim.measured).collect();
        for (got, want) in measured
            .iter()
            .zip([0.61, 2.5, 0.66, 322.0 / 320.0, 1.0, 0.8, 70.0, 0.95, 0.8])
        {
            assert!((got - want).abs() < 1e-9, "{measured:?}");
        }
        let missed: Vec<_> = report
            .aims
            .iter()
            .filter(|aim| aim.verdict == Verdict::NotMet)
            .collect();
        assert_eq!(missed.len(), 2, "{missed:?}");
        assert_eq!(missed[0].bound, AtMost(60.0));
        assert_eq!(missed[1].name, "no Envoy: flat streams/s, × Envoy alone");
    }

    #[test]
    fn hits_are_measured_by_envoy_and_the_simulator() {
        let mut steps = Vec::new();
        for (phase, hits) in [
            (Phase::MemoryAnswer, 8.0),
            (Phase::MemoryStream, 7.9),
            (Phase::RedisAnswer, 6.0),
            (Phase::RedisStream, 5.9),
        ] {
            steps.push(step(1, phase, Variant::Envoy, 10.0, 1.0));
            steps.push(step(1, phase, Variant::WayleaveExtproc, hits, 1.0));
            steps.push(step(1, phase, Variant::WayleaveHttpBehindEnvoy, 8.0, 1.0));
        }
        let report = Report::new(setup(), steps, Default::default(), Vec::new());
        let verdicts = |way: &str| -> Vec<_> {
            let hits = report.aims.iter().filter(|aim| aim.name.contains("hits/s"));
            hits.filter(|aim| aim.name.starts_with(way))
                .map(|aim| aim.verdict)
                .collect()
        };
        assert_eq!(
            verdicts("ext_proc"),
            [Verdict::Met, Verdict::NotMet, Verdict::Met, Verdict::NotMet]
        );
        assert_eq!(verdicts("HTTP behind Envoy"), [Verdict::Met; 4]);
    }
}
