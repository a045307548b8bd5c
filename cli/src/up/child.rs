//! One program that the supervisor keeps running.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child as Process, ChildStderr, ChildStdout, Command as AsyncCommand};
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use super::backoff::Backoff;

/// A running program, started again whenever it ends.
pub(crate) struct Child {
    name: &'static str,
    process: Process,
    started: Instant,
    backoff: Backoff,
}

/// What a program writes.
pub(crate) struct Pipes {
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

impl Child {
    /// Starts a program for the first time.
    ///
    /// # Errors
    /// When there is no such program, or the system lets no process start.
    pub(crate) fn start(name: &'static str, command: Command) -> anyhow::Result<(Self, Pipes)> {
        let mut process = spawn(name, command)?;
        let pipes = Pipes {
            stdout: process.stdout.take(),
            stderr: process.stderr.take(),
        };
        Ok((
            Self {
                name,
                process,
                started: Instant::now(),
                backoff: Backoff::default(),
            },
            pipes,
        ))
    }

    /// Resolves when the program has ended. Safe to drop and call again.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        self.process
            .wait()
            .await
            .with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Keeps the program running for ever: at each end it is started anew with the command that `again` makes, and
    /// `attach` gets what the new one writes. Safe to drop, e.g. when a signal comes.
    pub(crate) async fn keep(
        &mut self,
        again: impl Fn() -> Command,
        attach: impl Fn(Pipes),
    ) -> anyhow::Error {
        loop {
            let status = match self.ended().await {
                Ok(status) => status,
                Err(error) => return error,
            };
            let wait = self.backoff.after(self.started.elapsed());
            warn!("{} ended ({status}); starting it again {}", self.name, when(wait));
            self.start_after(wait, &again, &attach).await;
        }
    }

    async fn start_after(&mut self, wait: Duration, again: &impl Fn() -> Command, attach: &impl Fn(Pipes)) {
        let mut wait = wait;
        loop {
            sleep(wait).await;
            self.started = Instant::now();
            match spawn(self.name, again()) {
                Ok(mut process) => {
                    attach(Pipes {
                        stdout: process.stdout.take(),
                        stderr: process.stderr.take(),
                    });
                    self.process = process;
                    info!("{} runs again", self.name);
                    return;
                }
                Err(error) => {
                    wait = self.backoff.after(Duration::ZERO).max(Duration::from_millis(100));
                    error!("{error:#}; trying again {}", when(wait));
                }
            }
        }
    }

    /// Asks the program to end, and ends it by force after `patience`. `None`: it had to be forced.
    pub(crate) async fn stop(&mut self, patience: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        if let Ok(Ok(status)) = timeout(patience, self.process.wait()).await {
            return Some(status);
        }
        warn!(
            "{} did not end within {} seconds: ended by force",
            self.name,
            patience.as_secs()
        );
        // Fails only for a process that is gone.
        let _ = self.process.kill().await;
        None
    }

    fn signal(&self, signal: Signal) {
        let pid = self
            .process
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Fails only for a process that is gone.
            let _ = kill_process(pid, signal);
        }
    }
}

fn when(wait: Duration) -> String {
    if wait.is_zero() {
        "at once".to_owned()
    } else {
        format!("in {} ms", wait.as_millis())
    }
}

fn spawn(name: &str, mut command: Command) -> anyhow::Result<Process> {
    use std::os::unix::process::CommandExt as _;
    // A process group of its own: an interrupt at the terminal reaches the supervisor only, which then ends all in
    // order.
    command.stdin(Stdio::null()).process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut command = AsyncCommand::from(command);
    command.kill_on_drop(true);
    command
        .spawn()
        .with_context(|| format!("cannot start {name} ({program})"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    use tokio::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    async fn first_line(pipes: Pipes) -> String {
        let mut lines = BufReader::new(pipes.stdout.unwrap()).lines();
        timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_killed_program_is_started_again_within_a_second() {
        let script = "echo $$; exec cat /dev/zero > /dev/null";
        let (mut child, pipes) = Child::start("the fake", shell(script)).unwrap();
        let first: i32 = first_line(pipes).await.parse().unwrap();
        let (seen, mut restarts) = mpsc::unbounded_channel();
        let begun = Instant::now();
        kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
        let kept = child.keep(|| shell(script), |pipes| drop(seen.send(pipes)));
        let pipes = tokio::select! {
            error = kept => panic!("{error}"),
            pipes = restarts.recv() => pipes.unwrap(),
        };
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        assert_ne!(first_line(pipes).await, first.to_string());
        child.stop(LIMIT).await.expect("it ends when asked");
    }

    #[tokio::test]
    async fn a_program_that_ends_when_asked_is_not_forced() {
        let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.02; done";
        let (mut child, pipes) = Child::start("the fake", shell(script)).unwrap();
        first_line(pipes).await;
        assert_eq!(child.stop(LIMIT).await.unwrap().code(), Some(7));
    }

    #[tokio::test]
    async fn a_program_that_ignores_the_request_is_forced() {
        let script = "trap '' TERM; echo up; while :; do sleep 0.02; done";
        let (mut child, pipes) = Child::start("the fake", shell(script)).unwrap();
        first_line(pipes).await;
        assert_eq!(child.stop(Duration::from_millis(50)).await, None);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Child::start("the fake", Command::new("/nowhere/fake"))
            .err()
            .unwrap();
        assert!(
            format!("{error:#}").starts_with("cannot start the fake (/nowhere/fake): No such file"),
            "{error:#}"
        );
    }
}
