//! Streams that are a list which grows.

use serde_json::Value;

use super::*;
use crate::outcome::Class;

fn list(to: (WireFormat, Framing)) -> Trip {
    Trip {
        from: (GEMINI, Framing::JsonArray),
        to,
        include_usage: true,
        priced: false,
    }
}

const LIST: (WireFormat, Framing) = (GEMINI, Framing::JsonArray);

#[test]
fn a_list_passes_byte_for_byte() {
    let body = gemini_list();
    let (out, tally) = list(LIST).run(&body);
    assert_eq!(out, body);
    assert!(tally.ended && tally.fault.is_none());
    assert_eq!((tally.text.as_str(), tally.events), ("Grüße", 4));
    assert_eq!(
        tally,
        Trip::stream(GEMINI, GEMINI).run(GEMINI_STREAM).1,
        "says the same as server-sent events"
    );
}

#[test]
fn the_cost_is_told_in_the_item_that_ends_the_answer() {
    let trip = Trip {
        priced: true,
        ..list(LIST)
    };
    let (out, _) = trip.run(&gemini_list());
    let items: Vec<Value> = serde_json::from_str(&out).expect("a list");
    let costs = items.iter().map(|item| item["usageMetadata"]["cost"].as_f64());
    assert_eq!(costs.collect::<Vec<_>>(), [None, None, None, Some(0.000_012_5)]);
}

/// However a list breaks off, what the client gets is a list whose last item tells the error.
#[test]
fn a_list_that_breaks_off_anywhere_is_closed_by_the_error() {
    let fault = malformed("broken");
    for (from, body) in [
        ((GEMINI, Framing::JsonArray), gemini_list()),
        ((GEMINI, Framing::Sse), GEMINI_STREAM.to_owned()),
        ((OPENAI, Framing::Sse), OPENAI_STREAM.to_owned()),
    ] {
        let trip = Trip { from, ..list(LIST) };
        let mut closed = 0;
        for at in 0..body.len() {
            let (mut relay, cost) = (trip.relay(), trip.cost());
            let mut out = relay
                .push(Bytes::copy_from_slice(&body.as_bytes()[..at]), &cost)
                .to_vec();
            out.extend_from_slice(&relay.finish(&cost));
            if relay.tally().ended {
                continue;
            }
            out.extend_from_slice(&relay.cut(&fault));
            let text = String::from_utf8(out).expect("UTF-8");
            let items: Vec<Value> = serde_json::from_str(&text).expect(&text);
            let last = items.last().expect("an item");
            assert_eq!(last["error"]["message"], "broken", "cut at {at}");
            closed += 1;
        }
        assert!(closed > 100, "{from:?}");
    }
}

#[test]
fn an_error_in_a_list_is_an_error_however_it_is_framed() {
    let error = r#"{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}"#;
    let listed = format!("[{error}]\n");
    for body in [error, &listed] {
        let framing = Framing::detect(Some("text/event-stream"), body.as_bytes());
        let trip = |to| Trip {
            from: (GEMINI, framing),
            ..list(to)
        };
        for to in [
            LIST,
            (GEMINI, Framing::Sse),
            (OPENAI, Framing::Whole),
            (ANTHROPIC, Framing::Sse),
        ] {
            let (out, tally) = trip(to).run(body);
            let fault = tally.fault.expect("an error");
            assert_eq!((fault.class, fault.status), (Class::AuthFailed, 401));
            let passed = to == (GEMINI, framing);
            assert_eq!(out, if passed { body } else { "" }, "{to:?}");
        }
    }
}

#[test]
fn what_is_no_list_of_answers_is_malformed() {
    for body in ["[1, 2]", "[{\"a\": nonsense}]", "[{\"candidates\": [{]}]"] {
        let (_, tally) = list((OPENAI, Framing::Sse)).run(body);
        assert!(!tally.ended, "{body}");
        assert!(tally.fault.is_some() || tally.events == 0, "{body}");
    }
    let (_, tally) = list(LIST).run("[]");
    assert!(!tally.ended && !tally.content);
}
