use proptest::prelude::*;
use serde_json::json;

use super::*;

fn every_trip() -> Vec<(Trip, String)> {
    let sources = [
        ((OPENAI, Framing::Sse), OPENAI_STREAM.to_owned()),
        ((ANTHROPIC, Framing::Sse), ANTHROPIC_STREAM.to_owned()),
        ((RESPONSES, Framing::Sse), RESPONSES_STREAM.to_owned()),
        ((GEMINI, Framing::Sse), GEMINI_STREAM.to_owned()),
        ((GEMINI, Framing::JsonArray), gemini_list()),
    ];
    let targets = [
        (OPENAI, Framing::Sse),
        (OPENAI, Framing::Whole),
        (ANTHROPIC, Framing::Sse),
        (ANTHROPIC, Framing::Whole),
        (RESPONSES, Framing::Sse),
        (RESPONSES, Framing::Whole),
        (GEMINI, Framing::Sse),
        (GEMINI, Framing::JsonArray),
        (GEMINI, Framing::Whole),
    ];
    let mut trips = Vec::new();
    for (from, stream) in sources {
        for to in targets {
            // A list says what server-sent events say, and a whole body what a list says.
            let told = from.1 == Framing::JsonArray && to.1 == Framing::Whole;
            if told || from.0 != GEMINI && to.0 == GEMINI && to.1 != Framing::JsonArray {
                continue;
            }
            let trip = Trip {
                from,
                to,
                include_usage: false,
                priced: true,
            };
            trips.push((trip, stream.clone()));
        }
    }
    trips
}

#[test]
fn a_cut_at_any_byte_changes_nothing() {
    for (trip, stream) in every_trip() {
        let whole = trip.run(&stream);
        for at in 0..stream.len() {
            let (left, right) = stream.as_bytes().split_at(at);
            assert_eq!(trip.pieces([left, right]), whole, "cut at {at}");
        }
        assert_eq!(trip.pieces(stream.as_bytes().chunks(1)), whole, "byte by byte");
    }
}

#[test]
fn every_beginning_of_a_stream_is_told_truthfully() {
    for (trip, stream) in every_trip() {
        let bytes = stream.as_bytes();
        for at in 0..stream.len() {
            let (out, tally) = trip.pieces([&bytes[..at]]);
            let ends = [
                "data: [DONE]",
                "message_stop",
                "finishReason",
                "\n\nevent: response.completed",
            ]
            .iter()
            .any(|end| out.contains(end));
            assert!(tally.ended || !ends, "cut off at {at}: {out}");
            assert_eq!(tally.fault, None, "cut off at {at}");
        }
    }
}

/// A piece of a stream in the OpenAI format.
fn delta() -> impl Strategy<Value = serde_json::Value> {
    let text = "[a-z \"\\\\é\u{1F600}]{0,6}";
    prop_oneof![
        4 => text.prop_map(|text| json!({"content": text})),
        1 => text.prop_map(|text| json!({"reasoning": text})),
        1 => (0..3_u32).prop_map(|n| json!({"tool_calls": [
            {"index": n, "id": format!("id{n}"), "type": "function", "function": {"name": "f", "arguments": ""}},
        ]})),
        2 => (0..3_u32, "[0-9]{1,3}").prop_map(|(n, number)| json!({"tool_calls": [
            {"index": n, "id": format!("id{n}"), "function": {"name": "f", "arguments": format!("{{\"n\":1{number}}}")}},
        ]})),
    ]
}

fn stream_of(deltas: &[serde_json::Value], finish: &str) -> String {
    use std::fmt::Write as _;
    let mut stream = String::new();
    for delta in deltas {
        let chunk = json!({"id": "x", "model": "m", "created": 5, "choices": [{"index": 0, "delta": delta}]});
        write!(stream, "data: {chunk}\n\n").expect("a string");
    }
    let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
    write!(stream, "data: {last}\n\ndata: [DONE]\n\n").expect("a string");
    stream
}

proptest! {
    #[test]
    fn streamed_and_whole_agree(
        deltas in prop::collection::vec(delta(), 0..12),
        finish in prop::sample::select(vec!["stop", "length", "tool_calls", "content_filter"]),
        cut in 1..200_usize,
    ) {
        let stream = stream_of(&deltas, finish);
        for to in [OPENAI, ANTHROPIC, RESPONSES, GEMINI] {
            let whole = Trip { to: (to, Framing::Whole), priced: true, ..Trip::stream(OPENAI, to) };
            let (body, tally) = whole.pieces(stream.as_bytes().chunks(cut));
            // The stream that a client gets, put together by the relay of a second gateway.
            let streamed = if to == OPENAI { stream.clone() } else { Trip::stream(OPENAI, to).run(&stream).0 };
            let again = Trip { to: (to, Framing::Whole), priced: true, ..Trip::stream(to, to) };
            let (second, second_tally) = again.run(&streamed);
            prop_assert_eq!(blocks(&second), blocks(&body));
            prop_assert_eq!(second_tally.text, tally.text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(noise in prop::collection::vec(any::<u8>(), 0..200), cut in 1..50_usize) {
        for (trip, stream) in every_trip() {
            let mut bytes = stream.as_bytes().to_vec();
            let at = noise.len() % bytes.len();
            bytes.splice(at..at, noise.iter().copied());
            let (mut relay, cost) = (trip.relay(), trip.cost());
            for piece in bytes.chunks(cut) {
                relay.push(Bytes::copy_from_slice(piece), &cost);
            }
            relay.finish(&cost);
        }
    }
}

/// A body for comparison. Blocks of one kind that held-back calls parted may stand together or apart: texts and calls
/// are compared, each in its order.
fn blocks(body: &str) -> serde_json::Value {
    let mut body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    if let Some(parts) = body["candidates"][0]["content"]["parts"].as_array().cloned() {
        let of = |thought: bool| {
            let texts = parts
                .iter()
                .filter(|part| (part["thought"] == true) == thought)
                .filter_map(|part| part["text"].as_str());
            texts.collect::<String>()
        };
        let calls: Vec<_> = parts.iter().map(|part| part["functionCall"].clone()).collect();
        let calls: Vec<_> = calls.into_iter().filter(|call| !call.is_null()).collect();
        body["candidates"][0]["content"] = json!([of(false), of(true), calls]);
        return body;
    }
    let Some(content) = body["content"].as_array().cloned() else {
        return body;
    };
    let of = |kind: &str, member: &str| {
        let texts = content
            .iter()
            .filter(|block| block["type"] == kind)
            .filter_map(|block| block[member].as_str());
        texts.collect::<String>()
    };
    let calls: Vec<_> = content
        .iter()
        .filter(|block| block["type"] == "tool_use")
        .cloned()
        .collect();
    body["content"] = json!([of("text", "text"), of("thinking", "thinking"), calls]);
    body
}
