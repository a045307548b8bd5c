//! Answers of the OpenAI chat format, as each vendor really sends them.

use serde_json::Value;

use super::{Heard, count, error_message, list, text};
use crate::suite::corpus::Exchange;
use crate::suite::spoken::{Finish, Spoken, Tokens, ToolCall};

pub(super) fn hear(exchange: &Exchange) -> Heard {
    let mut hearing = Hearing::default();
    for document in exchange.documents() {
        hearing.document(&document, exchange.stream);
    }
    let Hearing {
        mut spoken,
        reason,
        usage,
        indices: _,
    } = hearing;
    spoken.finish = reason.map(|reason| finish(&reason, &spoken));
    spoken.tokens = usage.as_ref().map(|usage| tokens(usage, &exchange.vendor));
    let billed = usage.as_ref().and_then(|usage| billed(usage, &exchange.vendor));
    let tells_cost = usage.as_ref().is_some_and(|usage| usage.get("cost").is_some());
    Heard {
        spoken,
        billed,
        tells_cost,
    }
}

#[derive(Default)]
struct Hearing {
    spoken: Spoken,
    reason: Option<String>,
    usage: Option<Value>,
    /// The `index` of each call.
    indices: Vec<Option<u64>>,
}

impl Hearing {
    fn document(&mut self, document: &Value, stream: bool) {
        if self.spoken.model.is_empty() {
            text(&document["model"]).clone_into(&mut self.spoken.model);
        }
        if document.get("error").is_some_and(|error| !error.is_null()) {
            self.spoken.fault = Some(error_message(document).unwrap_or_default());
        }
        for usage in [&document["x_groq"]["usage"], &document["usage"]] {
            if usage.is_object() {
                self.usage = Some(usage.clone());
            }
        }
        for choice in list(&document["choices"])
            .iter()
            .filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
        {
            let reason = text(&choice["finish_reason"]);
            if !reason.is_empty() && self.reason.is_none() {
                self.reason = Some(reason.to_owned());
            }
            self.content(
                if stream {
                    &choice["delta"]
                } else {
                    &choice["message"]
                },
                stream,
            );
        }
    }

    fn content(&mut self, content: &Value, stream: bool) {
        let spoken = &mut self.spoken;
        spoken.refusal.push_str(text(&content["refusal"]));
        let plain = [&content["reasoning"], &content["reasoning_content"]].map(text);
        let plain = plain.into_iter().find(|plain| !plain.is_empty());
        spoken.reasoning.push_str(plain.unwrap_or_default());
        for detail in list(&content["reasoning_details"]) {
            if plain.is_none() {
                spoken.reasoning.push_str(text(&detail["text"]));
                spoken.reasoning.push_str(text(&detail["summary"]));
            }
            push(&mut spoken.signatures, text(&detail["signature"]));
            push(&mut spoken.redacted, text(&detail["data"]));
        }
        // Google's signatures stand on the message and on its calls, sometimes on both.
        let calls = list(&content["tool_calls"]).iter().chain([content]);
        for owner in calls {
            let signature = text(&owner["extra_content"]["google"]["thought_signature"]);
            if !spoken.signatures.iter().any(|known| known == signature) {
                push(&mut spoken.signatures, signature);
            }
        }
        spoken.text.push_str(text(&content["content"]));
        for part in list(&content["content"]) {
            spoken.text.push_str(text(&part["text"]));
            for thought in list(&part["thinking"]) {
                spoken.reasoning.push_str(text(&thought["text"]));
            }
        }
        for call in list(&content["tool_calls"]) {
            self.call(call, stream);
        }
        if content["function_call"].is_object() {
            let call = serde_json::json!({"index": 999, "function": content["function_call"]});
            self.call(&call, stream);
        }
    }

    fn call(&mut self, piece: &Value, stream: bool) {
        let (id, name) = (text(&piece["id"]), text(&piece["function"]["name"]));
        let arguments = &piece["function"]["arguments"];
        let arguments = match arguments.as_str() {
            Some(text) => text.to_owned(),
            None if arguments.is_null() => String::new(),
            None => arguments.to_string(),
        };
        let index = count(&piece["index"]);
        let goes_on = |(at, call): &(usize, &ToolCall)| match index {
            Some(_) => self.indices[*at] == index && (id.is_empty() || id == call.id),
            None if id.is_empty() => name.is_empty(),
            None => id == call.id,
        };
        let place = self
            .spoken
            .calls
            .iter()
            .enumerate()
            .filter(|_| stream)
            .rfind(goes_on)
            .map(|(at, _)| at);
        if let Some(call) = place.and_then(|at| self.spoken.calls.get_mut(at)) {
            call.arguments.push_str(&arguments);
            return;
        }
        self.indices.push(index);
        let (id, name) = (id.to_owned(), name.to_owned());
        self.spoken.calls.push(ToolCall { id, name, arguments });
    }
}

fn push(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() {
        list.push(text.to_owned());
    }
}

/// Whoever calls tools waits for their results, whatever reason is given, unless the limit cut the answer off.
fn finish(reason: &str, spoken: &Spoken) -> Finish {
    match reason {
        "length" => Finish::Length,
        "content_filter" => Finish::Filter,
        _ if !spoken.calls.is_empty() => Finish::Calls,
        _ if !spoken.refusal.is_empty() => Finish::Refusal,
        // `stop`, Together's `eos`, and what is newer.
        _ => Finish::Stop,
    }
}

/// More cached than there was (xAI's models at Azure) or more reasoning than output (Vercel) cannot be: the sums count.
/// Vendors differ in what `completion_tokens` leaves out: at xAI the reasoning, at Gemini the hidden thoughts.
fn tokens(usage: &Value, vendor: &str) -> Tokens {
    let prompt = count(&usage["prompt_tokens"]).unwrap_or(0);
    let completion = count(&usage["completion_tokens"]).unwrap_or(0);
    let reasoning = count(&usage["completion_tokens_details"]["reasoning_tokens"]).unwrap_or(0);
    let (input_details, first) = (&usage["prompt_tokens_details"], |members: &[&Value]| {
        members.iter().find_map(|member| count(member)).unwrap_or(0)
    });
    let cache_read = first(&[
        &input_details["cached_tokens"],
        &usage["prompt_cache_hit_tokens"],
        &usage["cached_tokens"],
        &usage["num_cached_tokens"],
    ]);
    let cache_write = first(&[
        &input_details["cache_write_tokens"],
        &usage["cache_creation_input_tokens"],
    ]);
    let total = count(&usage["total_tokens"]).unwrap_or(0);
    let cache_read = cache_read.min(prompt);
    let cache_write = cache_write.min(prompt - cache_read);
    let output = total.saturating_sub(prompt);
    let (output, reasoning) = match vendor {
        "xai" => (completion + reasoning, reasoning),
        "gemini" => (output, reasoning.max(output.saturating_sub(completion))),
        _ => (completion, reasoning.min(completion)),
    };
    Tokens {
        input: prompt,
        cache_read,
        cache_write,
        output,
        reasoning,
    }
}

/// What xAI and OpenRouter bill. With a key of the user's own OpenRouter's `cost` is its fee alone.
fn billed(usage: &Value, vendor: &str) -> Option<i64> {
    let dollars = match vendor {
        "xai" => return usage["cost_in_usd_ticks"].as_i64(),
        "openrouter" if usage["is_byok"] == true => {
            usage["cost"].as_f64()? + usage["cost_details"]["upstream_inference_cost"].as_f64()?
        }
        "openrouter" => usage["cost"].as_f64()?,
        _ => return None,
    };
    format!("{:.0}", dollars * 1e10).parse().ok()
}
