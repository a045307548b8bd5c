//! Whether two texts that an embedding finds alike ask for the same.
//!
//! To an embedding «from Paris to Lyon» and «from Lyon to Paris» are nearly one text, and so are two order numbers, a
//! sentence and its negation, «cheapest» and «dearest». No threshold tells them apart from two ways to ask one question
//! (`docs/semantic-cache.md` has the figures). What tells them apart is their matter: all their words but the little
//! ones, which only carry the question. It has to be the same, in the same order:
//!
//! ```text
//! How can I reset my password?                 ─► reset password
//! Could you tell me how to reset my password?  ─► reset password          agrees
//! How do I reset my router?                    ─► reset router            does not
//! Why can't I reset my password?               ─► why not reset password  does not
//! ```
//!
//! Numbers, names, units, negations, comparatives and whatever stands in a language that is not known here are matter:
//! an unknown word can only cost a hit, never serve a wrong one. A question for yes or no does not agree with one for
//! more, nor with a statement. The little words are those of the language of which a text has most. They do change what
//! is asked at times; that is what the similarity is for.

mod little;
mod word;

use self::little::Language;
use self::word::words;

/// Longer texts, in bytes, have to be equal.
const LONGEST: usize = 4096;

/// Whether two texts ask for the same, as far as their words tell. Texts that agree with a third agree with each other.
pub fn agree(a: &str, b: &str) -> bool {
    a == b || (a.len() <= LONGEST && b.len() <= LONGEST && matter(a) == matter(b))
}

