//! The words of a text.

use std::iter::Peekable;
use std::str::Chars;

/// A word, a number or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case.
    pub text: String,
    /// Written in capitals, in a text that is not: `US`, `IT`.
    pub shouted: bool,
}

/// Signs that only divide. All others are words: `C#`, `€`, `<`, and the brackets of a formula.
const DIVIDING: &str = ".,;:!?¡¿\"'’‘“”„«»…–—-_`";

/// The words of a text, in their order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let quiet = text.chars().any(char::is_lowercase);
    let mut reader = Reader {
        rest: text.chars().peekable(),
        before: ' ',
    };
    let mut words = Vec::new();
    while let Some(written) = reader.next() {
        let shouted = quiet && written.chars().nth(1).is_some() && written.chars().all(char::is_uppercase);
        let text = written.to_lowercase();
        for text in spelled_out(&text) {
            words.push(Word {
                text: text.to_owned(),
                shouted,
            });
        }
    }
    words
}

/// The same word for each way to write it: English shortens some.
fn spelled_out(word: &str) -> impl Iterator<Item = &str> {
    let (first, second) = match word {
        "cannot" | "can't" => ("can", "not"),
        "won't" => ("will", "not"),
        "ll" => ("will", ""),
        _ => match word.strip_suffix("n't") {
            Some(stem) => (stem, "not"),
            None => (word, ""),
        },
    };
    [first, second].into_iter().filter(|word| !word.is_empty())
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    before: char,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<String> {
        loop {
            let before = self.before;
            let first = self.take()?;
            if first.is_numeric() {
                return Some(self.number(first));
            }
            if first.is_alphabetic() {
                return Some(self.letters(first));
            }
            let is_minus = first == '-' && !before.is_alphanumeric() && self.peek().is_numeric();
            if is_minus || !(first.is_whitespace() || DIVIDING.contains(first)) {
                return Some(first.to_string());
            }
        }
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.rest.next()?;
        self.before = taken;
        Some(taken)
    }

    fn peek(&mut self) -> char {
        self.rest.peek().copied().unwrap_or(' ')
    }

    /// The character after the next.
    fn peek_second(&self) -> char {
        self.rest.clone().nth(1).unwrap_or(' ')
    }

    /// With what divides its digits: 3.11, 2024-03-01, 1,000.
    fn number(&mut self, first: char) -> String {
        let mut number = String::from(first);
        loop {
            let next = self.peek();
            let divides = ".,:/-'’".contains(next) && self.peek_second().is_numeric();
            if !(next.is_numeric() || divides) {
                return number;
            }
            number.extend(self.take());
        }
    }

    /// Up to an apostrophe, but for that of a negation.
    fn letters(&mut self, first: char) -> String {
        let mut letters = String::from(first);
        while self.peek().is_alphabetic() {
            letters.extend(self.take());
        }
        let mut ahead = self.rest.clone();
        let negates = letters.ends_with(['n', 'N'])
            && matches!(ahead.next(), Some('\'' | '’'))
            && matches!(ahead.next(), Some('t' | 'T'))
            && !ahead.next().is_some_and(char::is_alphabetic);
        if negates {
            self.take();
            self.take();
            letters.push_str("'t");
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let words: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
        assert_eq!(words, expected, "{text:?}");
    }

    #[test]
    fn words_are_letters() {
        check("Where's  the Key?", &["where", "s", "the", "key"]);
        check("s'il l’eau", &["s", "il", "l", "eau"]);
        check("don't CAN'T isn’t", &["do", "not", "can", "not", "is", "not"]);
        check("n't 't n'tx", &["not", "t", "n", "tx"]);
    }

    #[test]
    fn numbers_keep_what_divides_their_digits() {
        check(
            "3.11, 70kg. 1-2 -3 a-4",
            &["3.11", "70", "kg", "1-2", "-", "3", "a", "4"],
        );
    }

    #[test]
    fn signs_are_words() {
        check("C++ € (a)", &["c", "+", "+", "€", "(", "a", ")"]);
    }

    #[test]
    fn capitals_are_seen_where_others_are_not() {
        let shouted = |text: &str| words(text).iter().any(|word| word.shouted);
        assert!(shouted("in the US"));
        assert!(!shouted("IN THE US"));
        assert!(!shouted("I do"));
    }
}
