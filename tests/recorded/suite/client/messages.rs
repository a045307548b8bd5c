//! The Anthropic format as its SDK reads it: one block at a time, in order.

use serde_json::Value;

use super::{Seen, json, need, need_count, need_list, need_text};
use crate::recordings::said::{Call, Said, Usage};
use crate::suite::sse;

#[derive(Default)]
struct Reading {
    said: Said,
    cost: Option<f64>,
    ended: bool,
    /// How many blocks were opened.
    opened: u64,
    /// The type of the open block.
    open: Option<String>,
    started: bool,
}

pub(super) fn read_stream(body: &[u8]) -> Result<Seen, String> {
    let mut reading = Reading::default();
    for event in sse::events(body) {
        let document = json(event.data.as_bytes())?;
        need(
            document["type"] == event.name.as_str(),
            "an event whose name is not its type",
            &document,
        )?;
        need(!reading.ended, "an event behind message_stop", &document)?;
        reading.event(&event.name, &document)?;
    }
    let Reading {
        said, cost, ended, ..
    } = reading;
    Ok(Seen { said, cost, ended })
}

pub(super) fn read_whole(body: &[u8]) -> Result<Seen, String> {
    let message = json(body)?;
    let mut reading = Reading::default();
    reading.head(&message)?;
    for block in need_list(&message, "content")? {
        reading.block(block)?;
        if block["type"] == "tool_use" {
            // Arguments that a limit cut off are no JSON: they stand here as text.
            let input = &block["input"];
            need(input.is_object(), "input has to be an object", block)?;
            let broken = input["_unparsed"].as_str().map(str::to_owned);
            reading.argue(&broken.unwrap_or_else(|| input.to_string()));
        }
    }
    reading.stopped(&message)?;
    reading.used(&message["usage"])?;
    let Reading { said, cost, .. } = reading;
    Ok(Seen {
        said,
        cost,
        ended: true,
    })
}

/// The `error.type` that may come with a status (docs.anthropic.com/en/api/errors).
pub(super) fn error_types(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["authentication_error"],
        402 => &["billing_error"],
        403 => &["permission_error"],
        404 => &["not_found_error"],
        413 => &["request_too_large"],
        429 => &["rate_limit_error"],
        400..=499 => &["invalid_request_error"],
        529 => &["overloaded_error"],
        _ => &["api_error", "overloaded_error", "timeout_error"],
    }
}

impl Reading {
    fn event(&mut self, name: &str, event: &Value) -> Result<(), String> {
        need(
            self.started || matches!(name, "message_start" | "ping" | "error"),
            "no message_start before",
            event,
        )?;
        match name {
            "ping" => Ok(()),
            "message_start" => {
                need(!self.started, "a second message_start", event)?;
                self.started = true;
                let message = &event["message"];
                need(
                    need_list(message, "content")?.is_empty(),
                    "content in message_start",
                    event,
                )?;
                self.head(message)?;
                self.used(&message["usage"])
            }
            "content_block_start" | "content_block_delta" | "content_block_stop" => {
                self.block_event(name, event)
            }
            "message_delta" => {
                need(self.open.is_none(), "message_delta inside a block", event)?;
                self.stopped(&event["delta"])?;
                self.used(&event["usage"])
            }
            "message_stop" => {
                need(
                    self.said.only().finish.is_some(),
                    "message_stop without message_delta",
                    event,
                )?;
                self.ended = true;
                Ok(())
            }
            "error" => {
                need_text(&event["error"], "message")?;
                self.said.error = true;
                Ok(())
            }
            other => Err(format!("Anthropic has no event {other}")),
        }
    }

    fn block_event(&mut self, name: &str, event: &Value) -> Result<(), String> {
        let index = need_count(event, "index")?;
        if name == "content_block_start" {
            need(self.open.is_none(), "a block inside a block", event)?;
            need(index == self.opened, "a block out of order", event)?;
            self.opened += 1;
            let block = &event["content_block"];
            self.open = Some(need_text(block, "type")?.to_owned());
            need(
                block["type"] != "tool_use" || block["input"] == serde_json::json!({}),
                "input",
                event,
            )?;
            return self.block(block);
        }
        need(
            index + 1 == self.opened && self.open.is_some(),
            "another block than the open one",
            event,
        )?;
        if name == "content_block_delta" {
            return self.delta(&event["delta"]);
        }
        self.open = None;
        Ok(())
    }

