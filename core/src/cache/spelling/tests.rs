use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::format::WireFormat;
use crate::snapshot::samples::{cache_rules, semantic};

const BODY: &str = r#"{"model":"m","temperature":0.5,"messages":[{"role":"user","content":"hi"}]}"#;

fn intake(format: WireFormat, body: &str) -> Intake {
    Intake::read(format, Bytes::from(body.to_owned())).expect("a request")
}

fn chat(body: &str) -> Intake {
    intake(WireFormat::OpenAIChat, body)
}

#[test]
fn other_words_for_the_same_are_another_source_of_one_spelling() {
    let rules = cache_rules();
    let spaced = chat(&BODY.replace(':', ": "));
    assert_ne!(
        Spelling::source(&chat(BODY), &rules),
        Spelling::source(&spaced, &rules)
    );
    assert_eq!(Spelling::of(&chat(BODY), &rules), Spelling::of(&spaced, &rules));
    assert_eq!(
        Spelling::of(&spaced, &rules).expect("one reading").temperature,
        Some(0.5)
    );
}

#[test]
fn whatever_changes_a_spelling_changes_its_source() {
    let rules = cache_rules();
    let member = |name: &str| KeyPart::Member(name.into());
    let with = |include: &[&str], exclude: &[&str]| {
        let mut rules = cache_rules();
        rules.key.include = include.iter().map(|name| member(name)).collect();
        rules.key.exclude = exclude.iter().map(|name| Arc::from(*name)).collect();
        rules
    };
    let by_meaning = CacheRules {
        semantic: Some(semantic("p")),
        ..cache_rules()
    };
    let sources = [
        Spelling::source(&chat(BODY), &rules),
        Spelling::source(&chat(&BODY.replace("hi", "ho")), &rules),
        Spelling::source(&intake(WireFormat::AnthropicMessages, BODY), &rules),
        Spelling::source(&chat(BODY), &by_meaning),
        Spelling::source(&chat(BODY), &with(&["user"], &[])),
        Spelling::source(&chat(BODY), &with(&[], &["user"])),
        Spelling::source(&chat(BODY), &with(&["user"], &["metadata"])),
        Spelling::source(&chat(BODY), &with(&["user", "metadata"], &[])),
    ];
    for (place, source) in sources.iter().enumerate() {
        assert!(
            !sources[..place].contains(source),
            "{place} has the source of another"
        );
    }
}

#[test]
fn the_question_is_read_where_the_policy_looks_by_meaning() {
    let by_meaning = CacheRules {
        semantic: Some(semantic("p")),
        ..cache_rules()
    };
    let question = Spelling::of(&chat(BODY), &by_meaning)
        .expect("one reading")
        .last_words;
    let question = question.expect("a question");
    assert_eq!((&*question.words, question.turns), ("hi", 1));
    let other = chat(&BODY.replace("hi", "ho"));
    let other = Spelling::of(&other, &by_meaning).expect("one reading").last_words;
    assert_eq!(other.expect("a question").around, question.around);
    let plain = Spelling::of(&chat(BODY), &cache_rules()).expect("one reading");
    assert_eq!(plain.last_words, None);
}

#[test]
fn two_readings_have_no_spelling() {
    let twice = chat(r#"{"model":"m","messages":[{"role":"user","content":"hi","content":"ho"}]}"#);
    assert_eq!(Spelling::of(&twice, &cache_rules()), Err(Ambiguous));
}
