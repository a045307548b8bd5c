//! Times as they are printed.

use std::time::Duration;

use wayleave_tests::metrics::Metrics;

const COMPILE: &str = "wayleave_operator_compile_seconds";
/// The bounds of its buckets, as they are written.
const BOUNDS: [&str; 13] = [
    "0.001", "0.002", "0.004", "0.008", "0.016", "0.032", "0.064", "0.128", "0.256", "0.512", "1.024",
    "2.048", "4.096",
];

/// Times in milliseconds; one may be less than nothing.
#[derive(Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Adds one, counted from `since`.
    pub(super) fn add(&mut self, at: Duration, since: Duration) {
        self.0.push((at.as_secs_f64() - since.as_secs_f64()) * 1_000.0);
    }

    /// Above the lines.
    pub(super) fn head() -> String {
        format!("  {:38}{:>8}{:>8}{:>8}", "", "p50", "p99", "max")
    }

    /// What was measured, and the times.
    pub(super) fn line(&mut self, what: &str) -> String {
        self.0.sort_by(f64::total_cmp);
        let at = |share: usize| self.0[(self.0.len() * share).div_ceil(100) - 1];
        format!("  {what:38}{:>8.1}{:>8.1}{:>8.1}", at(50), at(99), at(100))
    }
}

/// How often all objects were compiled, and how long that took.
pub(super) struct Compiles {
    count: f64,
    seconds: f64,
    /// The bound under which all of them stayed; `None`: the last one.
    most: Option<&'static str>,
}

impl Compiles {
    /// Those between two scrapes; without a first one, all until the second.
    pub(super) fn between(before: Option<&Metrics>, after: &Metrics) -> Self {
        let more = |name: &str, labels: &[(&str, &str)]| {
            let before = before.map_or(0.0, |before| before.sum(name, labels));
            after.sum(name, labels) - before
        };
        let count = more(&format!("{COMPILE}_count"), &[]);
        let under = |bound: &str| more(&format!("{COMPILE}_bucket"), &[("le", bound)]);
        Self {
            count,
            seconds: more(&format!("{COMPILE}_sum"), &[]),
            most: BOUNDS.into_iter().find(|bound| under(bound) >= count),
        }
    }

    pub(super) fn line(&self) -> String {
        let Self { count, seconds, most } = self;
        let most = most.map_or_else(
            || "some over 4.096 s".to_owned(),
            |most| format!("all under {most} s"),
        );
        format!(
            "{count:.0} times, {:.2} ms in the mean, {most}",
            seconds / count * 1_000.0
        )
    }
}
