use proptest::prelude::*;

use super::*;

#[test]
fn scores_are_read_in_many_clothes() {
    for (text, expected) in [
        (r#"{"reason":"fine","score":7}"#, 0.7),
        ("\n ```json\n{\"score\": 10}\n```\n", 1.0),
        (
            r#"Here is my grade: {"reason":"so {and} so","score":"3"} Thanks!"#,
            0.3,
        ),
        (r#"{"score": "8/10"}"#, 0.8),
        (r#"{"score": 7.5, "more": {"score": 2}}"#, 0.75),
        (r#"{"score":0}"#, 0.0),
        (
            r#"In {braces} first, then {"score":4} and again {"score":4}"#,
            0.4,
        ),
        (r#"{"thinking":"none"} {"score":9}"#, 0.9),
    ] {
        assert_eq!(score(text), Ok(expected), "{text}");
    }
}

#[test]
fn garbage_is_never_a_score() {
    for (text, expected) in [
        ("", Unreadable::NoObject),
        ("7", Unreadable::NoObject),
        ("The score is 7.", Unreadable::NoObject),
        (r#"{"reason":"cut off bef"#, Unreadable::NoObject),
        (r#"[{"score"#, Unreadable::NoObject),
        ("{}", Unreadable::NoResult),
        (r#"{"Score":7}"#, Unreadable::NoResult),
        (r#"{"score":null}"#, Unreadable::NoResult),
        (r#"{"grade":7}"#, Unreadable::NoResult),
        (r#"{"winner":"1"}"#, Unreadable::NoResult),
        (r#"{"score":7,"score":9}"#, Unreadable::Several),
        (r#"{"score":7,"score":9,"x":{"score":1}}"#, Unreadable::Several),
        (r#"{"score":7} or rather {"score":8}"#, Unreadable::Several),
        (r#"{"score":11}"#, Unreadable::NotAResult),
        (r#"{"score":-1}"#, Unreadable::NotAResult),
        (r#"{"score":true}"#, Unreadable::NotAResult),
        (r#"{"score":[7]}"#, Unreadable::NotAResult),
        (r#"{"score":"seven"}"#, Unreadable::NotAResult),
        (r#"{"score":"NaN"}"#, Unreadable::NotAResult),
        (r#"{"score":"7/5"}"#, Unreadable::NotAResult),
    ] {
        assert_eq!(score(text), Err(expected), "{text}");
    }
}

#[test]
fn choices_are_read() {
    for (text, expected) in [
        (r#"{"reason":"r","winner":"1"}"#, Ok(Choice::First)),
        (r#"{"winner":2}"#, Ok(Choice::Second)),
        (r#"{"winner":" Answer 2 "}"#, Ok(Choice::Second)),
        (r#"{"winner":"TIE"}"#, Ok(Choice::Tie)),
        (r#"{"winner":"both"}"#, Err(Unreadable::NotAResult)),
        (r#"{"winner":"12"}"#, Err(Unreadable::NotAResult)),
        (r#"{"winner":1.0}"#, Err(Unreadable::NotAResult)),
        (r#"{"score":7}"#, Err(Unreadable::NoResult)),
        ("I like both", Err(Unreadable::NoObject)),
    ] {
        assert_eq!(choice(text), expected, "{text}");
    }
}

#[test]
fn both_orders_have_to_agree() {
    use Choice::{First, Second, Tie};
    for (control_first, challenger_first, winner) in [
        (First, Second, Winner::Control),
        (Second, First, Winner::Challenger),
        (First, First, Winner::Tie),
        (Second, Second, Winner::Tie),
        (Tie, Tie, Winner::Tie),
        (First, Tie, Winner::Tie),
        (Tie, First, Winner::Tie),
        (Second, Tie, Winner::Tie),
        (Tie, Second, Winner::Tie),
    ] {
        assert_eq!(Winner::of(control_first, challenger_first), winner);
    }
}

#[test]
fn hostile_text_costs_little() {
    for piece in ["{", "{\"a\":", "{\"", "{\"a\":[", "\u{1F600}{"] {
        assert!(score(&piece.repeat(20_000)).is_err());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = (score(&text), choice(&text));
    }

    #[test]
    fn each_score_asked_for_is_read(points in 0_u8..=10, reason in "\\PC{0,40}") {
        let text = serde_json::json!({"reason": reason, "score": points}).to_string();
        prop_assert_eq!(score(&text), Ok(f64::from(points) / 10.0));
    }
}
