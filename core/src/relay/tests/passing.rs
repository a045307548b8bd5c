use super::*;

#[test]
fn one_chunk_leaves_as_the_same_bytes() {
    for (format, stream) in [
        (OPENAI, OPENAI_STREAM),
        (ANTHROPIC, ANTHROPIC_STREAM),
        (GEMINI, GEMINI_STREAM),
    ] {
        let chunk = Bytes::from_static(stream.as_bytes());
        let mut relay = Trip::stream(format, format).relay();
        let out = relay.push(chunk.clone(), &|_, _| None);
        if format == GEMINI {
            // It has no mark of its own at its end.
            assert!(!relay.tally().ended && relay.finish(&|_, _| None).is_empty());
        }
        assert_eq!(
            (out.as_ptr(), out.len()),
            (chunk.as_ptr(), chunk.len()),
            "not even copied"
        );
        let tally = relay.tally();
        assert!(tally.ended && tally.content && tally.fault.is_none());
        assert_eq!(
            (tally.text.as_str(), tally.finish),
            ("Grüße", Some(Finish::ToolCalls))
        );
        assert_eq!(tally.whole_tool_calls, if format == ANTHROPIC { 1 } else { 2 });
        let usage = tally.report.expect("usage").usage;
        assert_eq!((usage.input, usage.output), (9, 4));
    }
}

#[test]
fn comments_and_pings_are_no_events() {
    let (_, tally) = Trip::stream(OPENAI, OPENAI).run(": a\n\n: b\n\ndata: {\"choices\":[]}\n\n");
    assert_eq!(tally.events, 1);
    let (_, tally) = Trip::stream(ANTHROPIC, ANTHROPIC).run(ANTHROPIC_STREAM);
    assert_eq!(tally.events, 9);
}

#[test]
fn usage_that_nobody_asked_for_is_left_out() {
    let trip = Trip {
        include_usage: false,
        ..Trip::stream(OPENAI, OPENAI)
    };
    let (out, tally) = trip.run(OPENAI_STREAM);
    let usage_frame = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13}}\n\n";
    assert_eq!(out, OPENAI_STREAM.replace(usage_frame, ""));
    assert!(tally.report.is_some());
    for kept in [
        // Azure's first chunk.
        "data: {\"choices\":[],\"prompt_filter_results\":[],\"id\":\"\",\"model\":\"\"}\n\n",
        // Mistral's last one.
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
    ] {
        assert_eq!(trip.run(kept).0, kept);
    }
}

#[test]
fn the_cost_is_told_beside_usage() {
    let trip = |format| Trip {
        priced: true,
        ..Trip::stream(format, format)
    };
    let (out, _) = trip(OPENAI).run(OPENAI_STREAM);
    assert_eq!(
        out,
        OPENAI_STREAM.replace("\"usage\":{", "\"usage\":{\"cost\":0.0000125,")
    );
    let (out, _) = trip(ANTHROPIC).run(ANTHROPIC_STREAM);
    let (head, end) = ANTHROPIC_STREAM
        .split_once("event: message_delta")
        .expect("has one");
    let end = end.replace("\"usage\":{", "\"usage\":{\"cost\":0.0000125,");
    assert_eq!(
        out,
        format!("{head}event: message_delta{end}"),
        "not in message_start"
    );
}

#[test]
fn a_cost_that_is_there_stays_and_an_empty_usage_is_no_trap() {
    let trip = Trip {
        priced: true,
        ..Trip::stream(OPENAI, OPENAI)
    };
    let told = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"cost\": 0.5}}\n\n";
    assert_eq!(trip.run(told).0, told);
    let (out, _) = trip.run("data: {\"choices\":[],\"usage\": { }}\n\n");
    assert_eq!(out, "data: {\"choices\":[],\"usage\": {\"cost\":0.0000125 }}\n\n");
    let lines = "data: {\"choices\":[],\ndata: \"usage\":{\"prompt_tokens\":1}}\n\n";
    assert_eq!(trip.run(lines).0, lines, "data on several lines are left alone");
}

#[test]
fn a_stream_without_an_end_mark_passes_as_it_is() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\r\n\r\n";
    let (out, tally) = Trip::stream(OPENAI, OPENAI).run(stream);
    assert_eq!(
        (out.as_str(), tally.ended, tally.finish),
        (stream, true, Some(Finish::Stop))
    );
    let (out, tally) = Trip::stream(OPENAI, OPENAI).run(stream.trim_end());
    assert_eq!(
        (out.as_str(), tally.ended),
        (stream.trim_end(), true),
        "nor does its last frame need a blank line"
    );
}

#[test]
fn a_whole_body_passes_byte_for_byte() {
    let body = r#"{ "choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}], "usage":{"prompt_tokens":1} }"#;
    let way = (OPENAI, Framing::Whole);
    let trip = Trip {
        from: way,
        to: way,
        include_usage: false,
        priced: true,
    };
    let (out, tally) = trip.pieces(body.as_bytes().chunks(7));
    assert_eq!(out, body);
    assert!(tally.ended && tally.content);
    assert_eq!(tally.events, 1);
}

#[test]
fn embeddings_are_read_for_their_usage() {
    let way = (WireFormat::OpenAIEmbeddings, Framing::Whole);
    let trip = Trip {
        from: way,
        to: way,
        include_usage: false,
        priced: true,
    };
    let body = r#"{"object":"list","data":[{"embedding":[0.1,-2]}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    let (out, tally) = trip.run(body);
    assert_eq!((out.as_str(), tally.ended, tally.content), (body, true, true));
    assert_eq!(
        (
            tally.model.as_deref(),
            tally.report.map(|report| report.usage.input)
        ),
        (Some("e"), Some(8))
    );
    let (_, empty) = trip.run(r#"{"data":[],"model":"e"}"#);
    assert!(!empty.content);
    let (_, broken) = trip.run(r#"{"error":{"message":"m","type":"server_error"}}"#);
    assert!(broken.fault.is_some());
}
