//! Little words: those that carry a question and may differ between two ways to ask it.
//!
//! Not little, because an answer hangs on them: negations; `from`, `by`, `without`, `before` and the like; `all`, `only`,
//! `last`; `on` and `as`; `who`, `when`, `where`, `why`, `many`, `much`, `long`; `may` (a month), `must` and `should`; past and future;
//! `you` and `me` behind the opening, `your` and `her` anywhere.

use super::word::Word;

/// A language whose little words are known. The lists are sorted by their bytes, to be searched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Language {
    /// Little wherever they stand.
    little: &'static [&'static str],
    /// Little in the opening, before the first other word: «could you tell me».
    opening: &'static [&'static str],
    /// As the first word they make a question that yes or no answers.
    asking: &'static [&'static str],
}

/// What may stand before the first word that tells what a text is.
const GREETINGS: &[&str] = &[
    "bitte", "bonjour", "danke", "gracias", "hallo", "hello", "hey", "hi", "hola", "merci", "please",
    "thanks",
];

const LANGUAGES: [Language; 4] = [
    // English.
    Language {
        little: &[
            "a", "able", "allowed", "am", "an", "and", "are", "at", "be", "been", "being", "can", "could",
            "d", "do", "does", "doing", "for", "had", "has", "have", "hello", "here", "hey", "hi", "how",
            "i", "in", "is", "it", "its", "m", "might", "mine", "my", "of", "our", "please", "possible",
            "re", "s", "so", "steps", "thank", "thanks", "the", "there", "to", "ve", "way", "we", "what",
            "which", "with", "would",
        ],
        opening: &[
            "describe", "explain", "give", "know", "let", "like", "me", "need", "show", "tell", "that",
            "this", "us", "want", "you",
        ],
        asking: &[
            "am", "are", "can", "could", "do", "does", "has", "have", "is", "may",
        ],
    },
    // German.
    Language {
        little: &[
            "am", "an", "auf", "bei", "bin", "bitte", "danke", "darf", "das", "dem", "den", "denn", "der",
            "des", "die", "dürfen", "ein", "eine", "einem", "einen", "einer", "eines", "es", "für", "gern",
            "gerne", "habe", "haben", "hallo", "hat", "heißt", "ich", "im", "in", "ist", "kann", "können",
            "könnte", "könnten", "man", "mein", "meine", "meinem", "meinen", "meiner", "meines", "mit",
            "möchte", "möchten", "möglich", "sein", "sind", "so", "und", "unser", "unsere", "unserem",
            "unseren", "von", "was", "welche", "welchem", "welchen", "welcher", "welches", "werden", "wie",
            "will", "wir", "wird", "würde", "zu", "zum", "zur",
        ],
        opening: &[
            "du",
            "erkläre",
            "erklären",
            "gib",
            "mich",
            "mir",
            "nenne",
            "sag",
            "sagen",
            "sie",
            "uns",
            "wissen",
            "zeig",
            "zeige",
            "zeigen",
        ],
        asking: &[
            "bin", "darf", "dürfen", "gibt", "habe", "haben", "hat", "ist", "kann", "können", "könnte",
            "sind",
        ],
    },
    // Spanish.
    Language {
        little: &[
            "a", "al", "como", "con", "cual", "cuál", "cuáles", "cómo", "de", "del", "el", "en", "es",
            "estar", "estoy", "está", "están", "favor", "gracias", "ha", "han", "he", "hemos", "hola", "la",
            "las", "llama", "lo", "los", "mi", "mis", "nuestra", "nuestro", "para", "podemos", "poder",
            "podría", "por", "posible", "puede", "pueden", "puedo", "que", "quiero", "quisiera", "qué", "se",
            "ser", "son", "soy", "un", "una", "unas", "unos", "y", "yo",
        ],
        opening: &[
            "decir", "decirme", "dime", "dígame", "le", "me", "nos", "saber", "usted",
        ],
        asking: &["es", "está", "están", "hay", "podemos", "puedo", "son", "tengo"],
    },
    // French.
    Language {
        little: &[
            "a", "ai", "appelle", "au", "aux", "avec", "avez", "avons", "bonjour", "c", "ce", "comment", "d",
            "de", "des", "du", "en", "est", "et", "il", "j", "je", "l", "la", "le", "les", "ma", "merci",
            "mes", "mon", "nos", "notre", "on", "ont", "peut", "peux", "plaît", "possible", "pour",
            "pourrais", "pourriez", "pouvez", "pouvons", "puis", "qu", "que", "quel", "quelle", "quelles",
            "quels", "quoi", "s", "sont", "suis", "un", "une", "veux", "voudrais", "à", "être",
        ],
        opening: &[
            "dire",
            "dis",
            "dites",
            "expliquer",
            "expliquez",
            "m",
            "me",
            "montrer",
            "montrez",
            "nous",
            "savoir",
            "te",
            "vous",
        ],
        asking: &["ai", "est", "peut", "puis"],
    },
];

