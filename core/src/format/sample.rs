//! Events for the tests of readers and writers.

use bytes::BytesMut;
use proptest::prelude::*;

use super::writing::{Bill, Setting};
use crate::chat::proof::{Origin, Proof};
use crate::event::citation::{Citation, Source};
use crate::event::logprobs::{Candidate, TokenLogprob};
use crate::event::{Event, Fault, Finish, Start};
use crate::money::Ticks;
use crate::usage::{Report, ServiceTier, Usage};

pub(crate) fn setting() -> Setting {
    Setting {
        model: String::from("asked-for"),
        created: 1_700_000_000,
        include_usage: true,
    }
}

pub(crate) fn report() -> Report {
    let usage = Usage {
        input: 10,
        cache_read: 200,
        cache_write_5m: 30,
        cache_write_1h: 4,
        output: 50,
        reasoning: 20,
        ..Usage::default()
    };
    Report {
        usage,
        billed: None,
        tier: Some(ServiceTier::Standard),
    }
}

pub(crate) fn bill() -> Bill {
    Bill {
        report: Some(report()),
        cost: Some(Ticks::new(125_000)),
    }
}

pub(crate) fn start() -> Event<'static> {
    Event::Start(Start {
        id: "id-1".into(),
        model: "served".into(),
        created: Some(1_800_000_000),
    })
}

pub(crate) fn text(choice: u32, text: &'static str) -> Event<'static> {
    Event::Text {
        choice,
        text: text.into(),
    }
}

pub(crate) fn call(slot: u32, id: &'static str, name: &'static str) -> Event<'static> {
    Event::ToolCall {
        choice: 0,
        slot,
        id: id.into(),
        name: name.into(),
    }
}

pub(crate) fn arguments(slot: u32, json: &'static str) -> Event<'static> {
    Event::ToolArguments {
        choice: 0,
        slot,
        json: json.into(),
    }
}

pub(crate) fn finish(choice: u32, reason: Finish) -> Event<'static> {
    Event::Finish {
        choice,
        reason,
        stop_sequence: None,
    }
}

/// One of everything: reasoning with its proof, text, two calls whose arguments interleave, one call without any.
pub(crate) fn everything() -> Vec<Event<'static>> {
    vec![
        start(),
        Event::Reasoning {
            choice: 0,
            text: "Let me ".into(),
        },
        Event::Reasoning {
            choice: 0,
            text: "think.".into(),
        },
        Event::ReasoningSignature {
            choice: 0,
            proof: Proof::new(Origin::Anthropic, "proof"),
        },
        Event::RedactedReasoning {
            choice: 0,
            proof: Proof::new(Origin::Anthropic, "secret"),
        },
        text(0, "Here "),
        text(0, "you \"are\"\n"),
        Event::Opaque { choice: 0 },
        call(0, "a", "add"),
        arguments(0, "{\"x\":"),
        call(1, "b", "none"),
        call(2, "c", "mul"),
        arguments(2, "{\"y\":2"),
        arguments(0, "1}"),
        arguments(2, "}"),
        finish(0, Finish::ToolCalls),
    ]
}

/// Text with its sources and the probabilities of its tokens.
pub(crate) fn cited() -> Vec<Event<'static>> {
    let cite = |source: Source, span| Event::Citation {
        choice: 0,
        citation: Box::new(Citation {
            source,
            cited: Some(String::from("words")),
            span,
        }),
    };
    let web = |title: Option<&str>| Source::Web {
        url: String::from("https://a.example/b"),
        title: title.map(str::to_owned),
    };
    let file = Source::Document {
        index: Some(0),
        title: Some(String::from("facts.txt")),
        file: None,
    };
    let candidate = |token: &str, logprob| Candidate {
        token: token.to_owned(),
        logprob,
        bytes: Some(token.as_bytes().to_vec()),
    };
    vec![
        start(),
        text(0, "Größe. "),
        cite(web(Some("B")), None),
        cite(file, None),
        text(0, "So"),
        Event::Logprobs {
            choice: 0,
            tokens: vec![TokenLogprob {
                chosen: candidate("So", -0.5),
                top: vec![candidate("So", -0.5), candidate("No", -1.25)],
            }],
        },
        cite(web(None), None),
        text(0, " it is."),
        cite(web(None), Some(0..5)),
        finish(0, Finish::Stop),
    ]
}

