//! Tokens of a text, counted where a provider tells none. By the vocabulary of OpenAI's newer models (`o200k_base`): no
//! other vendor publishes its own, so the result is an estimate and is marked as one.

use tiktoken_rs::o200k_base_singleton;

/// Text is counted in pieces of so many characters: the vocabulary's pattern takes time by the square of a run of
/// blanks, and gives up on a long one.
const PIECE: usize = 512;

/// The tokens of a text.
pub fn count(text: &str) -> u64 {
    let vocabulary = o200k_base_singleton();
    let mut rest = text;
    let mut tokens = 0_usize;
    while !rest.is_empty() {
        let end = rest.char_indices().nth(PIECE).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        tokens += vocabulary.encode_ordinary(piece).len();
        rest = after;
    }
    tokens as u64
}

/// The tokens of a text of so many characters, of which `sample` is known.
pub fn by_sample(sample: &str, characters: u64) -> u64 {
    let known = sample.chars().count() as u64;
    if known == 0 {
        return characters.div_ceil(4);
    }
    let scaled = u128::from(count(sample)) * u128::from(characters.max(known)) / u128::from(known);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_the_vocabulary() {
        assert_eq!(count(""), 0);
        assert_eq!(count("Hello, world!"), 4);
        // Four letters are not a token in every language.
        let chinese = "天气很好".repeat(100);
        assert!(count(&chinese) > 150, "{}", count(&chinese));
    }

    #[test]
    fn a_sample_stands_for_all() {
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(100);
        let all = count(&text);
        let scaled = by_sample(text.get(..900).expect("ASCII"), text.chars().count() as u64);
        assert!(all.abs_diff(scaled) * 20 < all, "{all} {scaled}");
        assert_eq!(by_sample("", 9), 3);
        assert_eq!(by_sample("Hello, world!", 13), 4);
    }

    #[test]
    fn long_runs_are_counted() {
        for run in [" ", "a", "\u{1F600}", "\n"] {
            assert!(count(&run.repeat(5_000)) > 0);
        }
    }
}
