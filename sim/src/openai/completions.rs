//! The older completions: a prompt goes in, a text comes out. No messages, no tools.

use serde_json::{Value, json};

use super::{DONE, finish_reason};
use crate::answer::Answer;
use crate::ask::{Ask, Meter, limit_of};
use crate::frame::{Frame, Frames, Template, json_string};
use crate::ids;
use crate::pieces::Pieces;
use crate::problem::Malformed;

/// Unless the request says `max_tokens`.
const DEFAULT_TOKENS: usize = 16;

/// Reads a request. Several prompts are read as one.
pub(crate) fn read(body: &Value, model: &str) -> Result<Ask, Malformed> {
    if body.get("messages").is_some() {
        let text = "Unrecognized request argument supplied: messages";
        return Err(Malformed::new(text));
    }
    let mut meter = Meter::default();
    let prompt = match body.get("prompt") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(prompts)) => {
            let numbers = prompts.iter().filter(|prompt| !prompt.is_string()).count();
            meter.tokens(numbers as u64);
            prompts
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("\n")
        }
        Some(_) => {
            let text = "Invalid type for 'prompt': expected a string or an array.";
            return Err(Malformed::at(text, "prompt", "invalid_type"));
        }
    };
    meter.text(&prompt);
    Ok(Ask {
        model: model.to_owned(),
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        include_usage: body
            .pointer("/stream_options/include_usage")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        max_tokens: Some(limit_of(body, "max_tokens").unwrap_or(DEFAULT_TOKENS)),
        prompt_tokens: meter.total(),
        last_user_text: prompt,
        ..Ask::default()
    })
}

fn usage(answer: &Answer) -> Value {
    let prompt = answer.usage.input + answer.usage.cached;
    let output = answer.usage.output;
    json!({"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output})
}

/// The `text_completion` object.
pub(crate) fn render(answer: &Answer, model: &str) -> String {
    let choice = json!({
        "text": answer.text, "index": 0, "logprobs": null, "finish_reason": finish_reason(answer.finish),
    });
    json!({
        "id": ids::random("cmpl-", 29),
        "object": "text_completion",
        "created": ids::unix_seconds(),
        "model": model,
        "choices": [choice],
        "usage": usage(answer),
    })
    .to_string()
}

/// The chunks of an answer: text, finish, usage if asked for, `[DONE]`.
pub(crate) fn frames(answer: Answer, model: &str, include_usage: bool) -> Frames {
    let (id, created, model) = (ids::random("cmpl-", 29), ids::unix_seconds(), json_string(model));
    let head = format!(
        "data: {{\"id\":\"{id}\",\"object\":\"text_completion\",\"created\":{created},\"model\":{model},\"choices\":["
    );
    let none = if include_usage { ",\"usage\":null" } else { "" };
    let end =
        |finish: &str| format!(",\"index\":0,\"logprobs\":null,\"finish_reason\":{finish}}}]{none}}}\n\n");
    let text = Template::new(format!("{head}{{\"text\":"), end("null"));
    if answer.endless {
        let same = Frame::content(text.fill(&answer.text));
        return Frames {
            events: Box::new(std::iter::repeat(same)),
            content: None,
        };
    }
    let reason = json_string(finish_reason(answer.finish));
    let mut closing = vec![Frame::terminal(format!("{head}{{\"text\":\"\"{}", end(&reason)))];
    if include_usage {
        closing.push(Frame::terminal(format!(
            "{head}],\"usage\":{}}}\n\n",
            usage(&answer)
        )));
    }
    closing.push(Frame::terminal(DONE));
    let count = answer.cutting.pieces(answer.text.len());
    let mut pieces = Pieces::new(answer.text, answer.cutting);
    let said = std::iter::from_fn(move || pieces.next_piece().map(|piece| Frame::content(text.fill(piece))));
    Frames {
        events: Box::new(said.chain(closing)),
        content: Some(count),
    }
}