    fn head(&mut self, message: &Value) -> Result<(), String> {
        need(
            message["type"] == "message" && message["role"] == "assistant",
            "type or role",
            message,
        )?;
        need(need_text(message, "id")?.starts_with("msg_"), "id", message)?;
        need_text(message, "model")?.clone_into(&mut self.said.model);
        Ok(())
    }

    /// A block, or its beginning.
    fn block(&mut self, block: &Value) -> Result<(), String> {
        let choice = self.said.only();
        match need_text(block, "type")? {
            "text" => choice.text.push_str(need_text(block, "text")?),
            "thinking" => {
                choice.reasoning.push_str(need_text(block, "thinking")?);
                choice.prove(need_text(block, "signature")?);
            }
            "redacted_thinking" => choice.prove(need_text(block, "data")?),
            "tool_use" => {
                let (id, name) = (
                    need_text(block, "id")?.to_owned(),
                    need_text(block, "name")?.to_owned(),
                );
                choice.calls.push(Call {
                    index: None,
                    id,
                    name,
                    arguments: String::new(),
                });
            }
            other => return Err(format!("no other format has a block {other}")),
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value) -> Result<(), String> {
        let (kind, open) = (
            need_text(delta, "type")?,
            self.open.as_deref().unwrap_or_default(),
        );
        let choice = self.said.only();
        match (kind, open) {
            ("text_delta", "text") => choice.text.push_str(need_text(delta, "text")?),
            ("thinking_delta", "thinking") => choice.reasoning.push_str(need_text(delta, "thinking")?),
            ("signature_delta", "thinking") => choice.prove(need_text(delta, "signature")?),
            ("citations_delta", "text") => {
                let place = &delta["citation"];
                need(
                    place["type"] == "web_search_result_location",
                    "a place that says no address",
                    delta,
                )?;
                for member in ["url", "cited_text", "encrypted_index"] {
                    need_text(place, member)?;
                }
            }
            ("input_json_delta", "tool_use") => self.argue(need_text(delta, "partial_json")?),
            _ => return Err(format!("a {kind} in a block of {open:?}")),
        }
        Ok(())
    }

    fn argue(&mut self, json: &str) {
        if let Some(call) = self.said.only().calls.last_mut() {
            call.arguments.push_str(json);
        }
    }

    fn stopped(&mut self, message: &Value) -> Result<(), String> {
        let sequence = &message["stop_sequence"];
        let reason = need_text(message, "stop_reason")?;
        let finish = match reason {
            "end_turn" | "stop_sequence" => "stop",
            "max_tokens" => "length",
            "tool_use" => "tool_calls",
            "refusal" => "refusal",
            "pause_turn" => "pause",
            "model_context_window_exceeded" => "context",
            other => return Err(format!("Anthropic has no stop reason {other}")),
        };
        need(
            (reason == "stop_sequence") == sequence.is_string(),
            "stop_sequence",
            message,
        )?;
        let choice = self.said.only();
        choice.finish = Some(finish.to_owned());
        choice.stop_sequence = sequence.as_str().map(str::to_owned);
        Ok(())
    }

    fn used(&mut self, usage: &Value) -> Result<(), String> {
        let cache_read = need_count(usage, "cache_read_input_tokens")?;
        let cache_write = need_count(usage, "cache_creation_input_tokens")?;
        self.said.usage = Some(Usage {
            input: need_count(usage, "input_tokens")? + cache_read + cache_write,
            cache_read,
            cache_write,
            output: need_count(usage, "output_tokens")?,
            reasoning: usage["output_tokens_details"]["thinking_tokens"]
                .as_u64()
                .unwrap_or(0),
        });
        self.cost = usage["cost"].as_f64();
        Ok(())
    }
}
