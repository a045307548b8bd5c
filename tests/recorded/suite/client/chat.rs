//! The OpenAI chat format as its SDK reads it.

use serde_json::Value;

use super::{Seen, json, need, need_count, need_list, need_text};
use crate::recordings::said::{Call, Said, Usage};
use crate::suite::sse;

#[derive(Default)]
struct Reading {
    said: Said,
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
        said, cost, ended, ..
    } = reading;
    Ok(Seen { said, cost, ended })
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
        reading.said.only().calls.push(Call {
            index: None,
            id: need_text(call, "id")?.to_owned(),
            name: need_text(&call["function"], "name")?.to_owned(),
            arguments: need_text(&call["function"], "arguments")?.to_owned(),
        });
    }
    reading.finished(&choice["finish_reason"])?;
    reading.used(&document["usage"])?;
    let Reading { said, cost, .. } = reading;
    Ok(Seen {
        ended: said.choices.values().any(|choice| choice.finish.is_some()),
        said,
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
        need_text(document, "model")?.clone_into(&mut self.said.model);
        Ok(())
    }

    fn chunk(&mut self, chunk: &Value) -> Result<(), String> {
        if let Some(error) = chunk.get("error") {
            need_text(error, "message")?;
            self.said.error = true;
            return Ok(());
        }
        need(chunk["object"] == "chat.completion.chunk", "object", chunk)?;
        self.head(chunk)?;
        for choice in need_list(chunk, "choices")? {
            if need_count(choice, "index")? > 0 {
                continue;
            }
            need(
                self.said.only().finish.is_none(),
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
        let choice = self.said.only();
        for (member, said) in [
            ("content", &mut choice.text),
            ("refusal", &mut choice.refusal),
            ("reasoning_content", &mut choice.reasoning),
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
                "reasoning.text" => choice.prove(need_text(detail, "signature")?),
                "reasoning.encrypted" => choice.prove(need_text(detail, "data")?),
                other => return Err(format!("an unknown reasoning detail: {other}")),
            }
        }
        Ok(())
    }

    fn call(&mut self, piece: &Value) -> Result<(), String> {
        let index = usize::try_from(need_count(piece, "index")?).map_err(|error| error.to_string())?;
        let calls = &mut self.said.only().calls;
        if index == calls.len() {
            need(piece["type"] == "function", "a call's type", piece)?;
            calls.push(Call {
                index: None,
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
        let reason = reason.as_str().unwrap_or_default();
        let known = ["stop", "length", "tool_calls", "content_filter"].contains(&reason);
        let choice = self.said.only();
        // A refusal in words ends so.
        let refused = reason == "stop" && !choice.refusal.is_empty();
        choice.finish = Some(if refused { "refusal" } else { reason }.to_owned());
        need(known, "a finish reason that OpenAI has not", &reason.into())
    }

    fn used(&mut self, usage: &Value) -> Result<(), String> {
        if usage.is_null() {
            return Ok(());
        }
        let tokens = Usage {
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
        self.said.usage = Some(tokens);
        self.cost = usage["cost"].as_f64();
        Ok(())
    }
}
