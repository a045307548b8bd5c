use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

use super::*;
use crate::outcome::Class;

const TRIP: Trip = Trip {
    from: (WireFormat::BedrockConverse, Framing::EventStream),
    to: (OPENAI, Framing::Sse),
    include_usage: true,
    priced: false,
};

/// A message with these headers.
fn message(headers: &[(&'static str, &'static str)], payload: &'static str) -> Vec<u8> {
    let mut message = Message::new(payload.as_bytes());
    for (name, value) in headers {
        message = message.add_header(Header::new(*name, HeaderValue::String((*value).into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).expect("a message");
    bytes
}

fn event(kind: &'static str, payload: &'static str) -> Vec<u8> {
    message(&[(":event-type", kind), (":message-type", "event")], payload)
}

fn beginning() -> Vec<Vec<u8>> {
    vec![
        event("messageStart", r#"{"role":"assistant"}"#),
        event(
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
        ),
    ]
}

fn run(messages: &[Vec<u8>]) -> (String, Tally) {
    TRIP.pieces([&messages.concat()[..]])
}

#[test]
fn the_end_waits_for_usage() {
    let mut messages = beginning();
    messages.push(event("messageStop", r#"{"stopReason":"end_turn"}"#));
    let (mut relay, cost) = (TRIP.relay(), TRIP.cost());
    let out = relay.push(messages.concat().into(), &cost);
    assert!(!out.ends_with(b"data: [DONE]\n\n") && !relay.tally().ended);
    let metadata = event("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2}}"#);
    let out = relay.push(metadata.into(), &cost);
    assert!(out.ends_with(b"data: [DONE]\n\n") && relay.tally().ended);
    assert!(String::from_utf8_lossy(&out).contains("\"completion_tokens\":2"));
}

#[test]
fn an_exception_is_a_fault_and_no_end() {
    let exception = [
        (":message-type", "exception"),
        (":exception-type", "throttlingException"),
    ];
    let error = [
        (":message-type", "error"),
        (":error-code", "InternalFailure"),
        (":error-message", "m"),
    ];
    for (failure, class) in [
        (
            message(&exception, r#"{"message":"Too fast."}"#),
            Class::RateLimited,
        ),
        (message(&error, ""), Class::ServerError),
    ] {
        let mut messages = beginning();
        messages.push(failure);
        let (out, tally) = run(&messages);
        assert!(out.contains("Hi") && !out.contains("[DONE]"), "{out}");
        assert_eq!(tally.fault.map(|fault| fault.class), Some(class));
        assert!(!tally.ended);
    }
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    for cut in [1, 20] {
        let mut bytes = beginning().concat();
        bytes.truncate(bytes.len() - cut);
        let (out, tally) = TRIP.pieces([&bytes[..]]);
        assert!(!out.contains("[DONE]") && !tally.ended);
        assert_eq!(tally.fault, None);
    }
}

#[test]
fn a_wrong_check_sum_is_a_fault() {
    let mut bytes = beginning().concat();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let (_, tally) = TRIP.pieces([&bytes[..]]);
    assert_eq!(tally.fault.map(|fault| fault.class), Some(Class::Malformed));
}

#[test]
fn what_follows_a_broken_message_is_not_read() {
    let mut broken = event("metadata", "{}");
    if let Some(last) = broken.last_mut() {
        *last ^= 1;
    }
    let messages = [beginning().concat(), broken, beginning().concat()];
    let at_once = run(&messages);
    assert_eq!(
        at_once.1.fault.as_ref().map(|fault| fault.class),
        Some(Class::Malformed)
    );
    assert_eq!(TRIP.pieces(messages.iter().map(|message| &message[..])), at_once);
}

#[test]
fn what_follows_the_end_is_neither_written_nor_a_fault() {
    let mut messages = beginning();
    messages.push(event("messageStop", r#"{"stopReason":"end_turn"}"#));
    messages.push(event("metadata", "{}"));
    let whole = run(&messages);
    messages.extend(beginning());
    messages.push(event("metadata", "no JSON"));
    let longer = run(&messages);
    assert_eq!((longer.0, longer.1.fault), (whole.0, None));
}
