//! A program under measurement: started with its output in a file, and gone when the bench is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child as Running, Command};
use tokio::time::timeout;

use crate::process::{self, Process};

/// How long a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// Lines of output shown when a program fails.
const SHOWN: usize = 15;

/// A running program.
#[derive(Debug)]
pub struct Child {
    name: String,
    running: Running,
    pid: u32,
    log: PathBuf,
}

impl Child {
    /// Starts a program; its output goes to `NAME.log` in `folder`.
    ///
    /// # Errors
    /// When it cannot be started; the message names it.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log file")?;
        // Its own process group: an interrupt at the terminal reaches the bench only, which then ends all in order.
        command
            .stdin(std::process::Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .kill_on_drop(true);
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let running = command
            .spawn()
            .with_context(|| format!("cannot start {name} ({program})"))?;
        let pid = running.id().with_context(|| format!("{name} ended at once"))?;
        Ok(Self {
            name: name.to_owned(),
            running,
            pid,
            log,
        })
    }

    /// The process id.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// That the program still runs.
    ///
    /// # Errors
    /// When it has ended, with the last lines of its output.
    pub fn check(&mut self) -> Result<()> {
        match self.running.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended ({status}); the end of its output:\n{}",
                self.name,
                self.output()
            ),
        }
    }

    /// The last lines of its output.
    pub fn output(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let shown = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        shown.join("\n")
    }

    /// Ends the program: asks first, and kills what is left of it and its children after 5 seconds.
    pub async fn stop(mut self) {
        let all = process::tree(self.pid);
        if self.running.try_wait().is_ok_and(|ended| ended.is_none()) {
            signal(self.pid, Signal::TERM);
            if timeout(PATIENCE, self.running.wait()).await.is_ok() {
                // A child may end a moment after its parent.
                for _ in 0..50 {
                    if all.iter().all(|process| !lives(process)) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        kill(&all);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // After `stop` there is nothing left; this is for errors on the way and panics.
        if self.running.try_wait().is_ok_and(|ended| ended.is_none()) {
            kill(&process::tree(self.pid));
        }
    }
}

/// Kills those processes that are still the same ones.
fn kill(processes: &[Process]) {
    for process in processes.iter().filter(|process| lives(process)) {
        signal(process.pid, Signal::KILL);
    }
}

fn lives(process: &Process) -> bool {
    process::process(process.pid).is_some_and(|now| now.started == process.started)
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended in the meantime, which is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    async fn wait_for(mut ready: impl FnMut() -> bool) {
        timeout(Duration::from_secs(10), async {
            while !ready() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn stop_takes_children_with_it_that_ignore_the_request() {
        let folder = tempfile::tempdir().unwrap();
        // The parent obeys; its child ignores TERM.
        let script = "(trap '' TERM; exec sleep 600) & echo up; wait";
        let child = Child::start("stubborn", shell(script), folder.path()).unwrap();
        wait_for(|| process::tree(child.pid()).len() == 2 && child.output().contains("up")).await;
        let all = process::tree(child.pid());
        child.stop().await;
        wait_for(|| all.iter().all(|process| !lives(process))).await;
    }

    #[tokio::test]
    async fn dropping_kills_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let child = Child::start("dropped", shell("sleep 600 & wait"), folder.path()).unwrap();
        wait_for(|| process::tree(child.pid()).len() == 2).await;
        let all = process::tree(child.pid());
        drop(child);
        wait_for(|| all.iter().all(|process| !lives(process))).await;
    }

    #[tokio::test]
    async fn a_program_that_has_ended_tells_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Child::start("brief", shell("echo port in use >&2; exit 3"), folder.path()).unwrap();
        wait_for(|| child.check().is_err()).await;
        let error = child.check().unwrap_err().to_string();
        assert!(
            error.contains("brief ended (exit status: 3)") && error.contains("port in use"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _guard = runtime.enter();
        let error = Child::start("sim", Command::new("/nowhere/wayleave"), folder.path()).unwrap_err();
        assert_eq!(error.to_string(), "cannot start sim (/nowhere/wayleave)");
    }
}
