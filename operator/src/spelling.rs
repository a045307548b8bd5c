//! What a misspelt word was meant to be.

/// The candidate that is nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |a: &str, b: &str| strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase());
    let (found, candidate) = candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .min_by_key(|(found, _)| *found)?;
    // A third of the word may be wrong, but never all of a short one.
    let allowed = (word.chars().count().max(candidate.chars().count()) / 3).clamp(1, 4);
    (found <= allowed && found < word.chars().count()).then_some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let words = ["models", "rules", "when", "steps"];
        for (word, meant) in [
            ("modls", Some("models")),
            ("model", Some("models")),
            ("Rules", Some("rules")),
            ("wehn", Some("when")),
            ("fallbacks", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, words.into_iter()), meant, "{word}");
        }
        assert_eq!(nearest("model", std::iter::empty()), None);
    }
}
