//! What a request asks for.

use std::fmt::Write as _;

use wayleave_core::explain::{ExplainedAsked, ExplainedTask};
use wayleave_core::task::{By, Classified};

use super::time;

pub(super) fn format_task(task: &ExplainedTask) -> String {
    match task {
        ExplainedTask::Found(found) => format_found(found),
        ExplainedTask::Asks(asked) => format_asked(asked),
    }
}

fn format_found(found: &Classified) -> String {
    let how = match found.by {
        By::Rules => "by its conditions, which cost nothing",
        By::Fallback => "as none of the conditions holds",
        By::Embedding => "by its examples",
        By::Model => "by a model",
    };
    let mut text = format!("\ntask   {}   ({how})\n", found.class);
    if let Some(margin) = found.margin {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  margin             {margin:.4}");
    }
    text
}

fn format_asked(asked: &ExplainedAsked) -> String {
    let ExplainedAsked {
        by,
        target,
        timeout,
        expected,
        fallback,
    } = asked;
    let cost = expected.map_or_else(
        || "nobody has a price for it".to_owned(),
        |cost| format!("about ${}", cost.usd()),
    );
    match target {
        Ok(target) => format!(
            "\ntask   is asked for, where no cache has the answer\n  by {by:<16}{target}\n  costs              {cost}\n  \
             waits              {}; then it is {fallback}\n",
            time(*timeout)
        ),
        Err(reason) => format!("\ntask   {fallback}   (nobody can be asked: {reason})\n"),
    }
}
