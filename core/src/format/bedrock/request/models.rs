//! What the makers' models take beyond what Converse has for all. Names tell the maker, except those of inference
//! profiles (`arn:…`), which may be any.

use crate::format::anthropic::request::{Generation, generation};

/// Whose model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    /// Anthropic.
    Claude(Generation),
    /// Amazon Nova.
    Nova,
    /// OpenAI's open models.
    GptOss,
    /// Qwen.
    Qwen,
    /// Another.
    Other,
    /// It cannot be told.
    Unknown,
}

/// The makers of models whose answers can be held to a schema, but for Claude (docs.aws.amazon.com/bedrock/latest/
/// userguide/structured-output.html).
const STRUCTURED: [&str; 8] = [
    "gpt-oss",
    "qwen3",
    "deepseek.v3",
    "gemma-3",
    "minimax",
    "mistral",
    "kimi",
    "nemotron",
];

impl Maker {
    pub(super) fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        if model.contains("claude") {
            Self::Claude(generation(&model))
        } else if model.contains("amazon.nova") {
            Self::Nova
        } else if model.contains("gpt-oss") {
            Self::GptOss
        } else if model.contains("qwen") {
            Self::Qwen
        } else if model.starts_with("arn:") {
            Self::Unknown
        } else {
            Self::Other
        }
    }

    /// Whether it may read what Claude encrypted or signed.
    pub(super) const fn may_be_claude(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Unknown)
    }

    /// Whether it caches the beginning of a conversation. Others refuse to be asked.
    pub(super) const fn caches(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Nova | Self::Unknown)
    }

    /// Whether it caches tools too, and for how long one likes.
    pub(super) const fn caches_all(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Unknown)
    }

    /// Whether its answers can be held to a schema.
    pub(super) fn is_structured(self, model: &str) -> bool {
        match self {
            Self::Claude(generation) => generation.structured,
            Self::Nova => false,
            Self::GptOss | Self::Qwen | Self::Other | Self::Unknown => {
                let model = model.to_ascii_lowercase();
                STRUCTURED.iter().any(|part| model.contains(part))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_maker() {
        let claude = Maker::of("us.anthropic.claude-3-7-sonnet-20250219-v1:0");
        assert!(matches!(claude, Maker::Claude(generation) if !generation.structured));
        for (model, maker, structured) in [
            ("us.amazon.nova-2-lite-v1:0", Maker::Nova, false),
            ("openai.gpt-oss-120b-1:0", Maker::GptOss, true),
            ("qwen.qwen3-32b-v1:0", Maker::Qwen, true),
            ("meta.llama3-1-8b-instruct-v1:0", Maker::Other, false),
            (
                "arn:aws:bedrock:eu-west-1:1:application-inference-profile/a",
                Maker::Unknown,
                false,
            ),
        ] {
            assert_eq!(Maker::of(model), maker);
            assert_eq!(maker.is_structured(model), structured, "{model}");
        }
    }
}
