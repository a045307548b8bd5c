//! CPU time and memory of a process and its children, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::ops::AddAssign;
use std::path::Path;
use std::time::Duration;

/// What processes have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// User and system time since the start. Exact where the kernel keeps scheduler statistics and no thread has
    /// ended, else to two clock ticks (20 ms).
    pub cpu: Duration,
    /// Resident memory in bytes (`VmRSS`).
    pub resident: u64,
}

/// What a variant has used, its Envoy apart from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Processes whose program is called `envoy…`.
    pub envoy: Usage,
    /// All others.
    pub other: Usage,
}

/// One process; the start time tells it from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    parent: u32,
    /// Start, in clock ticks after boot.
    pub started: u64,
    cpu_ticks: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.resident += other.resident;
    }
}

/// A process as it is now; `None` if it is gone, or has ended and waits for its parent.
pub fn process(pid: u32) -> Option<Process> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// A process and all its descendants, parents first.
pub fn tree(root: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    let names = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    for found in names.filter_map(|name| process(name.to_str()?.parse().ok()?)) {
        children.entry(found.parent).or_default().push(found);
    }
    let mut found: Vec<Process> = process(root).into_iter().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        found.extend(children.remove(&parent.pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// What a process and its descendants have used.
pub fn usage(root: u32) -> Split {
    let mut split = Split::default();
    for process in tree(root) {
        let used = process.usage();
        if is_envoy(process.pid) {
            split.envoy += used;
        } else {
            split.other += used;
        }
    }
    split
}

/// What this process alone has used.
pub fn own_usage() -> Usage {
    process(std::process::id())
        .map(Process::usage)
        .unwrap_or_default()
}

impl Process {
    fn usage(self) -> Usage {
        let per_second = rustix::param::clock_ticks_per_second().max(1);
        let counted = Duration::from_nanos(self.cpu_ticks.saturating_mul(1_000_000_000 / per_second));
        // The ticks count threads that have ended too, the scheduler counts in nanoseconds: neither is too high.
        let cpu = counted.max(scheduled(self.pid));
        Usage {
            cpu,
            resident: resident(self.pid).unwrap_or_default(),
        }
    }
}

/// The CPU time of the threads that run now; 0 where the kernel does not tell.
fn scheduled(pid: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    threads
        .filter_map(|thread| parse_schedstat(&fs::read_to_string(thread.path().join("schedstat")).ok()?))
        .sum()
}

/// Reads `/proc/PID/task/TID/schedstat`: nanoseconds on a CPU come first.
fn parse_schedstat(text: &str) -> Option<Duration> {
    text.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn is_envoy(pid: u32) -> bool {
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    program
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("envoy"))
}

fn resident(pid: u32) -> Option<u64> {
    parse_resident(&fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?)
}

/// Reads `/proc/PID/stat` (see proc(5)). The name may hold blanks and brackets, so fields count from the last bracket.
fn parse_stat(text: &str) -> Option<Process> {
    let (before, after) = text.rsplit_once(')')?;
    let pid = before.split_once(' ')?.0.parse().ok()?;
    // Field 3 of the manual is the first here.
    let fields: Vec<&str> = after.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse::<u64>().ok());
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    let parent = u32::try_from(field(4)?).ok()?;
    Some(Process {
        pid,
        parent,
        started: field(22)?,
        cpu_ticks: field(14)? + field(15)?,
    })
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn reads_a_stat_line_with_a_hostile_name() {
        let text = "42 (a) b (c) S 7 42 42 0 -1 4194304 99 0 0 0 150 25 9 9 20 0 1 0 116051 3133440 373 1\n";
        assert_eq!(
            parse_stat(text),
            Some(Process {
                pid: 42,
                parent: 7,
                started: 116_051,
                cpu_ticks: 175
            })
        );
        assert_eq!(parse_stat(&text.replace(" S ", " Z ")), None, "an ended process");
        assert_eq!(parse_stat("42 (short) S 7"), None);
    }

    #[test]
    fn reads_the_resident_memory() {
        assert_eq!(
            parse_resident("VmPeak:\t  9 kB\nVmRSS:\t   1536 kB\n"),
            Some(1_572_864)
        );
        assert_eq!(parse_resident("Name:\tkthread\n"), None);
    }

    #[test]
    fn reads_scheduler_statistics() {
        assert_eq!(
            parse_schedstat("638451218 4401518 13\n"),
            Some(Duration::from_nanos(638_451_218))
        );
        assert_eq!(parse_schedstat(""), None);
    }

    #[test]
    fn work_is_counted() {
        let before = own_usage().cpu;
        let mut rounds = 0_u64;
        while own_usage().cpu < before + Duration::from_millis(40) {
            rounds += 1;
            assert!(rounds < 100_000, "the counter does not move");
        }
    }

    #[test]
    fn finds_this_process_and_its_children() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let found = tree(std::process::id());
        assert_eq!(found[0].pid, std::process::id());
        assert!(found.iter().any(|process| process.pid == child.id()));
        assert!(usage(std::process::id()).other.resident > 1024 * 1024);
        // Closing its input ends it.
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(process(child.id()), None);
    }
}
