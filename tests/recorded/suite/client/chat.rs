//! The OpenAI chat format as its SDK reads it.

use serde_json::Value;

use super::{Seen, json, need, need_count, need_list, need_text};
use crate::suite::spoken::{Finish, Spoken, Tokens, ToolCall};
use crate::suite::sse;

#[derive(Default)]
struct Reading {
    spoken: Spoken,
    cost: Option<f64>,
    ended: bool,
    begun: bool,
    id: Option<String>,
}

pub(super) fn read_stream(body: &[u8]) -> Result<Seen, String> {
    let mut reading = Reading::default();
    for event in sse::events(body) {
        need(
            !reading.ended,
            "an event behind [DONE]",
            &event.data.clone().into(),
        )?;
        need(
            event.name.is_empty(),
            "an event with a name",
            &event.name.clone().into(),
        )?;
        if event.data == "[DONE]" {
            reading.ended = true;
        } else {
            reading.chunk(&json(event.data.as_bytes())?)?;
        }
    }
    let Reading {
        spoken, cost, ended, ..
    } = reading;
    Ok(Seen { spoken, cost, ended })
}

pub(super) fn read_whole(body: &[u8]) -> Result<Seen, String> {
    let document = json(body)?;
    need(document["object"] == "chat.completion", "object", &document)?;
    let mut reading = Reading::default();
    reading.head(&document)?;
    let choices = need_list(&document, "choices")?;
    let choice = choices.first().ok_or("no choice")?;
    let message = &choice["message"];
    need(message["role"] == "assistant", "role", message)?;
    reading.said(message)?;
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        need(call["type"] == "function", "a call's type", call)?;
        reading.spoken.calls.push(ToolCall {
            id: need_text(call, "id")?.to_owned(),
            name: need_text(&call["function"], "name")?.to_owned(),
            arguments: need_text(&call["function"], "arguments")?.to_owned(),
        });
    }
    reading.finished(&choice["finish_reason"])?;
    reading.used(&document["usage"])?;
    let Reading { spoken, cost, .. } = reading;
    Ok(Seen {
        ended: spoken.finish.is_some(),
        spoken,
        cost,
    })
}

impl Reading {
    /// What every document says of itself.
    fn head(&mut self, document: &Value) -> Result<(), String> {
        let id = need_text(document, "id")?;
        let first = self.id.get_or_insert_with(|| id.to_owned());
        need(first == id, "another id than the first chunk's", document)?;
        need_count(document, "created")?;
        need_text(document, "model")?.clone_into(&mut self.spoken.model);
        Ok(())
    }

    fn chunk(&mut self, chunk: &Value) -> Result<(), String> {
        if let Some(error) = chunk.get("error") {
            self.spoken.fault = Some(need_text(error, "message")?.to_owned());
            return Ok(());
        }
        need(chunk["object"] == "chat.completion.chunk", "object", chunk)?;
        self.head(chunk)?;
        for choice in need_list(chunk, "choices")? {
            if need_count(choice, "index")? > 0 {
                continue;
            }
            need(
                self.spoken.finish.is_none(),
                "a choice that goes on behind its end",
                chunk,
            )?;
            let delta = &choice["delta"];
            need(
                self.begun || delta["role"] == "assistant",
                "a first delta without role",
                chunk,
            )?;
            self.begun = true;
            self.said(delta)?;
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                self.call(call)?;
            }
            if !choice["finish_reason"].is_null() {
                self.finished(&choice["finish_reason"])?;
            }
        }
        self.used(&chunk["usage"])
    }

    fn said(&mut self, content: &Value) -> Result<(), String> {
        let spoken = &mut self.spoken;
        for (member, said) in [
            ("content", &mut spoken.text),
            ("refusal", &mut spoken.refusal),
            ("reasoning_content", &mut spoken.reasoning),
        ] {
            let value = &content[member];
            need(
                value.is_null() || value.is_string(),
                "a member that has to be a text",
                content,
            )?;
            said.push_str(value.as_str().unwrap_or_default());
        }
        for detail in content["reasoning_details"].as_array().into_iter().flatten() {
            match need_text(detail, "type")? {
                "reasoning.text" => spoken.signatures.push(need_text(detail, "signature")?.to_owned()),
                "reasoning.encrypted" => spoken.redacted.push(need_text(detail, "data")?.to_owned()),
                other => return Err(format!("an unknown reasoning detail: {other}")),
            }
        }
        Ok(())
    }

    fn call(&mut self, piece: &Value) -> Result<(), String> {
        let index = usize::try_from(need_count(piece, "index")?).map_err(|error| error.to_string())?;
        let calls = &mut self.spoken.calls;
        if index == calls.len() {
            need(piece["type"] == "function", "a call's type", piece)?;
            calls.push(ToolCall {
                id: need_text(piece, "id")?.to_owned(),
                name: need_text(&piece["function"], "name")?.to_owned(),
                arguments: String::new(),
            });
        }
        let call = calls
            .get_mut(index)
            .ok_or_else(|| format!("a call out of order: {piece}"))?;
        call.arguments
            .push_str(need_text(&piece["function"], "arguments")?);
        Ok(())
    }

    fn finished(&mut self, reason: &Value) -> Result<(), String> {
        self.spoken.finish = Some(match reason.as_str().unwrap_or_default() {
            "stop" => Finish::Stop,
            "length" => Finish::Length,
            "tool_calls" => Finish::Calls,
            "content_filter" => Finish::Filter,
            _ => return Err(format!("OpenAI has no finish reason {reason}")),
        });
        Ok(())
    }

    fn used(&mut self, usage: &Value) -> Result<(), String> {
        if usage.is_null() {
            return Ok(());
        }
        let tokens = Tokens {
            input: need_count(usage, "prompt_tokens")?,
            cache_read: need_count(&usage["prompt_tokens_details"], "cached_tokens")?,
            cache_write: usage["prompt_tokens_details"]["cache_write_tokens"]
                .as_u64()
                .unwrap_or(0),
            output: need_count(usage, "completion_tokens")?,
            reasoning: need_count(&usage["completion_tokens_details"], "reasoning_tokens")?,
        };
        need(
            need_count(usage, "total_tokens")? == tokens.input + tokens.output,
            "the total",
            usage,
        )?;
        self.spoken.tokens = Some(tokens);
        self.cost = usage["cost"].as_f64();
        Ok(())
    }
}
