use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::chat::Content;
use crate::event::Event;
use crate::format::answer::Answer;
use crate::format::openai_chat::Reader;
use crate::format::reading::Read as _;
use crate::format::sample;
use crate::format::writing::{Bill, Setting, Write as _};
use crate::vendor::Vendor;

fn streamed(events: &[Event<'_>], bill: Bill, include_usage: bool) -> String {
    let setting = Setting {
        include_usage,
        ..sample::setting()
    };
    let mut writer = StreamWriter::new(setting);
    sample::written(|out| {
        for event in events {
            writer.write(event, out).expect("short");
        }
        writer.end(bill, out);
    })
}

fn whole(events: &[Event<'_>]) -> String {
    let mut answer = Answer::default();
    for event in events {
        answer.take(event).expect("short");
    }
    sample::pretty(&sample::written(|out| {
        write_whole(&answer, &sample::setting(), sample::bill(), out);
    }))
}

#[test]
fn text_and_nothing_else_is_streamed() {
    insta::assert_snapshot!(streamed(&sample::everything(), sample::bill(), true));
}

#[test]
fn usage_that_nobody_asked_for_is_not_told() {
    let stream = streamed(&sample::refusal(), sample::bill(), false);
    assert!(!stream.contains("usage"), "{stream}");
    insta::assert_snapshot!(stream);
}

#[test]
fn text_and_nothing_else_is_written() {
    insta::assert_snapshot!(format!(
        "{}\n{}",
        whole(&sample::everything()),
        whole(&sample::refusal())
    ));
}

#[test]
fn an_answer_without_a_word_is_still_an_answer() {
    insta::assert_snapshot!(format!("{}{}", streamed(&[], Bill::default(), true), whole(&[])));
}

#[test]
fn many_prompts_have_many_choices() {
    let mut reader = Reader::of_completions(Vendor::named("OpenAI").expect("a row").quirks);
    let choices: Vec<_> = (0..5000)
        .map(|index| json!({"index": index, "text": "a", "finish_reason": "length"}))
        .collect();
    let mut answer = json!({"id": "c", "model": "m", "choices": choices, "usage": {"prompt_tokens": 1}});
    let events = sample::told(|sink| {
        reader
            .read_whole(answer.to_string().as_bytes(), sink)
            .expect("an answer");
    });
    let texts = events.iter().filter(|event| event.starts_with("text"));
    let errors = events.iter().filter(|event| event.starts_with("error"));
    assert_eq!((texts.count(), errors.count()), (4096, 5000 - 4096));
    answer["choices"] = json!([{"index": 1, "text": "b"}, {"text": "c", "finish_reason": "content_filter"}]);
    let events = sample::told(|sink| {
        let mut reader = Reader::of_completions(Vendor::named("OpenAI").expect("a row").quirks);
        reader
            .read(b"", answer.to_string().as_bytes(), sink)
            .expect("an answer");
        reader.end(sink);
    });
    insta::assert_debug_snapshot!(events);
}

#[test]
fn a_prompt_is_what_the_user_says() {
    let body = json!({
        "model": "m", "prompt": ["Once"], "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "n": 2, "seed": 1,
        "stop": "x", "presence_penalty": 1, "frequency_penalty": 2, "user": "u", "stream": true,
        "stream_options": {"include_usage": true}, "echo": true, "best_of": 3, "suffix": "end", "logprobs": 0,
        "logit_bias": {"1": 1},
    })
    .to_string();
    insta::assert_debug_snapshot!(decode(&body).expect("a request"));
}

#[test]
fn defaults_are_no_loss() {
    let body = r#"{"model":"m","prompt":"a","echo":false,"best_of":1,"suffix":"","logprobs":null}"#;
    let request = decode(body).expect("a request");
    assert!(request.dropped.is_empty(), "{:?}", request.dropped);
    assert_eq!(request.max_tokens, Some(16));
    let [turn] = &request.turns[..] else {
        panic!("one turn")
    };
    assert!(matches!(&turn.parts[0].content, Content::Text(text) if text == "a"));
}

#[test]
fn other_prompts_have_no_translation() {
    for (prompt, problem) in [
        (
            json!(["a", "b"]),
            "`prompt` has 2 prompts; send this model one in a request",
        ),
        (
            json!([]),
            "`prompt` has 0 prompts; send this model one in a request",
        ),
        (
            json!([1, 2]),
            "`prompt` holds tokens, which only one model can read; send text to this model",
        ),
        (
            json!([[1, 2]]),
            "`prompt` holds tokens, which only one model can read; send text to this model",
        ),
        (
            json!([true]),
            "`prompt[0]` is a boolean; send text in valid Unicode",
        ),
        (json!({}), "`prompt` is an object; send text"),
        (Value::Null, "`prompt` is missing; send the text to complete"),
    ] {
        let body = json!({"model": "m", "prompt": prompt}).to_string();
        assert_eq!(decode(&body).expect_err("refused").message, problem);
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(name in "(prompt|stop|n|best_of|echo|suffix|logprobs|stream)", value in any::<Option<i32>>(), list in any::<bool>()) {
        let value = if list { json!([value]) } else { json!(value) };
        let mut body = json!({"model": "m", "prompt": "a"});
        body[name] = value;
        let _ = decode(&body.to_string());
    }
}
