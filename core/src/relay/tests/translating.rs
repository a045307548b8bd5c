use super::*;

/// The data of each frame, for reading at a glance.
fn data(stream: &str) -> Vec<serde_json::Value> {
    let lines = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]");
    lines
        .map(|data| serde_json::from_str(data).expect(data))
        .collect()
}

#[test]
fn openai_becomes_anthropic() {
    insta::assert_snapshot!(
        Trip {
            priced: true,
            ..Trip::stream(OPENAI, ANTHROPIC)
        }
        .run(OPENAI_STREAM)
        .0
    );
}

#[test]
fn anthropic_becomes_openai() {
    insta::assert_snapshot!(
        Trip {
            priced: true,
            ..Trip::stream(ANTHROPIC, OPENAI)
        }
        .run(ANTHROPIC_STREAM)
        .0
    );
}

#[test]
fn gemini_becomes_openai_and_openai_gemini() {
    let there = Trip {
        priced: true,
        ..Trip::stream(GEMINI, OPENAI)
    };
    let back = Trip {
        priced: true,
        ..Trip::stream(OPENAI, GEMINI)
    };
    insta::assert_snapshot!([there.run(GEMINI_STREAM).0, back.run(OPENAI_STREAM).0].concat());
}

#[test]
fn framing_changes_within_a_format() {
    let whole = |format, stream: &str| {
        let trip = Trip {
            to: (format, Framing::Whole),
            ..Trip::stream(format, format)
        };
        trip.run(stream).0
    };
    for (format, stream) in [
        (OPENAI, OPENAI_STREAM),
        (ANTHROPIC, ANTHROPIC_STREAM),
        (GEMINI, GEMINI_STREAM),
    ] {
        let body = whole(format, stream);
        let back = Trip {
            from: (format, Framing::Whole),
            ..Trip::stream(format, format)
        };
        let (again, tally) = back.run(&body);
        assert!(tally.ended);
        assert_eq!(whole(format, &again), body);
    }
}

#[test]
fn usage_after_the_reason_is_waited_for() {
    let stream = concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}\n\n",
        "data: [DONE]\n\n",
    );
    let (out, _) = Trip::stream(OPENAI, ANTHROPIC).run(stream);
    let ends: Vec<_> = data(&out)
        .into_iter()
        .filter(|frame| frame["type"] == "message_delta")
        .collect();
    assert_eq!(ends.len(), 1);
    assert_eq!(
        (
            &ends[0]["usage"]["input_tokens"],
            &ends[0]["delta"]["stop_reason"]
        ),
        (&5.into(), &"end_turn".into())
    );
}

#[test]
fn an_end_without_its_mark_gets_one() {
    let stream =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"length\"}]}";
    let (out, tally) = Trip::stream(OPENAI, ANTHROPIC).run(stream);
    assert!(
        tally.ended && out.ends_with("data: {\"type\":\"message_stop\"}\n\n"),
        "{out}"
    );
    assert!(out.contains("max_tokens"));
}

#[test]
fn a_missing_reason_is_derived() {
    let call = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}}]}\n\ndata: [DONE]\n\n";
    let (out, tally) = Trip::stream(OPENAI, ANTHROPIC).run(call);
    assert!(out.contains("\"stop_reason\":\"tool_use\""), "{out}");
    assert_eq!(
        (tally.finish, tally.ended, tally.whole_tool_calls),
        (None, true, 1)
    );
}

#[test]
fn comments_are_dropped_and_a_named_model_is_kept() {
    let (out, _) = Trip::stream(OPENAI, ANTHROPIC).run(": OPENROUTER PROCESSING\n\n");
    assert_eq!(out, "");
    let (out, _) = Trip::stream(OPENAI, ANTHROPIC).run("data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
    assert_eq!(data(&out)[0]["message"]["model"], "asked-for");
}

#[test]
fn a_whole_answer_can_be_streamed_to_a_client_of_the_other_format() {
    let body = r#"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],
        "usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let trip = Trip {
        from: (OPENAI, Framing::Whole),
        ..Trip::stream(OPENAI, ANTHROPIC)
    };
    let (out, _) = trip.run(body);
    assert_eq!(
        data(&out)[0]["message"]["usage"]["input_tokens"],
        3,
        "known when the message opens"
    );
    assert!(out.ends_with("{\"type\":\"message_stop\"}\n\n"));
}

#[test]
fn anthropics_refusals_pauses_and_limits_have_openai_words() {
    for (reason, expected) in [
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("model_context_window_exceeded", "length"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop"),
    ] {
        let body = format!(
            r#"{{"type":"message","content":[{{"type":"text","text":"a"}}],"stop_reason":"{reason}","usage":{{}}}}"#
        );
        let trip = Trip {
            from: (ANTHROPIC, Framing::Whole),
            to: (OPENAI, Framing::Whole),
            ..Trip::stream(ANTHROPIC, OPENAI)
        };
        let (out, tally) = trip.run(&body);
        let answer: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(answer["choices"][0]["finish_reason"], expected);
        assert_eq!(tally.refused, reason == "refusal");
    }
}

#[test]
fn the_writers_samples_are_read_back() {
    for events in [sample::everything(), sample::refusal()] {
        let mut writer = crate::format::openai_chat::StreamWriter::new(sample::setting());
        let stream = sample::written(|out| {
            for event in &events {
                writer.write(event, out).expect("short");
            }
            writer.end(sample::bill(), out);
        });
        let (_, tally) = Trip::stream(OPENAI, OPENAI).run(&stream);
        assert!(tally.ended && tally.fault.is_none());
        assert_eq!(tally.report.map(|report| report.usage.output), Some(50));
        let expected = if tally.refused {
            Finish::Refusal
        } else {
            Finish::ToolCalls
        };
        assert_eq!(tally.finish, Some(expected));
    }
}
