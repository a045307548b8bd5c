//! The language of a text, where that is sure.

use std::sync::LazyLock;

use whatlang::{Detector, Lang};

/// Characters that are looked at: more tell little more, and cost.
const MOST: usize = 400;
/// Letters below which a text tells nothing.
const LEAST: usize = 20;

/// The languages that are told apart, with their codes. Of those that look alike in short texts (Danish and Norwegian,
/// Czech and Slovak, the languages of former Yugoslavia) only one stands here, or none.
const LANGUAGES: [(Lang, &str); 30] = [
    (Lang::Eng, "en"),
    (Lang::Spa, "es"),
    (Lang::Por, "pt"),
    (Lang::Fra, "fr"),
    (Lang::Deu, "de"),
    (Lang::Ita, "it"),
    (Lang::Nld, "nl"),
    (Lang::Swe, "sv"),
    (Lang::Dan, "da"),
    (Lang::Fin, "fi"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Hun, "hu"),
    (Lang::Ron, "ro"),
    (Lang::Tur, "tr"),
    (Lang::Vie, "vi"),
    (Lang::Ind, "id"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Bul, "bg"),
    (Lang::Ell, "el"),
    (Lang::Ara, "ar"),
    (Lang::Pes, "fa"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Ben, "bn"),
    (Lang::Tha, "th"),
    (Lang::Cmn, "zh"),
    (Lang::Jpn, "ja"),
    (Lang::Kor, "ko"),
];

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(LANGUAGES.map(|(language, _)| language).to_vec()));

/// The code of the language; empty: it is not sure.
pub(super) fn of(text: &str) -> &'static str {
    let end = text.char_indices().nth(MOST).map_or(text.len(), |(at, _)| at);
    let text = text.get(..end).unwrap_or_default();
    // A character of Chinese says as much as a syllable or more.
    let weight = |letter: char| if letter > '\u{2e80}' { 4 } else { 1 };
    let letters: usize = text
        .chars()
        .filter(|letter| letter.is_alphabetic())
        .map(weight)
        .sum();
    if letters < LEAST {
        return "";
    }
    let found = DETECTOR.detect(text).filter(whatlang::Info::is_reliable);
    found
        .and_then(|found| {
            LANGUAGES
                .into_iter()
                .find(|(language, _)| *language == found.lang())
        })
        .map_or("", |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        for (code, text) in [
            (
                "en",
                "Could you please explain to me how the immune system works, and what happens when it fails?",
            ),
            (
                "de",
                "Kannst du mir bitte erklären, wie das Immunsystem funktioniert und was passiert, wenn es versagt?",
            ),
            (
                "fr",
                "Pourrais-tu m'expliquer comment fonctionne le système immunitaire et ce qui se passe quand il échoue ?",
            ),
            (
                "es",
                "¿Podrías explicarme cómo funciona el sistema inmunitario y qué ocurre cuando falla de repente?",
            ),
            (
                "pt",
                "Você poderia me explicar como funciona o sistema imunológico e o que acontece quando ele falha?",
            ),
            (
                "it",
                "Potresti spiegarmi come funziona il sistema immunitario e che cosa succede quando smette di funzionare?",
            ),
            (
                "nl",
                "Waarom is de lucht overdag blauw en tegen de avond vaak rood, en hoe leg ik dat uit aan mijn kinderen?",
            ),
            (
                "pl",
                "Czy możesz mi wyjaśnić, jak działa układ odpornościowy i co się dzieje, gdy przestaje działać?",
            ),
            (
                "ru",
                "Не могли бы вы объяснить мне, как работает иммунная система и что происходит, когда она отказывает?",
            ),
            (
                "el",
                "Μπορείς να μου εξηγήσεις πώς λειτουργεί το ανοσοποιητικό σύστημα;",
            ),
            ("ja", "免疫システムがどのように働くのか、教えてください。"),
            ("zh", "请解释一下免疫系统是如何工作的，以及它失效时会发生什么。"),
            ("ko", "면역 체계가 어떻게 작동하는지 설명해 주시겠어요?"),
            (
                "ar",
                "هل يمكنك أن تشرح لي كيف يعمل الجهاز المناعي وماذا يحدث عندما يفشل؟",
            ),
        ] {
            assert_eq!(of(text), code, "{text}");
        }
    }

    #[test]
    fn what_is_not_sure_is_not_said() {
        for text in ["", "ok", "2 + 2 = 4", "no no no", "{}[]();;;:::", "日本"] {
            assert_eq!(of(text), "", "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(of(&"ä".repeat(10_000)).len(), of(&"ä".repeat(400)).len());
    }
}
