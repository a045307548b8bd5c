//! Carries Envoy's own log into ours.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tokio::time::Instant;
use tracing::{debug, error, warn};

/// How Envoy writes a line: level, logger, text.
pub(super) const LOG_FORMAT: &str = "%l %n %v";
/// Longer lines are cut.
const MOST_CHARACTERS: usize = 2_000;
/// While the data plane is down Envoy has a line for each call: more than these in a second are only counted.
const MOST_LINES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);

/// How bad a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Nothing,
    Warning,
    Error,
}

/// Logs what Envoy writes until it ends.
pub(super) async fn relay(stderr: ChildStderr) {
    let mut lines = BufReader::new(stderr).lines();
    let mut limit = Limit::default();
    while let Ok(Some(line)) = lines.next_line().await {
        let (severity, text) = read(&line);
        let (passes, left_out) = limit.count(severity, Instant::now());
        if left_out > 0 {
            warn!("envoy: {left_out} more warnings, left out");
        }
        match severity {
            Severity::Warning if passes => warn!("envoy: {text}"),
            Severity::Error => error!("envoy: {text}"),
            Severity::Warning | Severity::Nothing => debug!("envoy: {text}"),
        }
    }
}

/// Counts warnings. Errors always pass.
#[derive(Debug, Default)]
struct Limit {
    since: Option<Instant>,
    warnings: u32,
}

impl Limit {
    /// Whether a line passes now, and how many were left out in the window that it ends.
    fn count(&mut self, severity: Severity, now: Instant) -> (bool, u32) {
        let mut left_out = 0;
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            left_out = self.warnings.saturating_sub(MOST_LINES);
            *self = Self {
                since: Some(now),
                warnings: 0,
            };
        }
        self.warnings += u32::from(severity == Severity::Warning);
        (
            severity != Severity::Warning || self.warnings <= MOST_LINES,
            left_out,
        )
    }
}

/// The severity of a line, and the line without it. What is not in the form of the log (a crash) is an error.
fn read(line: &str) -> (Severity, String) {
    let cut = |text: &str| text.chars().take(MOST_CHARACTERS).collect();
    match line.split_once(' ') {
        // Our own doing.
        Some(("warning", text)) if text.ends_with("caught ENVOY_SIGTERM") => (Severity::Nothing, cut(text)),
        Some(("warning", text)) => (Severity::Warning, cut(text)),
        Some(("error" | "critical", text)) => (Severity::Error, cut(text)),
        Some(_) | None => (Severity::Error, cut(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_keeps_its_severity() {
        assert_eq!(
            read("warning main slow"),
            (Severity::Warning, "main slow".to_owned())
        );
        assert_eq!(read("warning main caught ENVOY_SIGTERM").0, Severity::Nothing);
        assert_eq!(
            read("critical main dead"),
            (Severity::Error, "main dead".to_owned())
        );
        assert_eq!(
            read("Segmentation fault"),
            (Severity::Error, "Segmentation fault".to_owned())
        );
        assert_eq!(
            read(&format!("error x {}", "é".repeat(3_000))).1.chars().count(),
            MOST_CHARACTERS
        );
    }

    #[tokio::test]
    async fn a_flood_of_warnings_is_counted_only() {
        let mut limit = Limit::default();
        let now = Instant::now();
        let passed = (0..20).filter(|_| limit.count(Severity::Warning, now).0).count();
        assert_eq!(passed, 5);
        assert_eq!(limit.count(Severity::Error, now), (true, 0), "errors pass");
        assert_eq!(limit.count(Severity::Warning, now + WINDOW), (true, 15));
        assert_eq!(limit.count(Severity::Warning, now + WINDOW * 2), (true, 0));
    }
}
