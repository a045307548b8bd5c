use super::*;
use crate::client_error::malformed;
use crate::snapshot::samples::cache_rules;

fn tally(finish: Finish) -> Tally {
    Tally {
        content: true,
        ended: true,
        finishes: vec![finish],
        ..Tally::default()
    }
}

fn kept(tally: &Tally) -> Result<(), NotKept> {
    keep(&cache_rules(), tally, WireFormat::OpenAIChat, 10)
}

#[test]
fn a_whole_answer_is_kept() {
    assert_eq!(kept(&tally(Finish::Stop)), Ok(()));
}

#[test]
fn nothing_else_is() {
    let cases = [
        (Finish::Length, NotKept::Truncated),
        (Finish::ContextWindow, NotKept::Truncated),
        (Finish::ContentFilter, NotKept::Filtered),
        (Finish::Refusal, NotKept::Refused),
        (Finish::Pause, NotKept::Paused),
        (Finish::ToolCalls, NotKept::ToolCalls),
    ];
    for (finish, why) in cases {
        assert_eq!(kept(&tally(finish)), Err(why), "{finish:?}");
        let mut second = tally(Finish::Stop);
        second.finishes.push(finish);
        assert_eq!(kept(&second), Err(why), "the second choice: {finish:?}");
    }
}

#[test]
fn nor_is_one_that_says_nothing_whole() {
    let good = || tally(Finish::Stop);
    let cases = [
        (
            Tally {
                fault: Some(malformed("x")),
                ..good()
            },
            NotKept::Error,
        ),
        (
            Tally {
                ended: false,
                ..good()
            },
            NotKept::Cut,
        ),
        (
            Tally {
                finishes: Vec::new(),
                ..good()
            },
            NotKept::Cut,
        ),
        (
            Tally {
                refused: true,
                ..good()
            },
            NotKept::Refused,
        ),
        (
            Tally {
                content: false,
                ..good()
            },
            NotKept::Empty,
        ),
        (
            Tally {
                tool_calls: 1,
                ..good()
            },
            NotKept::ToolCalls,
        ),
    ];
    for (tally, why) in cases {
        assert_eq!(kept(&tally), Err(why), "{tally:?}");
    }
    let rules = cache_rules();
    let long = keep(&rules, &good(), WireFormat::OpenAIChat, rules.max_entry_bytes + 1);
    assert_eq!(long, Err(NotKept::TooLarge));
}

#[test]
fn tool_calls_are_kept_where_the_policy_says_so() {
    let mut rules = cache_rules();
    rules.tool_calls = ToolCalls::Keep;
    let calls = Tally {
        tool_calls: 1,
        ..tally(Finish::ToolCalls)
    };
    assert_eq!(keep(&rules, &calls, WireFormat::OpenAIChat, 10), Ok(()));
}
