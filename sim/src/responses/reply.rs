//! A whole answer.

use super::echo::Echo;
use super::item::Item;
use super::status;
use crate::answer::Answer;

/// The `response` object.
pub(crate) fn render(answer: Answer, echo: &Echo) -> String {
    let usage = answer.usage;
    let (status, incomplete) = status(answer.finish);
    let output = Item::of(answer, echo.sealed).iter().map(Item::done).collect();
    echo.ended(status, incomplete, output, usage).to_string()
}
