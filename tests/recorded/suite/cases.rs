//! What is checked: each recording in every way that it allows.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use wayleave_sim::Replay;
use wayleave_tests::Format;

use super::corpus::Exchange;
use super::cut::cut;
use super::tally::Way;
use super::vendors::NAMED;

/// One check to make.
pub(super) struct Case {
    pub(super) way: Way,
    pub(super) view: View,
    pub(super) exchange: Exchange,
    /// The model that is asked for.
    pub(super) model: String,
}

/// How a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) format: Format,
    pub(super) stream: bool,
}

impl View {
    fn all() -> impl Iterator<Item = Self> {
        let of = |format: Format| [false, true].map(|stream| Self { format, stream });
        Format::ALL.into_iter().flat_map(of)
    }

    fn name(self) -> &'static str {
        match (self.format, self.stream) {
            (Format::OpenAi, false) => "chat",
            (Format::OpenAi, true) => "chat-stream",
            (Format::Anthropic, false) => "messages",
            (Format::Anthropic, true) => "messages-stream",
        }
    }
}

impl Case {
    fn new(exchange: &Exchange, view: View) -> Option<Self> {
        let exchange = exchange.clone();
        let name = format!("{}-as-{}", exchange.id, view.name());
        if exchange.status.as_u16() >= 400 {
            let model = format!("fails-{name}");
            return Some(Self {
                way: Way::Error,
                view,
                exchange,
                model,
            });
        }
        let way = match (exchange.format()? == view.format, exchange.stream == view.stream) {
            (true, true) => Way::Own,
            (false, true) => Way::Translated,
            (_, false) => Way::Reframed,
        };
        Some(Self {
            way,
            view,
            exchange,
            model: name,
        })
    }

    /// What the provider answers.
    pub(super) fn replay(&self) -> Replay {
        let Exchange {
            status,
            headers,
            body,
            stream,
            ..
        } = &self.exchange;
        let mut headers: HeaderMap = headers.clone();
        let media = if *stream {
            "text/event-stream"
        } else {
            "application/json"
        };
        headers
            .entry("content-type")
            .or_insert(HeaderValue::from_static(media));
        Replay {
            status: *status,
            headers,
            chunks: cut(body, &self.model),
            pause: Duration::ZERO,
        }
    }
}

/// All checks.
pub(super) fn all(corpus: &[Exchange]) -> Vec<Case> {
    let of = |exchange| View::all().filter_map(move |view| Case::new(exchange, view));
    corpus.iter().flat_map(of).collect()
}

/// Nothing passes for lack of cases.
pub(super) fn check_choice(cases: &[Case]) {
    let seen: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.exchange.status == StatusCode::OK)
        .map(|case| case.exchange.vendor.as_str())
        .collect();
    for (vendor, _) in NAMED {
        assert!(seen.contains(vendor), "no answer of {vendor} was recorded");
    }
    assert!(
        cases.iter().any(|case| case.way == Way::Error),
        "no error was recorded"
    );
}
