//! Answers as clients get them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use wayleave_engine::call::{Answer, Body, Piece, Pieces, Summary};

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) streamed: bool,
    /// Of a stream: `None` means that it was cut without a word.
    pub(crate) summary: Option<Summary>,
}

impl Got {
    pub(crate) async fn read(answer: Answer) -> Self {
        let (body, summary, streamed) = match answer.body {
            Body::Whole(body, summary) => (body, summary, false),
            Body::Stream(pieces) => {
                let (body, summary) = read(pieces).await;
                (body, summary, true)
            }
        };
        Self {
            status: answer.status.as_u16(),
            headers: answer.headers,
            body,
            streamed,
            summary: summary.map(|summary| *summary),
        }
    }

    /// Asserts that it is a 200 and gives it back.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK.as_u16(), "{}", self.text());
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub(crate) fn call_id(&self) -> &str {
        self.header("x-wayleave-call-id").expect("a call id")
    }

    /// The `data` of each event of a stream.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.text()
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect()
    }

    /// The events of a stream that are JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.data()
            .into_iter()
            .filter_map(|data| serde_json::from_str(data).ok())
            .collect()
    }

    /// The text that an OpenAI answer says, streamed or not.
    pub(crate) fn said(&self) -> String {
        if !self.streamed {
            return self.json()["choices"][0]["message"]["content"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
        }
        let piece = |event: &Value| {
            event["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        };
        self.events().iter().filter_map(piece).collect()
    }

    /// What an OpenAI answer costs at these dollars per million tokens, by the usage in it; in ticks.
    pub(crate) fn price(&self, input: i64, output: i64) -> i64 {
        let usage = if self.streamed {
            let with_usage = self
                .events()
                .into_iter()
                .rfind(|event| event["usage"].is_object());
            with_usage.expect("usage in the stream")["usage"].clone()
        } else {
            self.json()["usage"].clone()
        };
        let count = |name: &str| usage[name].as_i64().expect("a count");
        // A dollar per million tokens is 10,000 ticks a token.
        (count("prompt_tokens") * input + count("completion_tokens") * output) * 10_000
    }
}

async fn read(mut pieces: Pieces) -> (Bytes, Option<Box<Summary>>) {
    let mut body = Vec::new();
    while let Some(piece) = pieces.recv().await {
        match piece {
            Piece::Bytes(bytes) => body.extend_from_slice(&bytes),
            Piece::End(summary) => return (body.into(), Some(summary)),
        }
    }
    (body.into(), None)
}
