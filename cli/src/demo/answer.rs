//! Reads answers as the official clients do, as far as the demo needs it.

use serde_json::Value;

use super::request::Client;

/// What one event of a stream says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    /// Whether it is the last.
    pub(crate) ends: bool,
}

/// Cuts a stream of bytes into the data of server-sent events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    rest: Vec<u8>,
}

impl Events {
    /// The data of all events that these bytes complete. Both formats have one line of data per event.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, rest);
        let lines = String::from_utf8_lossy(&lines).into_owned();
        lines
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.trim().to_owned())
            .collect()
    }
}

/// What the data of an event says.
pub(crate) fn text_of(client: Client, data: &str) -> Said {
    if client == Client::OpenAI && data == "[DONE]" {
        return Said {
            ends: true,
            ..Said::default()
        };
    }
    let event: Value = serde_json::from_str(data).unwrap_or_default();
    let text = |path: &str| {
        event
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match client {
        Client::OpenAI => Said {
            text: text("/choices/0/delta/content"),
            ends: false,
        },
        Client::Anthropic => Said {
            text: text("/delta/text"),
            ends: text("/type") == "message_stop",
        },
    }
}

/// The text of an answer that came whole; `None`: it is none.
pub(crate) fn whole_text(client: Client, body: &Value) -> Option<String> {
    let path = match client {
        Client::OpenAI => "/choices/0/message/content",
        Client::Anthropic => "/content/0/text",
    };
    body.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(client: Client, stream: &str, piece: usize) -> (String, bool) {
        let mut events = Events::default();
        let said = stream
            .as_bytes()
            .chunks(piece)
            .flat_map(|bytes| events.push(bytes))
            .map(|data| text_of(client, &data));
        said.fold((String::new(), false), |(text, ended), said| {
            (text + &said.text, ended | said.ends)
        })
    }

    #[test]
    fn streams_are_read_however_they_are_cut() {
        let openai = "data: {\"choices\":[{\"delta\":{\"content\":\"Hé\"}}]}\n\ndata: {\"choices\":[{\"delta\":\
                      {\"content\":\"llo\"}}]}\n\ndata: [DONE]\n\n";
        let anthropic = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"Hé\
                         llo\"}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        for piece in [1, 2, 7, 1_000] {
            assert_eq!(read(Client::OpenAI, openai, piece), ("Héllo".to_owned(), true));
            assert_eq!(
                read(Client::Anthropic, anthropic, piece),
                ("Héllo".to_owned(), true)
            );
        }
        assert!(
            !read(Client::OpenAI, &openai.replace("[DONE]", "{}"), 9).1,
            "without its end it has not ended"
        );
    }

    #[test]
    fn whole_answers_are_read() {
        let openai = json!({"choices": [{"message": {"content": "a"}}]});
        assert_eq!(whole_text(Client::OpenAI, &openai).as_deref(), Some("a"));
        let anthropic = json!({"content": [{"type": "text", "text": "b"}]});
        assert_eq!(whole_text(Client::Anthropic, &anthropic).as_deref(), Some("b"));
        assert_eq!(
            whole_text(Client::Anthropic, &json!({"error": {"message": "c"}})),
            None
        );
    }
}
