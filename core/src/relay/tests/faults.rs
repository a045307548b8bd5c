use super::*;
use crate::outcome::Class;

const TEXT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

/// An error under 200 as each provider sends it; its class and status.
const ERRORS: [(WireFormat, &str, Class, u16); 6] = [
    (
        OPENAI,
        "event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":\"tool_use_failed\",\"status_code\":400}}\n\n",
        Class::Caller,
        400,
    ),
    (
        OPENAI,
        "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"m\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\ndata: [DONE]\n\n",
        Class::ServerError,
        503,
    ),
    (
        OPENAI,
        "data: {\"error\":{\"message\":\"m\",\"type\":\"rate_limit_error\"}}\n\n",
        Class::RateLimited,
        429,
    ),
    (
        OPENAI,
        "event: error\ndata: {\"message\":\"m\"}\n\n",
        Class::ServerError,
        502,
    ),
    (
        ANTHROPIC,
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}\n\n",
        Class::ServerError,
        529,
    ),
    (
        GEMINI,
        "data: {\"error\": {\"code\": 503,\"message\": \"m\",\"status\": \"UNAVAILABLE\"}}\r\n\r\n",
        Class::ServerError,
        503,
    ),
];

#[test]
fn an_error_under_200_is_seen_and_passes_as_it_is() {
    for (format, stream, class, status) in ERRORS {
        let (out, tally) = Trip::stream(format, format).run(stream);
        let fault = tally.fault.expect(stream);
        assert_eq!((out.as_str(), fault.class, fault.status), (stream, class, status));
        assert!(!tally.content);
    }
}

#[test]
fn an_error_under_200_is_not_translated_into_an_end() {
    for (format, stream, ..) in ERRORS {
        let other = if format == OPENAI { ANTHROPIC } else { OPENAI };
        let (out, tally) = Trip::stream(format, other).run(stream);
        assert!(tally.fault.is_some());
        for end in [
            "[DONE]",
            "message_stop",
            "message_delta",
            "finish_reason\":\"",
            "error",
        ] {
            assert!(!out.contains(end), "{end} in {out}");
        }
    }
}

#[test]
fn an_answer_that_breaks_off_gets_no_end() {
    for to in [OPENAI, ANTHROPIC] {
        let (out, tally) =
            Trip::stream(OPENAI, to).run(&format!("{TEXT}data: {{\"choices\":[{{\"index\":0,"));
        assert!(!tally.ended && tally.fault.is_none() && tally.content);
        assert!(!out.contains("[DONE]") && !out.contains("message_stop"), "{out}");
        if to == OPENAI {
            assert_eq!(out, TEXT, "half a frame is kept back");
        }
    }
    let unterminated = TEXT.trim_end();
    let (out, tally) = Trip::stream(OPENAI, OPENAI).run(unterminated);
    assert!(!tally.ended);
    assert_eq!(out, TEXT, "an error event can follow on it");
}

#[test]
fn a_whole_answer_that_breaks_off_gives_nothing() {
    let trip = Trip {
        to: (ANTHROPIC, Framing::Whole),
        ..Trip::stream(OPENAI, ANTHROPIC)
    };
    assert_eq!(trip.run(TEXT).0, "");
}

#[test]
fn an_empty_end_is_empty() {
    let (_, tally) = Trip::stream(OPENAI, OPENAI).run("data: [DONE]\n\n");
    assert!(tally.ended && !tally.content && tally.fault.is_none());
    let silent = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let (_, tally) = Trip::stream(OPENAI, OPENAI).run(silent);
    assert!(tally.ended && !tally.content);
}

#[test]
fn what_is_not_the_providers_format_is_malformed() {
    for body in [
        "data: not json\n\n",
        "<html>\n<body>\n\n</body>",
        "data: [1,2\n\n",
    ] {
        for format in [OPENAI, ANTHROPIC] {
            let (_, tally) = Trip::stream(format, format).run(body);
            assert_eq!(
                tally.fault.map(|fault| fault.class),
                Some(Class::Malformed),
                "{body}"
            );
        }
    }
    for body in ["", "<html>", "{\"choices\":", "{}"] {
        let trip = Trip {
            from: (OPENAI, Framing::Whole),
            ..Trip::stream(OPENAI, OPENAI)
        };
        let (out, tally) = trip.run(body);
        assert_eq!(
            tally.fault.map(|fault| fault.class),
            Some(Class::Malformed),
            "{body}"
        );
        assert_eq!(out, "");
    }
}

#[test]
fn an_endless_frame_ends_the_relay() {
    let mut relay = Trip::stream(OPENAI, OPENAI).relay();
    let chunk = Bytes::from(vec![b'x'; 1 << 20]);
    for _ in 0..20 {
        assert!(relay.push(chunk.clone(), &|_, _| None).is_empty());
    }
    assert_eq!(
        relay.tally().fault.as_ref().map(|fault| fault.class),
        Some(Class::Malformed)
    );
    assert!(
        relay
            .push(Bytes::from_static(TEXT.as_bytes()), &|_, _| None)
            .is_empty()
    );
    assert!(relay.finish(&|_, _| None).is_empty());
}

#[test]
fn a_cut_is_told_in_the_clients_format() {
    let fault = Fault {
        class: Class::Cut,
        status: 502,
        code: None,
        message: String::from("broke off"),
    };
    let openai = Trip::stream(ANTHROPIC, OPENAI).relay().cut(&fault);
    let error = r#"{"error":{"message":"broke off","type":"server_error","param":null,"code":null}}"#;
    assert_eq!(openai, format!("data: {error}\n\n"));
    let anthropic = Trip::stream(OPENAI, ANTHROPIC).relay().cut(&fault);
    let error = r#"{"type":"error","error":{"type":"api_error","message":"broke off"}}"#;
    assert_eq!(anthropic, format!("event: error\ndata: {error}\n\n"));
    let whole = Trip {
        to: (OPENAI, Framing::Whole),
        ..Trip::stream(OPENAI, OPENAI)
    };
    assert!(whole.relay().cut(&fault).is_empty());
}

#[test]
fn an_error_that_passed_is_not_told_again() {
    for (format, stream, ..) in ERRORS {
        let other = if format == OPENAI { ANTHROPIC } else { OPENAI };
        for to in [format, other] {
            let mut relay = Trip::stream(format, to).relay();
            relay.push(Bytes::from_static(stream.as_bytes()), &|_, _| None);
            let fault = relay.tally().fault.clone().expect(stream);
            let plain = stream.contains("data: {\"message\"");
            assert_eq!(relay.cut(&fault).is_empty(), to == format && !plain, "{stream}");
        }
    }
}
