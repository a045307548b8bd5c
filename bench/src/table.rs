//! The report as text for people.

use std::fmt::Write;

use crate::aim::{Aim, Bound};
use crate::fill::Filled;
use crate::report::{Added, Figure, Memory, Report, Row, Setup};
use crate::scenario::Phase;
use crate::variant::Variant;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut sections = vec![setup(&report.setup)];
    for phase in Phase::ALL {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.phase == phase).collect();
        if !rows.is_empty() {
            sections.push(load(phase, &rows));
        }
    }
    if !report.fallback.is_empty() {
        sections.push(fallback(&report.fallback));
    }
    if !report.idle.is_empty() {
        sections.push(memory(&report.idle, &report.after));
    }
    if !report.filled.is_empty() {
        sections.push(filled(&report.filled));
    }
    sections.push(aims(&report.aims));
    sections.join("\n")
}

fn setup(setup: &Setup) -> String {
    let machine = &setup.machine;
    format!(
        "{command}\n{cpus} CPUs ({model}), {memory} MiB, Linux {kernel}, load average at start {load}\n\
         {rounds} interleaved rounds, {seconds} s of load each; medians over the rounds. The load generator, the \
         simulator, Envoy and\nWayleave share the machine. × is the median ratio to Envoy alone in the same round. CPU is \
         in seconds for 10,000\ngood answers. MB are 1,000,000 bytes.\n",
        command = setup.command,
        cpus = machine.cpus,
        model = machine.model,
        memory = machine.memory_mib,
        kernel = machine.kernel,
        load = machine.load_average,
        rounds = setup.rounds,
        seconds = setup.seconds,
    )
}

fn load(phase: Phase, rows: &[&Row]) -> String {
    let rate = if phase.streams() {
        "streams/s"
    } else {
        "requests/s"
    };
    let mut header = vec!["variant", rate, "×", "p50 ms", "×", "p99 ms", "×"];
    if phase.streams() {
        header.extend(["first ms", "×"]);
    }
    header.extend([
        "CPU Envoy",
        "Wayleave",
        "sum",
        "×",
        "simulator",
        "generator",
        "bad",
    ]);
    let mut lines = Vec::new();
    for row in rows {
        let mut line = vec![row.variant.name().to_owned()];
        line.extend(pair(row.per_second, 0));
        line.extend(pair(row.p50_ms, 2));
        line.extend(pair(row.p99_ms, 2));
        if phase.streams() {
            line.extend(pair(row.first_p50_ms, 2));
        }
        line.extend([
            number(row.cpu_envoy.median, 2),
            number(row.cpu_wayleave.median, 2),
        ]);
        line.extend(pair(row.cpu, 2));
        line.extend([
            number(row.cpu_simulator, 2),
            number(row.cpu_generator, 2),
            row.bad.to_string(),
        ]);
        lines.push(line);
    }
    let mut text = format!("{}: {}\n{}", phase.name(), phase.title(), align(&header, &lines));
    if phase.route().cache.is_some() {
        text += "  direct, envoy: the simulator's answer, for these have no cache. What Redis uses is not in the sum.\n";
    }
    if phase == Phase::Fallback {
        text += "  direct, envoy: the refused call alone, for these cannot fall back.\n";
    }
    for row in rows {
        if let Some(fault) = &row.fault {
            let _ = writeln!(
                text,
                "  {}: {} bad of {}: {fault}",
                row.variant.name(),
                row.bad,
                row.bad + row.good
            );
        }
    }
    text
}

fn fallback(added: &[Added]) -> String {
    let header = [
        "variant",
        "two direct calls ms",
        "with fallback ms",
        "added ms",
        "over a plain call here ms",
    ];
    let line = |added: &Added| {
        let numbers = [
            added.two_calls_ms,
            added.fallback_ms,
            added.added_ms,
            added.over_plain_ms,
        ];
        let mut line = vec![added.variant.name().to_owned()];
        line.extend(numbers.map(|value| number(value, 2)));
        line
    };
    let lines: Vec<_> = added.iter().map(line).collect();
    format!(
        "what a fallback adds (medians of calls one at a time, same round)\n{}",
        align(&header, &lines)
    )
}

fn memory(idle: &[Memory], after: &[Memory]) -> String {
    let header = [
        "variant",
        "idle: Envoy",
        "Wayleave",
        "sum",
        "×",
        "after load: Envoy",
        "Wayleave",
        "sum",
        "×",
    ];
    let figures = |all: &[Memory], variant: Variant| {
        let of = |variant| all.iter().find(|memory| memory.variant == variant);
        let sum = of(variant).and_then(sum);
        let envoy = of(Variant::Envoy).and_then(self::sum);
        let ratio = sum
            .zip(envoy)
            .filter(|(_, envoy)| *envoy > 0.0)
            .map(|(sum, envoy)| sum / envoy);
        let part = |value: fn(&Memory) -> Option<f64>| number(of(variant).and_then(value), 1);
        [
            part(|memory| memory.envoy_mb),
            part(|memory| memory.wayleave_mb),
            number(sum, 1),
            number(ratio, 2),
        ]
    };
    let line = |memory: &Memory| {
        let mut line = vec![memory.variant.name().to_owned()];
        line.extend(figures(idle, memory.variant));
        line.extend(figures(after, memory.variant));
        line
    };
    let lines: Vec<_> = idle.iter().map(line).collect();
    format!("resident memory, MB\n{}", align(&header, &lines))
}

