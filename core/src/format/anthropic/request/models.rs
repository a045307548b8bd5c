//! What generations of Claude take, which their names tell. Endpoints of the format serve other models as well.

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    pub(crate) thinking: Thinking,
    pub(crate) sampling: SamplingRule,
    /// Whether answers and tool arguments can be held to a schema.
    pub(crate) structured: bool,
}

/// How it is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It cannot.
    Never,
    /// By a number of tokens.
    Budget,
    /// By a word. (4.6 takes both, its successors refuse numbers.)
    Adaptive,
}

/// Which of `temperature` and `top_p` it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SamplingRule {
    /// Both.
    Both,
    /// One at a time.
    Either,
    /// None but the default, `temperature` 1.
    Default,
}

const THIRD: Generation = Generation {
    thinking: Thinking::Never,
    sampling: SamplingRule::Both,
    structured: false,
};
const FOURTH: Generation = Generation {
    thinking: Thinking::Budget,
    ..THIRD
};
const STRUCTURED: Generation = Generation {
    thinking: Thinking::Budget,
    sampling: SamplingRule::Either,
    structured: true,
};
const ADAPTIVE: Generation = Generation {
    thinking: Thinking::Adaptive,
    ..STRUCTURED
};
const NEWEST: Generation = Generation {
    sampling: SamplingRule::Default,
    ..ADAPTIVE
};

/// By a part of the name, in this order. Sources: Anthropic's pages on extended thinking, adaptive thinking and
/// structured outputs, and its migration guides for Opus 4.7 and Sonnet 5.
const GENERATIONS: [(&str, Generation); 18] = [
    ("claude-3-7", FOURTH),
    ("claude-3", THIRD),
    ("claude-2", THIRD),
    // Bedrock's name for it.
    ("claude-v2", THIRD),
    ("claude-instant", THIRD),
    ("claude-opus-4-1", STRUCTURED),
    ("-4-5", STRUCTURED),
    ("-4-6", ADAPTIVE),
    ("claude-sonnet-4-0", FOURTH),
    ("claude-sonnet-4-2", FOURTH),
    ("claude-sonnet-4@", FOURTH),
    ("claude-opus-4-0", FOURTH),
    ("claude-opus-4-2", FOURTH),
    ("claude-opus-4@", FOURTH),
    ("claude-4-sonnet", FOURTH),
    ("claude-4-opus", FOURTH),
    ("claude", NEWEST),
    // Not Claude at all: what most have copied.
    ("", FOURTH),
];

/// What the model takes.
pub(crate) fn generation(model: &str) -> Generation {
    let name = model.to_ascii_lowercase().replace('.', "-");
    let row = GENERATIONS.iter().find(|(part, _)| name.contains(part));
    row.map_or(NEWEST, |(_, generation)| *generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (model, expected) in [
            ("claude-3-5-haiku-latest", THIRD),
            ("anthropic.claude-v2:1", THIRD),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", FOURTH),
            ("claude-3-7-sonnet-20250219", FOURTH),
            ("claude-sonnet-4-20250514", FOURTH),
            ("claude-opus-4-1-20250805", STRUCTURED),
            ("claude-haiku-4-5", STRUCTURED),
            ("anthropic/claude-sonnet-4.5", STRUCTURED),
            ("claude-opus-4-6", ADAPTIVE),
            ("claude-opus-4-8", NEWEST),
            ("claude-sonnet-5", NEWEST),
            ("glm-5", FOURTH),
        ] {
            assert_eq!(generation(model), expected, "{model}");
        }
    }
}
