//! Processes as the kernel shows them (proc(5)).

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that ever was.
    pub peak: u64,
}

/// The children of a process that live, with their command lines.
pub fn children(parent: u32) -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc").expect("/proc can be read").flatten();
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            (parent_of(pid)? == parent).then(|| (pid, command_line(pid)))
        })
        .collect()
}

/// Whether a process runs.
pub fn lives(pid: u32) -> bool {
    parent_of(pid).is_some()
}

/// What a process holds; `None`: it is gone.
pub fn memory(pid: u32) -> Option<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let bytes = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
    };
    Some(Memory {
        resident: bytes("VmRSS:")?,
        peak: bytes("VmHWM:")?,
    })
}

/// Sends a signal.
///
/// # Panics
/// When there is no such process.
pub fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// The parent of a process that lives; `None` for one that is gone or only waits to be collected.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and brackets.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z" && state != "X").then_some(parent)
}

fn command_line(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_child_is_found_and_measured() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        // Between its fork and its exec it has another command line or none.
        crate::until(
            "the child's own command line",
            Duration::from_secs(20),
            async || {
                let found = children(std::process::id());
                let own = |(pid, line): &(u32, String)| *pid == child.id() && line.starts_with("sleep");
                found.iter().any(own).then_some(())
            },
        )
        .await;
        assert!(memory(child.id()).unwrap().peak > 0);
        signal(child.id(), Signal::KILL);
        child.wait().unwrap();
        assert!(!lives(child.id()));
    }
}