fn filled(filled: &[Filled]) -> String {
    let header = [
        "entries",
        "resident before",
        "after",
        "grown",
        "for 1,000",
        "the cache says",
        "for 1,000",
    ];
    let line = |filled: &Filled| {
        let thousands = f64::from(filled.entries) / 1000.0;
        let grown = filled.after_mb - filled.before_mb;
        let mut line = vec![format!("{} {}", filled.entries, filled.filling.title())];
        let figures = [
            (filled.before_mb, 1),
            (filled.after_mb, 1),
            (grown, 1),
            (grown / thousands, 2),
            (filled.cache_mb, 1),
            (filled.cache_mb / thousands, 2),
        ];
        line.extend(figures.map(|(value, decimals)| number(Some(value), decimals)));
        line
    };
    let lines: Vec<_> = filled.iter().map(line).collect();
    format!(
        "a cache in memory, filled without Envoy, MB\n{}",
        align(&header, &lines)
    )
}

fn sum(memory: &Memory) -> Option<f64> {
    match (memory.envoy_mb, memory.wayleave_mb) {
        (None, None) => None,
        (envoy, wayleave) => Some(envoy.unwrap_or_default() + wayleave.unwrap_or_default()),
    }
}

fn aims(aims: &[Aim]) -> String {
    let bound = |bound: Bound| match bound {
        Bound::AtLeast(value) => format!("≥ {value}"),
        Bound::AtMost(value) => format!("≤ {value}"),
    };
    let verdict = |aim: &Aim| match aim.bad {
        0 => aim.verdict.name().to_owned(),
        bad => format!("{} ({bad} bad answers)", aim.verdict.name()),
    };
    let lines: Vec<_> = aims
        .iter()
        .map(|aim| {
            vec![
                aim.name.clone(),
                bound(aim.bound),
                number(aim.measured, 2),
                verdict(aim),
            ]
        })
        .collect();
    align(&["aim", "bound", "measured", "verdict"], &lines)
}

fn pair(figure: Figure, decimals: usize) -> [String; 2] {
    [number(figure.median, decimals), number(figure.of_envoy, 2)]
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Columns: the first to the left, the others to the right.
fn align(header: &[&str], lines: &[Vec<String>]) -> String {
    let header: Vec<String> = header.iter().map(|text| (*text).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&header).chain(lines).collect();
    let width = |column: usize| {
        all.iter()
            .filter_map(|line| line.get(column))
            .map(|text| text.chars().count())
            .max()
            .unwrap_or(0)
    };
    let mut text = String::new();
    for line in &all {
        for (column, cell) in line.iter().enumerate() {
            let width = width(column);
            // Writing to a String cannot fail.
            let _ = if column == 0 {
                write!(text, "  {cell:<width$}")
            } else {
                write!(text, "  {cell:>width$}")
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::Filling;
    use crate::report::tests::{setup, step};

    #[test]
    fn columns_are_aligned() {
        let lines = [
            vec!["a".to_owned(), "12.5".to_owned()],
            vec!["long name".to_owned(), "-".to_owned()],
        ];
        assert_eq!(
            align(&["×", "n"], &lines),
            "  ×             n\n  a          12.5\n  long name     -\n"
        );
    }

    #[test]
    fn everything_measured_is_printed() {
        let mut bad = step(1, Phase::Flat, Variant::WayleaveExtproc, 6.0, 8.0);
        (bad.bad, bad.fault) = (3, Some("the answer was cut".to_owned()));
        let steps = vec![step(1, Phase::Flat, Variant::Envoy, 10.0, 8.0), bad];
        let memory = |mb| {
            vec![Memory {
                variant: Variant::Envoy,
                envoy_mb: Some(mb),
                wayleave_mb: None,
            }]
        };
        let filled = vec![Filled {
            filling: Filling::Streams,
            entries: 10_000,
            cache_mb: 25.0,
            before_mb: 50.0,
            after_mb: 80.0,
        }];
        let text = render(&Report::new(setup(), steps, [memory(40.0), memory(44.0)], filled));
        for part in [
            "wayleave-bench\n",
            "flat: streams of 64 chunks without pause",
            "wayleave-extproc: 3 bad of 13: the answer was cut",
            "NOT MET (3 bad answers)",
            "not measured",
            "resident memory, MB",
            "10000 streams of 200 events             50.0   80.0   30.0       3.00            25.0       2.50",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(
            !text.contains("paced: "),
            "what was not measured has no table:\n{text}"
        );
    }
}
