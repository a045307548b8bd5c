//! What a tally holds of an answer.

use serde_json::Value;
use wayleave_core::event::Finish;
use wayleave_core::relay::Tally;

use crate::recordings::api::Api;
use crate::recordings::said::{Call, Choice, Said, Usage, arguments};

/// The part of an answer that a tally holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tallied {
    text: String,
    refused: bool,
    whole_calls: u32,
    characters: u64,
    finish: Option<String>,
    usage: Option<Usage>,
    model: String,
}

pub(crate) fn of_tally(tally: &Tally) -> Tallied {
    let finish = tally.finish.map(|finish| match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
        Finish::Refusal => "refusal",
        Finish::Pause => "pause",
        Finish::ContextWindow => "context",
    });
    let usage = tally.report.map(|report| Usage {
        input: report.usage.input_total(),
        cache_read: report.usage.cache_read,
        cache_write: report.usage.cache_write_5m + report.usage.cache_write_1h,
        output: report.usage.output,
        reasoning: report.usage.reasoning,
    });
    Tallied {
        text: tally.text.clone(),
        refused: tally.refused,
        whole_calls: tally.whole_tool_calls,
        characters: tally.characters,
        finish: finish.map(str::to_owned),
        usage,
        model: tally.model.clone().unwrap_or_default(),
    }
}

pub(crate) fn for_tally(api: Api, said: &Said) -> Tallied {
    // Vectors are not kept.
    if api == Api::OpenAIEmbeddings {
        return Tallied {
            usage: said.usage,
            model: said.model.clone(),
            ..Tallied::default()
        };
    }
    let first = said.choices.get(&0).cloned().unwrap_or_default();
    let all = || said.choices.values();
    let calls = || all().flat_map(|choice| choice.calls.iter().map(move |call| (choice, call)));
    let whole = |(choice, call): &(&Choice, &Call)| {
        let cut_off = choice.finish.as_deref() == Some("length");
        (!cut_off || !call.arguments.is_empty())
            && serde_json::from_str::<Value>(&arguments(&call.arguments)).is_ok()
    };
    let refused = |choice: &Choice| !choice.refusal.is_empty() || choice.finish.as_deref() == Some("refusal");
    let texts = all().flat_map(|choice| [&choice.text, &choice.reasoning, &choice.refusal]);
    let texts = texts.chain(calls().map(|(_, call)| &call.arguments));
    Tallied {
        text: first.text.clone(),
        refused: all().any(refused),
        whole_calls: u32::try_from(calls().filter(whole).count()).expect("few"),
        characters: texts
            .map(|text| u64::try_from(text.chars().count()).expect("few"))
            .sum(),
        finish: if said.ended { first.finish } else { None },
        usage: said.usage,
        model: said.model.clone(),
    }
}
