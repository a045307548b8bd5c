//! OpenAI Responses. A stream tells everything up to four times: in deltas, at the end of a part, at the end of an item,
//! and in its last event. Here deltas count, and the ends of items for what came in none. What proves reasoning counts at
//! the end of its item: OpenAI sends another one at the beginning of the item, and one more in the last event.

use serde_json::Value;

use super::{Answer, US, chat, count, list, text};
use crate::recordings::api::Frames;
use crate::recordings::said::{Call, Choice, Said, Usage};

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    if answer.frames != Frames::Whole {
        stream(&mut said, answer);
        return said;
    }
    for response in answer.documents {
        head(&mut said, response);
        for one in list(&response["output"]) {
            item(said.only(), one);
        }
        end(&mut said, response);
    }
    said
}

fn stream(said: &mut Said, answer: Answer<'_>) {
    let (mut items, mut last) = (Choice::default(), Choice::default());
    for event in answer.documents {
        let response = &event["response"];
        if response.is_object() {
            head(said, response);
        }
        match text(&event["type"]) {
            "response.output_item.added" => begin(said.only(), event),
            "response.output_item.done" => item(&mut items, &event["item"]),
            "response.output_text.annotation.added" => cite(said.only(), &event["annotation"]),
            "response.completed" | "response.incomplete" | "response.failed" => {
                list(&response["output"]).for_each(|one| item(&mut last, one));
                end(said, response);
            }
            "error" => said.error = true,
            kind => delta(said, kind, event),
        }
    }
    let choice = said.only();
    fill(choice, items.clone());
    if answer.provider == US {
        agree(choice, &items);
        agree(choice, &last);
    }
}

fn head(said: &mut Said, response: &Value) {
    if said.model.is_empty() {
        text(&response["model"]).clone_into(&mut said.model);
    }
    let usage = &response["usage"];
    if usage.is_object() {
        let details = &usage["input_tokens_details"];
        said.usage = Some(Usage {
            input: count(&usage["input_tokens"]),
            cache_read: count(&details["cached_tokens"]),
            cache_write: count(&details["cache_write_tokens"]),
            output: count(&usage["output_tokens"]),
            reasoning: count(&usage["output_tokens_details"]["reasoning_tokens"]),
        });
    }
}

/// Nothing for one that is still at work in the background.
fn end(said: &mut Said, response: &Value) {
    let reason = match (
        text(&response["status"]),
        text(&response["incomplete_details"]["reason"]),
    ) {
        // The second by one recorded server.
        ("completed" | "complete", _) => "stop",
        ("incomplete", "content_filter") => "content_filter",
        ("incomplete", _) => "length",
        ("failed" | "cancelled", _) => {
            said.error = true;
            return;
        }
        _ => return,
    };
    said.only().finish = Some(reason.to_owned());
}

fn item(choice: &mut Choice, item: &Value) {
    match text(&item["type"]) {
        "message" => {
            for part in list(&item["content"]) {
                choice.text.push_str(text(&part["text"]));
                choice.refusal.push_str(text(&part["refusal"]));
                list(&part["annotations"]).for_each(|note| cite(choice, note));
                list(&part["logprobs"]).for_each(|token| chat::probable(choice, token));
            }
        }
        "reasoning" => {
            let parts: Vec<_> = list(&item["summary"]).chain(list(&item["content"])).collect();
            for part in &parts {
                choice.reasoning.push_str(text(&part["text"]));
            }
            let proof = text(&item["encrypted_content"]);
            choice.prove(proof);
            choice.opaque += usize::from(parts.is_empty() && proof.is_empty());
        }
        "function_call" => choice.calls.push(call(item, None)),
        _ => choice.opaque += 1,
    }
}

fn call(item: &Value, index: Option<u64>) -> Call {
    Call {
        index,
        id: text(&item["call_id"]).to_owned(),
        name: text(&item["name"]).to_owned(),
        arguments: text(&item["arguments"]).to_owned(),
    }
}

fn begin(choice: &mut Choice, event: &Value) {
    if event["item"]["type"] == "function_call" {
        let call = call(&event["item"], event["output_index"].as_u64());
        choice.calls.push(call);
    }
}

fn delta(said: &mut Said, kind: &str, event: &Value) {
    let piece = text(&event["delta"]);
    if kind == "response.output_text.delta" {
        list(&event["logprobs"]).for_each(|token| chat::probable(said.only(), token));
    }
    let place = match kind {
        "response.output_text.delta" => &mut said.only().text,
        "response.refusal.delta" => &mut said.only().refusal,
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            &mut said.only().reasoning
        }
        "response.function_call_arguments.delta" => {
            let index = event["output_index"].as_u64();
            let mut calls = said.only().calls.iter_mut();
            let call = calls.find(|call| call.index == index);
            &mut call.expect("an item that began").arguments
        }
        _ => return,
    };
    place.push_str(piece);
}

/// A page or a file.
fn cite(choice: &mut Choice, note: &Value) {
    let titles = [&note["title"], &note["filename"]];
    let title = titles.into_iter().find_map(Value::as_str);
    choice.cite(text(&note["url"]), title.unwrap_or_default());
}

/// Takes from the ends of the items what had no delta.
fn fill(choice: &mut Choice, items: Choice) {
    choice.signatures = items.signatures;
    choice.opaque = items.opaque;
    let places = [
        (&mut choice.text, items.text),
        (&mut choice.reasoning, items.reasoning),
        (&mut choice.refusal, items.refusal),
    ];
    for (known, told) in places {
        if known.is_empty() {
            *known = told;
        }
    }
    if choice.calls.is_empty() {
        choice.calls = items.calls;
    } else {
        for (known, told) in choice.calls.iter_mut().zip(items.calls) {
            if known.arguments.is_empty() {
                known.arguments = told.arguments;
            }
        }
    }
    if choice.citations.is_empty() {
        choice.citations = items.citations;
    }
    if choice.logprobs.len() < items.logprobs.len() {
        choice.logprobs = items.logprobs;
    }
}

/// What the gateway writes has to say the same each time: SDKs differ in which they read.
fn agree(deltas: &Choice, told: &Choice) {
    let plain = |choice: &Choice| {
        let mut choice = choice.clone();
        choice.finish = None;
        choice.opaque = 0;
        for call in &mut choice.calls {
            call.index = None;
        }
        choice
    };
    assert_eq!(plain(deltas), plain(told), "a stream agrees with itself");
}
