//! A judge that knows how good answers are: those of models with a `quality` say it.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::json;

use crate::ask::{Ask, JsonShape};

/// How a judge comes to what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taste {
    /// By the qualities, each up to so many hundredths off.
    Fair(u8),
    /// The answer that it is shown first is the better one, and every answer is perfect.
    First,
    /// It says nothing that can be read.
    Garbage,
}

/// What stands at the end of an answer of this quality, in hundredths.
pub(crate) fn mark(quality: u8) -> String {
    format!(" (quality {quality})")
}

/// What the judge says of the answers in the last message.
pub(crate) fn verdict(ask: &Ask, taste: Taste) -> String {
    let compares = matches!(&ask.json, Some(JsonShape::Schema(schema)) if schema.pointer("/properties/winner").is_some());
    let found = qualities(&ask.last_user_text);
    let noise = match taste {
        Taste::Fair(noise) => noise,
        Taste::First if compares => return said("winner", &json!("1")),
        Taste::First => return said("score", &json!(10)),
        Taste::Garbage => return "It has its charm.".to_owned(),
    };
    if !compares {
        let quality = found
            .last()
            .map_or(0, |quality| off(*quality, noise, &ask.last_user_text));
        return said("score", &json!((quality + 5) / 10));
    }
    let winner = match found.as_slice() {
        [.., first, second] => {
            let first = off(*first, noise, &format!("first {}", ask.last_user_text));
            let second = off(*second, noise, &format!("second {}", ask.last_user_text));
            match first.cmp(&second) {
                std::cmp::Ordering::Less => "2",
                std::cmp::Ordering::Equal => "tie",
                std::cmp::Ordering::Greater => "1",
            }
        }
        _ => "tie",
    };
    said("winner", &json!(winner))
}

fn said(member: &str, value: &serde_json::Value) -> String {
    json!({"reason": "By what stands in it.", member: value}).to_string()
}

/// The marks in a text, in order.
fn qualities(text: &str) -> Vec<u8> {
    let marks = text.split("(quality ").skip(1);
    let numbers = marks.filter_map(|rest| rest.split_once(')')?.0.parse().ok());
    numbers.filter(|quality| *quality <= 100).collect()
}

/// A quality with the error of a judge: the same for the same text.
fn off(quality: u8, noise: u8, text: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let spread = u64::from(noise) * 2 + 1;
    let up = u32::try_from(hasher.finish() % spread).unwrap_or_default();
    (u32::from(quality) + up).saturating_sub(noise.into()).min(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str, member: &str) -> Ask {
        Ask {
            last_user_text: text.to_owned(),
            json: Some(JsonShape::Schema(json!({"properties": {member: {}}}))),
            ..Ask::default()
        }
    }

    fn said_of(text: &str, member: &str, taste: Taste) -> String {
        let said: serde_json::Value =
            serde_json::from_str(&verdict(&ask(text, member), taste)).expect("JSON");
        said[member].to_string()
    }

    #[test]
    fn scores_what_the_answer_says_of_itself() {
        let text = format!("assistant: before{}\nanswer: now{}", mark(10), mark(84));
        assert_eq!(said_of(&text, "score", Taste::Fair(0)), "8");
        assert_eq!(said_of("answer: none", "score", Taste::Fair(0)), "0");
        assert_eq!(said_of(&text, "score", Taste::First), "10");
    }

    #[test]
    fn compares_what_two_answers_say() {
        let text = |first, second| format!("one{} two{}", mark(first), mark(second));
        for (first, second, winner) in [(90, 20, "\"1\""), (20, 90, "\"2\""), (50, 50, "\"tie\"")] {
            assert_eq!(said_of(&text(first, second), "winner", Taste::Fair(0)), winner);
        }
        assert_eq!(said_of(&text(20, 90), "winner", Taste::First), "\"1\"");
        assert!(
            serde_json::from_str::<serde_json::Value>(&verdict(&ask("x", "winner"), Taste::Garbage)).is_err()
        );
    }

    #[test]
    fn errs_within_its_noise_and_the_same_for_the_same_text() {
        for n in 0..100 {
            let text = format!("{n}{}", mark(60));
            let quality = off(60, 10, &text);
            assert!(
                (50..=70).contains(&quality) && quality == off(60, 10, &text),
                "{quality}"
            );
        }
        assert_eq!(off(100, 0, ""), 100);
    }
}
