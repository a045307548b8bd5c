//! OpenAI chat completions, in the dialects of all who speak it.

use serde_json::{Value, json};

use super::{Answer, count, list, text};
use crate::recordings::api::Frames;
use crate::recordings::said::{Call, Choice, Said, Usage};

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        head(&mut said, document, answer.provider);
        for choice in list(&document["choices"]) {
            let known = said.choices.entry(count(&choice["index"])).or_default();
            let whole = answer.frames == Frames::Whole;
            content(known, &choice[if whole { "message" } else { "delta" }], whole);
            for member in ["content", "refusal"] {
                list(&choice["logprobs"][member]).for_each(|token| probable(known, token));
            }
            known.finish = known.finish.take().or_else(|| finish(choice));
        }
        perplexity(&mut said, document);
    }
    said
}

/// What stands beside the choices. Legacy completions have the same.
pub(super) fn head(said: &mut Said, document: &Value, provider: &str) {
    if said.model.is_empty() {
        text(&document["model"]).clone_into(&mut said.model);
    }
    let usages = [&document["usage"], &document["x_groq"]["usage"]];
    if let Some(told) = usages.into_iter().find(|usage| usage.is_object()) {
        said.usage = Some(usage(told, provider));
    }
}

/// The first that is told counts: OpenRouter tells it again.
pub(super) fn finish(choice: &Value) -> Option<String> {
    let reason = match choice["finish_reason"].as_str()? {
        "eos" => "stop",
        "function_call" => "tool_calls",
        other => other,
    };
    Some(reason.to_owned())
}

fn usage(usage: &Value, provider: &str) -> Usage {
    let (input, told) = (count(&usage["prompt_tokens"]), count(&usage["completion_tokens"]));
    let reasoning = count(&usage["completion_tokens_details"]["reasoning_tokens"]);
    let output = match provider {
        "xai" => told + reasoning,
        "gemini" => count(&usage["total_tokens"]) - input,
        _ => told,
    };
    let details = &usage["prompt_tokens_details"];
    let cached = [
        &details["cached_tokens"],
        &usage["prompt_cache_hit_tokens"],
        &usage["num_cached_tokens"],
        &usage["cached_tokens"],
    ];
    let cache_read = cached.into_iter().map(count).max().unwrap_or(0).min(input);
    let reasoning = if provider == "gemini" {
        output - told
    } else {
        reasoning.min(output)
    };
    Usage {
        input,
        cache_read,
        cache_write: count(&details["cache_write_tokens"]),
        output,
        reasoning,
    }
}

fn content(choice: &mut Choice, content: &Value, whole: bool) {
    choice.text.push_str(text(&content["content"]));
    for part in list(&content["content"]) {
        choice.text.push_str(text(&part["text"]));
        for thought in list(&part["thinking"]) {
            choice.reasoning.push_str(text(&thought["text"]));
        }
    }
    reasoning(choice, content);
    google(choice, content);
    choice.refusal.push_str(text(&content["refusal"]));
    for part in list(&content["tool_calls"]) {
        google(choice, part);
        call(choice, part, whole);
    }
    if content["function_call"].is_object() {
        call(choice, &json!({"function": content["function_call"]}), whole);
    }
    for note in list(&content["annotations"]) {
        let page = &note["url_citation"];
        choice.cite(text(&page["url"]), text(&page["title"]));
        choice.cite("", text(&note["file"]["name"]));
    }
    choice.opaque += usize::from(content["audio"].is_object());
    choice.opaque += list(&content["executed_tools"]).count() + list(&content["images"]).count();
}

fn reasoning(choice: &mut Choice, content: &Value) {
    let plain = ["reasoning", "reasoning_content"].map(|name| text(&content[name]));
    let plain = plain.into_iter().find(|text| !text.is_empty());
    choice.reasoning.push_str(plain.unwrap_or_default());
    for detail in list(&content["reasoning_details"]) {
        if plain.is_none() {
            choice.reasoning.push_str(text(&detail["text"]));
            choice.reasoning.push_str(text(&detail["summary"]));
        }
        choice.prove(&["signature", "data"].map(|name| text(&detail[name])).concat());
    }
}

/// The probability of a token. Responses have the same.
pub(super) fn probable(choice: &mut Choice, token: &Value) {
    let others = list(&token["top_logprobs"]).count();
    let logprob = token["logprob"].as_f64().expect("a number");
    choice
        .logprobs
        .push((text(&token["token"]).to_owned(), logprob, others));
}

/// Google's signature, of a message or of a call. The gateway tells it in `reasoning_details` as well.
fn google(choice: &mut Choice, owner: &Value) {
    let signature = text(&owner["extra_content"]["google"]["thought_signature"]);
    if !choice.signatures.iter().any(|known| known == signature) {
        choice.prove(signature);
    }
}

fn call(choice: &mut Choice, piece: &Value, whole: bool) {
    let (index, id) = (piece["index"].as_u64(), text(&piece["id"]));
    let goes_on = |call: &&mut Call| !whole && call.index == index && (id.is_empty() || call.id == id);
    let known = choice.calls.iter_mut().rev().find(goes_on);
    // Groq's word for none.
    let arguments = Some(text(&piece["function"]["arguments"]))
        .filter(|text| *text != "null")
        .unwrap_or_default();
    if let Some(call) = known {
        call.arguments.push_str(arguments);
        return;
    }
    choice.calls.push(Call {
        index,
        id: id.to_owned(),
        name: text(&piece["function"]["name"]).to_owned(),
        arguments: arguments.to_owned(),
    });
}

/// Perplexity's sources stand beside the choices, all of them in every chunk.
fn perplexity(said: &mut Said, document: &Value) {
    let named = list(&document["search_results"]).count() > 0;
    let sources = &document[if named { "search_results" } else { "citations" }];
    if list(sources).count() == 0 {
        return;
    }
    let choice = said.only();
    choice.citations.clear();
    for source in list(sources) {
        let url = source.as_str().unwrap_or_else(|| text(&source["url"]));
        choice.cite(url, text(&source["title"]));
    }
}