/// Two calls, the first with a signature of Google's.
pub(crate) fn google() -> Vec<Event<'static>> {
    vec![
        start(),
        Event::Reasoning {
            choice: 0,
            text: "Hm.".into(),
        },
        Event::ReasoningSignature {
            choice: 0,
            proof: Proof::new(Origin::Google, "sig"),
        },
        call(0, "a", "add"),
        arguments(0, "{}"),
        call(1, "b", "add"),
        arguments(1, "{}"),
        finish(0, Finish::ToolCalls),
    ]
}

/// A refusal in a text of its own, and a second choice.
pub(crate) fn refusal() -> Vec<Event<'static>> {
    vec![
        start(),
        Event::Refusal {
            choice: 0,
            text: "I will not.".into(),
        },
        text(1, "Well."),
        finish(0, Finish::Refusal),
        finish(1, Finish::Length),
    ]
}

/// Any JSON that is not too large.
pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(vec![
        "url",
        "title",
        "type",
        "content",
        "google",
        "token",
        "logprob",
        "bytes",
        "url_citation",
        "start_index",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "[a-z_]{0,9}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("url_citation")),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..4)
                .prop_map(|members| serde_json::json!(members)),
        ]
    })
}

/// What a reader tells, each event on a line.
pub(crate) fn told(read: impl FnOnce(&mut dyn FnMut(Event<'_>))) -> Vec<String> {
    let mut events = Vec::new();
    read(&mut |event| events.push(line(&event)));
    events
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Start(Start { id, model, .. }) => format!("start {id} {model}"),
        Event::Text { choice, text } => format!("text {choice} {text}"),
        Event::Reasoning { choice, text } => format!("reasoning {choice} {text}"),
        Event::ReasoningSignature { proof, .. } => format!("signature {}", proof.data),
        Event::RedactedReasoning { proof, .. } => format!("redacted {}", proof.data),
        Event::Citation { choice, citation } => format!("citation {choice} {citation:?}"),
        Event::Logprobs { choice, tokens } => format!("logprobs {choice} {}", tokens.len()),
        Event::ToolCall {
            choice,
            slot,
            id,
            name,
        } => format!("call {choice} {slot} {id} {name}"),
        Event::ToolArguments { choice, slot, json } => format!("arguments {choice} {slot} {json}"),
        Event::Refusal { text, .. } => format!("refusal {text}"),
        Event::Opaque { choice } => format!("opaque {choice}"),
        Event::Finish {
            choice,
            reason,
            stop_sequence,
        } => match stop_sequence {
            Some(sequence) => format!("finish {choice} {reason:?} {sequence}"),
            None => format!("finish {choice} {reason:?}"),
        },
        Event::Usage(report) => {
            let usage = report.usage;
            format!(
                "usage {}+{} out {} ({})",
                usage.input, usage.cache_read, usage.output, usage.reasoning
            )
        }
        Event::Error(Fault {
            class,
            status,
            message,
            ..
        }) => format!("error {class:?} {status} {message}"),
        Event::End => String::from("end"),
    }
}

/// What a writer writes.
pub(crate) fn written(write: impl FnOnce(&mut BytesMut)) -> String {
    let mut out = BytesMut::new();
    write(&mut out);
    String::from_utf8(out.to_vec()).expect("UTF-8")
}

/// A whole body, indented.
pub(crate) fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).expect(json);
    serde_json::to_string_pretty(&value).expect("JSON")
}
