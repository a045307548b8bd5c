//! What the numbers were measured on.

use std::fs;

use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Processors that the bench and all that it measures share.
    pub cpus: usize,
    /// The processor's name.
    pub model: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The load averages over 1, 5 and 15 minutes at the start: others' work on a shared machine.
    pub load_average: String,
}

impl Machine {
    /// The machine that this runs on; what `/proc` does not tell is `unknown`.
    pub fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let text =
            |text: Option<&str>| text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
        let load = read("/proc/loadavg");
        Self {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            model: text(value(&read("/proc/cpuinfo"), "model name")),
            memory_mib: value(&read("/proc/meminfo"), "MemTotal").map_or(0, kib_to_mib),
            kernel: text(Some(&read("/proc/sys/kernel/osrelease"))),
            load_average: load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name))
        .map(|(_, value)| value)
}

fn kib_to_mib(text: &str) -> u64 {
    text.trim()
        .trim_end_matches(" kB")
        .parse::<u64>()
        .unwrap_or_default()
        / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values() {
        assert_eq!(
            value("processor\t: 0\nmodel name\t: Fast CPU\n", "model name"),
            Some(" Fast CPU")
        );
        assert_eq!(value("", "model name"), None);
        assert_eq!(kib_to_mib("       2097152 kB"), 2048);
        assert!(Machine::read().memory_mib > 0);
    }
}
