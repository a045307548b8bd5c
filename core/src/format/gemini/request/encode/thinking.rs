//! Whether the model is to think, and how much.

use crate::chat::Dropped;
use crate::chat::reasoning::{Effort, Reasoning};
use crate::format::gemini::request::models::{Levels, Thinking};
use crate::format::gemini::request::wire::ThinkingConfig;

/// As much as the model sees fit.
const DYNAMIC: i64 = -1;

/// `None`: its default. Thoughts are shown where they are wanted.
pub(super) fn plan(
    wish: Option<Reasoning>,
    model: Thinking,
    dropped: &mut Dropped,
) -> Option<ThinkingConfig> {
    let wish = wish?;
    match (model, wish) {
        (Thinking::Never, Reasoning::Off) => None,
        (Thinking::Never, Reasoning::On | Reasoning::Effort(_) | Reasoning::Budget(_)) => {
            dropped.note("reasoning_effort");
            None
        }
        (Thinking::Budget { off: true, .. }, Reasoning::Off) => Some(budget(0, false)),
        (Thinking::Budget { least, .. }, Reasoning::Off) => {
            dropped.note("reasoning_effort: it cannot be turned off");
            Some(budget(tokens(least), false))
        }
        (Thinking::Budget { .. }, Reasoning::On) => Some(budget(DYNAMIC, true)),
        (Thinking::Budget { least, most, .. }, Reasoning::Effort(effort)) => {
            Some(budget(tokens(effort.budget().clamp(least, most)), true))
        }
        (Thinking::Budget { least, most, .. }, Reasoning::Budget(wanted)) => {
            Some(budget(tokens(wanted.clamp(least, most)), true))
        }
        (Thinking::Level(levels), Reasoning::Off) => {
            // Its `minimal` hardly ever thinks.
            if levels != Levels::Four {
                dropped.note("reasoning_effort: it cannot be turned off");
            }
            Some(level(Effort::Minimal, levels, false))
        }
        (Thinking::Level(_), Reasoning::On) => Some(ThinkingConfig {
            include_thoughts: true,
            ..ThinkingConfig::default()
        }),
        (Thinking::Level(levels), Reasoning::Effort(effort)) => Some(level(effort, levels, true)),
        (Thinking::Level(levels), Reasoning::Budget(wanted)) => {
            Some(level(Effort::affordable(wanted), levels, true))
        }
    }
}

fn tokens(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn budget(thinking_budget: i64, include_thoughts: bool) -> ThinkingConfig {
    ThinkingConfig {
        thinking_budget: Some(thinking_budget),
        thinking_level: None,
        include_thoughts,
    }
}

/// The next word that the model knows: Google's own OpenAI endpoint rounds up as well.
fn level(effort: Effort, levels: Levels, include_thoughts: bool) -> ThinkingConfig {
    let word = match (effort, levels) {
        (Effort::Minimal, Levels::Four) => "minimal",
        (Effort::Minimal | Effort::Low, _) => "low",
        (Effort::Medium, Levels::Three | Levels::Four) => "medium",
        (Effort::Medium | Effort::High | Effort::XHigh | Effort::Max, _) => "high",
    };
    ThinkingConfig {
        thinking_budget: None,
        thinking_level: Some(word),
        include_thoughts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::gemini::request::models::generation;

    fn planned(model: &str, wish: Reasoning) -> (String, bool) {
        let mut dropped = Dropped::default();
        let plan = plan(Some(wish), generation(model).thinking, &mut dropped);
        (serde_json::to_string(&plan).expect("JSON"), dropped.is_empty())
    }

    const MEDIUM: Reasoning = Reasoning::Effort(Effort::Medium);

    /// Model, wish, what it is told, and whether all of it is.
    const PLANS: [(&str, Reasoning, &str, bool); 11] = [
        ("gemini-2.0-flash", MEDIUM, "null", false),
        ("gemini-2.0-flash", Reasoning::Off, "null", true),
        (
            "gemini-2.5-flash",
            Reasoning::Off,
            r#"{"thinkingBudget":0}"#,
            true,
        ),
        (
            "gemini-2.5-pro",
            Reasoning::Off,
            r#"{"thinkingBudget":128}"#,
            false,
        ),
        (
            "gemini-2.5-flash",
            Reasoning::Budget(90_000),
            r#"{"thinkingBudget":24576,"includeThoughts":true}"#,
            true,
        ),
        (
            "gemini-2.5-pro",
            MEDIUM,
            r#"{"thinkingBudget":4096,"includeThoughts":true}"#,
            true,
        ),
        (
            "gemini-2.5-pro",
            Reasoning::On,
            r#"{"thinkingBudget":-1,"includeThoughts":true}"#,
            true,
        ),
        (
            "gemini-3-pro-preview",
            MEDIUM,
            r#"{"thinkingLevel":"high","includeThoughts":true}"#,
            true,
        ),
        (
            "gemini-3.1-pro-preview",
            MEDIUM,
            r#"{"thinkingLevel":"medium","includeThoughts":true}"#,
            true,
        ),
        (
            "gemini-3-flash-preview",
            Reasoning::Off,
            r#"{"thinkingLevel":"minimal"}"#,
            true,
        ),
        (
            "gemini-3-flash-preview",
            Reasoning::On,
            r#"{"includeThoughts":true}"#,
            true,
        ),
    ];

    #[test]
    fn each_generation_is_told_in_its_own_way() {
        for (model, wish, expected, said) in PLANS {
            assert_eq!(
                planned(model, wish),
                (expected.to_owned(), said),
                "{model} {wish:?}"
            );
        }
    }
}