static UNKNOWN: Language = Language {
    little: &[],
    opening: &[],
    asking: &[],
};

impl Language {
    /// The language of a text: that of which it has most little words, of several the first.
    pub(super) fn of(words: &[Word]) -> &'static Self {
        let mut best = (0, &UNKNOWN);
        for language in &LANGUAGES {
            let count = words.iter().filter(|word| language.opens(word)).count();
            if count > best.0 {
                best = (count, language);
            }
        }
        best.1
    }

    /// Whether a word is little wherever it stands.
    pub(super) fn is_little(&self, word: &Word) -> bool {
        has(self.little, word)
    }

    /// Whether a word is little in the opening.
    pub(super) fn opens(&self, word: &Word) -> bool {
        self.is_little(word) || has(self.opening, word)
    }

    /// Whether a word, however it is written, stands in its lists.
    pub(super) fn has(&self, word: &str) -> bool {
        let of = |list: &[&str]| list.binary_search(&word).is_ok();
        of(self.little) || of(self.opening)
    }

    /// Whether words ask for yes or no. «Can you …» and «Können Sie …» ask for more.
    pub(super) fn asks(&self, words: &[Word]) -> bool {
        let mut words = words.iter().skip_while(|word| has(GREETINGS, word));
        let first = words.next().is_some_and(|word| has(self.asking, word));
        first && !words.next().is_some_and(|word| has(self.opening, word))
    }
}

fn has(list: &[&str], word: &Word) -> bool {
    !word.shouted && list.binary_search(&&*word.text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::word::words;
    use super::*;

    #[test]
    fn the_words_can_be_searched() {
        assert!(GREETINGS.is_sorted_by(|a, b| a < b));
        for language in &LANGUAGES {
            for list in [language.little, language.opening, language.asking] {
                assert!(list.is_sorted_by(|a, b| a < b), "{list:?}");
                for word in list {
                    assert_eq!(words(word).len(), 1, "{word}");
                    assert_eq!(*word, word.to_lowercase());
                }
            }
        }
    }

    #[test]
    fn what_an_answer_hangs_on_is_not_little() {
        let heavy = "not no from by without all only last who why may must your nicht ohne nach vom alle wann sin desde \
                     todos ne pas sans depuis tous";
        for word in words(heavy) {
            for language in &LANGUAGES {
                assert!(!language.opens(&word), "{word:?}");
            }
        }
        // A wish in German only.
        assert!(!LANGUAGES[0].opens(&words("will")[0]));
    }

    #[test]
    fn a_text_has_the_language_of_most_of_its_little_words() {
        let texts = [
            "Where is my son",
            "Was war das für ein Tag",
            "He visto a la niña",
            "Il est à la mer",
        ];
        for (language, text) in LANGUAGES.iter().zip(texts) {
            assert_eq!(Language::of(&words(text)), language, "{text}");
        }
        assert_eq!(Language::of(&words("zażółć gęślą")), &UNKNOWN);
    }
}
