//! Answers of the Anthropic format.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Heard, count, error_message, list, text};
use crate::suite::corpus::Exchange;
use crate::suite::spoken::{Finish, Spoken, Tokens, ToolCall};

pub(super) fn hear(exchange: &Exchange) -> Heard {
    let documents = exchange.documents();
    let mut hearing = Hearing::default();
    for document in &documents {
        if exchange.stream {
            hearing.event(document);
        } else {
            hearing.message(document);
        }
    }
    let Hearing {
        blocks,
        usage,
        stop,
        mut spoken,
    } = hearing;
    for block in blocks.into_values() {
        block.speak(&mut spoken);
    }
    spoken.finish = stop.map(|(reason, sequence)| finish(&reason, sequence));
    spoken.tokens = (!usage.is_empty()).then(|| tokens(&usage));
    Heard {
        spoken,
        billed: None,
        tells_cost: false,
    }
}

#[derive(Default)]
struct Hearing {
    blocks: BTreeMap<u64, Block>,
    /// Each member as it was last told.
    usage: BTreeMap<String, Value>,
    stop: Option<(String, String)>,
    spoken: Spoken,
}

#[derive(Default)]
struct Block {
    head: Value,
    text: String,
    signature: String,
    json: String,
}

impl Hearing {
    fn event(&mut self, event: &Value) {
        let index = count(&event["index"]).unwrap_or(0);
        match text(&event["type"]) {
            "message_start" => self.message(&event["message"]),
            "content_block_start" => {
                self.blocks.insert(
                    index,
                    Block {
                        head: event["content_block"].clone(),
                        ..Block::default()
                    },
                );
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let block = self.blocks.entry(index).or_default();
                block.text.push_str(text(&delta["text"]));
                block.text.push_str(text(&delta["thinking"]));
                block.signature.push_str(text(&delta["signature"]));
                block.json.push_str(text(&delta["partial_json"]));
            }
            "message_delta" => {
                self.stopped(&event["delta"]);
                self.used(&event["usage"]);
            }
            "error" => self.spoken.fault = Some(error_message(event).unwrap_or_default()),
            _ => {}
        }
    }

    /// A whole message, or the empty one that opens a stream.
    fn message(&mut self, message: &Value) {
        text(&message["model"]).clone_into(&mut self.spoken.model);
        for (index, block) in (0..).zip(list(&message["content"])) {
            self.blocks.insert(
                index,
                Block {
                    head: block.clone(),
                    ..Block::default()
                },
            );
        }
        self.stopped(message);
        self.used(&message["usage"]);
    }

    fn stopped(&mut self, message: &Value) {
        if let Some(reason) = message["stop_reason"].as_str() {
            self.stop = Some((reason.to_owned(), text(&message["stop_sequence"]).to_owned()));
        }
    }

    fn used(&mut self, usage: &Value) {
        let members = usage.as_object().into_iter().flatten();
        self.usage.extend(
            members
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
}

impl Block {
    fn speak(self, spoken: &mut Spoken) {
        let Self {
            head,
            text: said,
            signature,
            json,
        } = self;
        match text(&head["type"]) {
            "text" => spoken.text.extend([text(&head["text"]), &said]),
            "thinking" => {
                spoken.reasoning.extend([text(&head["thinking"]), &said]);
                let signature = format!("{}{signature}", text(&head["signature"]));
                if !signature.is_empty() {
                    spoken.signatures.push(signature);
                }
            }
            "redacted_thinking" => spoken.redacted.push(text(&head["data"]).to_owned()),
            "tool_use" => spoken.calls.push(ToolCall {
                id: text(&head["id"]).to_owned(),
                name: text(&head["name"]).to_owned(),
                arguments: if json.is_empty() {
                    head["input"].to_string()
                } else {
                    json
                },
            }),
            // What the provider runs itself has no counterpart in the other format.
            _ => {}
        }
    }
}

fn finish(reason: &str, sequence: String) -> Finish {
    match reason {
        "stop_sequence" => Finish::StopSequence(sequence),
        "max_tokens" => Finish::Length,
        "tool_use" => Finish::Calls,
        "refusal" => Finish::Refusal,
        "pause_turn" => Finish::Pause,
        "model_context_window_exceeded" => Finish::Window,
        _ => Finish::Stop,
    }
}

/// `input_tokens` leaves out what the cache gave and took.
fn tokens(usage: &BTreeMap<String, Value>) -> Tokens {
    let told = |name: &str| usage.get(name).and_then(count).unwrap_or(0);
    let (cache_read, cache_write) = (
        told("cache_read_input_tokens"),
        told("cache_creation_input_tokens"),
    );
    let thinking = usage
        .get("output_tokens_details")
        .and_then(|details| count(&details["thinking_tokens"]));
    // The runs that compact the prompt stand in `iterations` only; an advisor, another model, is not of the answer.
    let runs = || {
        let all = usage.get("iterations").into_iter().flat_map(list);
        all.filter(|run| run["model"].is_null())
    };
    if runs().any(|run| run["type"] == "compaction") {
        let sum = |name: &str| runs().filter_map(|run| count(&run[name])).sum::<u64>();
        let (cache_read, cache_write) = (sum("cache_read_input_tokens"), sum("cache_creation_input_tokens"));
        return Tokens {
            input: sum("input_tokens") + cache_read + cache_write,
            cache_read,
            cache_write,
            output: sum("output_tokens"),
            reasoning: thinking.unwrap_or(0),
        };
    }
    Tokens {
        input: told("input_tokens") + cache_read + cache_write,
        cache_read,
        cache_write,
        output: told("output_tokens"),
        reasoning: thinking.unwrap_or(0),
    }
}