/// What a text is about, and whether it only asks for yes or no. A text of nothing but little words is about them.
fn matter(text: &str) -> (bool, Vec<String>) {
    let mut words = words(text);
    let language = Language::of(&words);
    let opening = words.iter().take_while(|word| language.opens(word)).count();
    let asks = language.asks(&words);
    if opening < words.len() {
        let mut position = 0;
        words.retain(|word| {
            position += 1;
            position > opening && !language.is_little(word)
        });
    }
    // US is a country.
    let matter = words.into_iter().map(|word| {
        if word.shouted && language.has(&word.text) {
            word.text.to_uppercase()
        } else {
            word.text
        }
    });
    (asks, matter.collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(a: &str, b: &str, expected: bool) {
        for (a, b) in [(a, b), (b, a)] {
            assert_eq!(
                agree(a, b),
                expected,
                "{a:?} {:?}, {b:?} {:?}",
                matter(a),
                matter(b)
            );
        }
    }

    #[test]
    fn the_way_of_asking_does_not_matter() {
        check("How do I reset my password?", "how can i reset my password", true);
        check("Hello, where is my order please?", "WHERE IS MY ORDER", true);
        check("Could you tell me where my order is?", "Where is my order", true);
        check(
            "What is compound interest?",
            "Please explain compound interest.",
            true,
        );
        check(
            "I'd like to return the lamp",
            "I would like to return the lamp!",
            true,
        );
        check(
            "Wie heißt die Hauptstadt von Kanada?",
            "Was ist die Hauptstadt von Kanada?",
            true,
        );
        check("¿Cuál es la capital de Perú?", "Dime la capital de Perú", true);
        check(
            "Quelle est la capitale du Niger ?",
            "C'est quoi, la capitale du Niger ?",
            true,
        );
    }

    #[test]
    fn what_is_asked_does() {
        check("Where is my order 48213?", "Where is my order 48231?", false);
        check(
            "What is the capital of Austria?",
            "What is the capital of Australia?",
            false,
        );
        check("Can I take 5 mg?", "Can I take 5 g?", false);
        check("on 3 May", "on 3 June", false);
        check("the cheapest flight", "the dearest flight", false);
        check("Cancel my last order", "Cancel all my orders", false);
        check("Delete a branch", "Delete a remote branch", false);
        check("When was it sent?", "Where was it sent?", false);
        check("Who won the match?", "Who will win the match?", false);
    }

    #[test]
    fn yes_or_no_is_a_question_of_its_own() {
        check("Can I freeze rice?", "How can I freeze rice?", false);
        check("Hi, can I freeze rice?", "Is it possible to freeze rice?", true);
        check("I have diabetes.", "Do I have diabetes?", false);
        check(
            "Can you tell me how to freeze rice?",
            "How do I freeze rice?",
            true,
        );
        check(
            "Kann ich Reis einfrieren?",
            "Wie kann ich Reis einfrieren?",
            false,
        );
        check("Können Sie mir sagen, was Akne ist?", "Was ist Akne?", true);
    }

    #[test]
    fn you_and_me_are_little_in_the_opening_only() {
        check("Do I owe you money?", "Do you owe me money?", false);
        check("Is this better than that?", "Is that better than this?", false);
        check("Find cities like Paris", "Find cities in Paris", false);
        check("Show me flights to Rome", "Flights to Rome", true);
    }

    #[test]
    fn a_negation_is_seen_in_each_spelling() {
        for not in ["cannot log in", "can't log in", "can’t log in", "can not log in"] {
            check("Why can I log in?", &format!("Why I {not}?"), false);
            check("I can't log in", &format!("I {not}"), true);
        }
        check("I won't pay", "I will pay", false);
        check("I won't pay", "I will not pay", true);
        check("Ich habe bezahlt", "Ich habe nicht bezahlt", false);
        check("He recibido mi pedido", "No he recibido mi pedido", false);
        check("Je veux payer", "Je ne veux pas payer", false);
        check("Hotels with breakfast", "Hotels without breakfast", false);
    }

    #[test]
    fn an_order_is_a_direction() {
        check("from Paris to Lyon", "from Lyon to Paris", false);
        check("Convert JSON to YAML", "Convert YAML to JSON", false);
        check(
            "Can the tenant sue the landlord?",
            "Can the landlord sue the tenant?",
            false,
        );
        check("the bus to the airport", "the bus from the airport", false);
    }

    #[test]
    fn numbers_and_signs_are_read_as_they_are_written() {
        check("Is 70kg much?", "Is 70 kg much?", true);
        check("Python 3.11", "Python 3 11", false);
        check("on 2024-03-01", "on 2024-01-03", false);
        check("Is it 5 degrees?", "Is it -5 degrees?", false);
        check("$50", "€50", false);
        check("a string in C", "a string in C#", false);
        check("What is (2+3)*4?", "What is 2+3*4?", false);
        check("Order no. 5.", "Order no 5", true);
    }

    #[test]
    fn a_name_in_capitals_is_no_little_word() {
        check("Parse JSON in Go", "parse json in go", true);
        check("Taxes in the US", "Taxes for us", false);
        check("Help me with IT", "Help me with it", false);
    }

    #[test]
    fn a_little_word_of_one_language_may_be_matter_in_another() {
        check("Where is my hat?", "Where is my bin?", false);
        check("Where is the son of the king?", "Where is the king?", false);
    }

    #[test]
    fn texts_of_little_words_are_compared_by_them() {
        check("What can you do?", "What is it?", false);
        check("what can you do", "What can you do?", true);
        check("", "?", true);
        check("", "the", false);
    }

    #[test]
    fn unknown_languages_and_long_texts_have_to_be_equal() {
        check("Gdzie jest moje zamówienie?", "gdzie jest moje zamówienie", true);
        check(
            "Gdzie jest moje zamówienie?",
            "Gdzie jest twoje zamówienie?",
            false,
        );
        check("天气怎么样", "天气很好", false);
        let long = "word ".repeat(LONGEST);
        check(&long, &long, true);
        check(&long, &format!("the {long}"), false);
    }

    proptest! {
        #[test]
        fn any_texts_may_be_compared(a in ".{0,60}", b in ".{0,60}") {
            prop_assert!(agree(&a, &a));
            prop_assert_eq!(agree(&a, &b), agree(&b, &a));
            let shouted = agree(&a, &format!(" {a} ?"));
            prop_assert!(shouted);
        }
    }
}
