//! How much a model is to think: as a word (OpenAI, newer Claude models) or in tokens (older ones).

use serde::Serialize;

/// The wish for reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Reasoning {
    /// None.
    Off,
    /// As much as the model sees fit.
    On,
    /// This much.
    Effort(Effort),
    /// At most so many tokens.
    Budget(u64),
}

/// How much, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Effort {
    /// Next to none.
    Minimal,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// All that the model can.
    Max,
}

/// The least that Anthropic takes as a budget.
pub const LEAST_BUDGET: u64 = 1024;

impl Effort {
    /// Reads the word of either format.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    /// The word in the OpenAI format, `high` at most: few of its models know more.
    pub const fn openai(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High | Self::XHigh | Self::Max => "high",
        }
    }

    /// The word at Anthropic. `xhigh` is newer than `max`, which all its models with an effort know.
    pub const fn anthropic(self) -> &'static str {
        match self {
            Self::Minimal | Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh | Self::Max => "max",
        }
    }

    /// In tokens. Ours: no provider publishes what its words mean.
    pub const fn budget(self) -> u64 {
        match self {
            Self::Minimal | Self::Low => LEAST_BUDGET,
            Self::Medium => 4096,
            Self::High => 16_384,
            Self::XHigh | Self::Max => 32_768,
        }
    }

    /// The word for a budget: the largest that it pays for, and `high` at most, as all reasoning models know that.
    pub const fn affordable(budget: u64) -> Self {
        if budget >= Self::High.budget() {
            Self::High
        } else if budget >= Self::Medium.budget() {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_survives_its_budget() {
        for effort in [Effort::Low, Effort::Medium, Effort::High] {
            assert_eq!(Effort::affordable(effort.budget()), effort);
            assert_eq!(Effort::named(effort.openai()), Some(effort));
            assert_eq!(Effort::named(effort.anthropic()), Some(effort));
        }
    }
}
