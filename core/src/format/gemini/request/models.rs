//! What generations of Gemini take, which their names tell.

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    pub(super) thinking: Thinking,
    /// Since Gemini 3: proofs with calls are demanded, functions may return pictures, and an answer may be held to a
    /// schema where there are functions.
    pub(super) third: bool,
}

/// How it is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot.
    Never,
    /// By a number of tokens in these bounds.
    Budget {
        least: u64,
        most: u64,
        /// Whether it can be told not to.
        off: bool,
    },
    /// By a word.
    Level(Levels),
}

/// The words that it knows beside `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// None.
    Two,
    /// `medium`.
    Three,
    /// That, and `minimal`.
    Four,
}

const OLDER: Generation = Generation {
    thinking: Thinking::Never,
    third: false,
};
const PRO: Generation = budget(128, 32_768, false);
const FLASH: Generation = budget(0, 24_576, true);
const LITE: Generation = budget(512, 24_576, true);

const fn budget(least: u64, most: u64, off: bool) -> Generation {
    Generation {
        thinking: Thinking::Budget { least, most, off },
        third: false,
    }
}

const fn level(levels: Levels) -> Generation {
    Generation {
        thinking: Thinking::Level(levels),
        third: true,
    }
}

/// By parts of the name, in this order. Source: Google's pages on thinking (ai.google.dev/gemini-api/docs/thinking).
const GENERATIONS: [(&[&str], Generation); 13] = [
    (&["gemini-1"], OLDER),
    (&["gemini-2.0"], OLDER),
    (&["gemini-exp"], OLDER),
    (&["gemini-pro-vision"], OLDER),
    (&["gemini-2.5", "image"], OLDER),
    (&["gemini-2.5", "pro"], PRO),
    (&["gemini-2.5", "lite"], LITE),
    (&["gemini-2.5"], FLASH),
    (&["gemini-3-pro"], level(Levels::Two)),
    (&["gemini", "-latest"], FLASH),
    (&["gemini", "pro"], level(Levels::Three)),
    (&["gemini-"], level(Levels::Four)),
    // Not Gemini at all: Gemma and the like.
    (&[], OLDER),
];

/// What the model takes.
pub(super) fn generation(model: &str) -> Generation {
    let name = model.to_ascii_lowercase();
    let row = GENERATIONS
        .iter()
        .find(|(parts, _)| parts.iter().all(|part| name.contains(part)));
    row.map_or(OLDER, |(_, generation)| *generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_generation() {
        for (model, expected) in [
            ("gemini-1.5-flash-002", OLDER),
            ("gemini-2.0-flash", OLDER),
            ("models/gemini-2.5-pro", PRO),
            ("gemini-2.5-flash-lite", LITE),
            ("google/gemini-2.5-flash", FLASH),
            ("gemini-flash-latest", FLASH),
            ("gemini-3-pro-preview", level(Levels::Two)),
            ("gemini-3.1-pro-preview", level(Levels::Three)),
            ("gemini-3-flash-preview", level(Levels::Four)),
            ("gemini-3.5-flash", level(Levels::Four)),
            ("gemma-3-27b-it", OLDER),
        ] {
            assert_eq!(generation(model), expected, "{model}");
        }
    }
}
