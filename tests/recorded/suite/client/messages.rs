//! The Anthropic format as its SDK reads it: one block at a time, in order.

use serde_json::Value;

use super::{Seen, json, need, need_count, need_list, need_text};
use crate::suite::spoken::{Finish, Spoken, Tokens, ToolCall};
use crate::suite::sse;

#[derive(Default)]
struct Reading {
    spoken: Spoken,
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
        spoken, cost, ended, ..
    } = reading;
    Ok(Seen { spoken, cost, ended })
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
    let Reading { spoken, cost, .. } = reading;
    Ok(Seen {
        spoken,
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
                    self.spoken.finish.is_some(),
                    "message_stop without message_delta",
                    event,
                )?;
                self.ended = true;
                Ok(())
            }
            "error" => {
                self.spoken.fault = Some(need_text(&event["error"], "message")?.to_owned());
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
        need_text(message, "model")?.clone_into(&mut self.spoken.model);
        Ok(())
    }

    /// A block, or its beginning.
    fn block(&mut self, block: &Value) -> Result<(), String> {
        let spoken = &mut self.spoken;
        match need_text(block, "type")? {
            "text" => spoken.text.push_str(need_text(block, "text")?),
            "thinking" => {
                spoken.reasoning.push_str(need_text(block, "thinking")?);
                let signature = need_text(block, "signature")?;
                if !signature.is_empty() {
                    spoken.signatures.push(signature.to_owned());
                }
            }
            "redacted_thinking" => spoken.redacted.push(need_text(block, "data")?.to_owned()),
            "tool_use" => {
                let (id, name) = (
                    need_text(block, "id")?.to_owned(),
                    need_text(block, "name")?.to_owned(),
                );
                spoken.calls.push(ToolCall {
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
        let spoken = &mut self.spoken;
        match (kind, open) {
            ("text_delta", "text") => spoken.text.push_str(need_text(delta, "text")?),
            ("thinking_delta", "thinking") => spoken.reasoning.push_str(need_text(delta, "thinking")?),
            ("signature_delta", "thinking") => {
                spoken.signatures.push(need_text(delta, "signature")?.to_owned());
            }
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
        if let Some(call) = self.spoken.calls.last_mut() {
            call.arguments.push_str(json);
        }
    }

    fn stopped(&mut self, message: &Value) -> Result<(), String> {
        let sequence = &message["stop_sequence"];
        let finish = match need_text(message, "stop_reason")? {
            "end_turn" => Finish::Stop,
            "stop_sequence" => Finish::StopSequence(need_text(message, "stop_sequence")?.to_owned()),
            "max_tokens" => Finish::Length,
            "tool_use" => Finish::Calls,
            "refusal" => Finish::Refusal,
            "pause_turn" => Finish::Pause,
            "model_context_window_exceeded" => Finish::Window,
            other => return Err(format!("Anthropic has no stop reason {other}")),
        };
        need(
            matches!(finish, Finish::StopSequence(_)) != sequence.is_null(),
            "stop_sequence",
            message,
        )?;
        self.spoken.finish = Some(finish);
        Ok(())
    }

    fn used(&mut self, usage: &Value) -> Result<(), String> {
        let cache_read = need_count(usage, "cache_read_input_tokens")?;
        let cache_write = need_count(usage, "cache_creation_input_tokens")?;
        self.spoken.tokens = Some(Tokens {
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
