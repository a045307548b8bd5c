//! Carries Envoy's own log into ours.

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tracing::{debug, error, warn};

/// How Envoy writes a line: level, logger, text.
pub(super) const LOG_FORMAT: &str = "%l %n %v";
/// Longer lines are cut.
const MOST_CHARACTERS: usize = 2_000;

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
    while let Ok(Some(line)) = lines.next_line().await {
        let (severity, text) = read(&line);
        match severity {
            Severity::Nothing => debug!("envoy: {text}"),
            Severity::Warning => warn!("envoy: {text}"),
            Severity::Error => error!("envoy: {text}"),
        }
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
}
