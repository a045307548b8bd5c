//! What is checked: each recording in every way that it allows.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use wayleave_sim::Replay;

use super::cut::cut;
use super::tally::Way;
use super::vendors::{self, NAMED};
use super::view::{CHATS, View};
use crate::recordings::api::{Api, Frames};
use crate::recordings::exchange::{self, Exchange};

/// One check to make.
pub(super) struct Case {
    pub(super) way: Way,
    pub(super) view: View,
    pub(super) exchange: Exchange,
    /// The model that is asked for.
    pub(super) model: String,
    /// The `ProviderKey` that serves it.
    pub(super) key: String,
}

impl Case {
    fn new(exchange: &Exchange, view: View) -> Self {
        let exchange = exchange.clone();
        let name = format!("{}-as-{}", exchange.id, view.name());
        // An error takes its key out of service for a while.
        let (way, key, model) = if exchange.status >= 400 {
            let name = format!("fails-{name}");
            (Way::Error, name.clone(), name)
        } else {
            let key = vendors::family(&exchange, view);
            let model = format!("{key}.{name}");
            (Self::way(&exchange, view), key, model)
        };
        Self {
            way,
            view,
            exchange,
            model,
            key,
        }
    }

    fn way(exchange: &Exchange, view: View) -> Way {
        if exchange.is_stream() != view.is_stream() {
            Way::Reframed
        } else if exchange.api() == view.api {
            Way::Own
        } else {
            Way::Translated
        }
    }

    /// What the provider answers.
    pub(super) fn replay(&self) -> Replay {
        let Exchange {
            status,
            headers,
            body,
            frames,
            ..
        } = &self.exchange;
        let mut headers: HeaderMap = headers.clone();
        let media = match frames {
            Frames::Sse => "text/event-stream",
            Frames::EventStream => "application/vnd.amazon.eventstream",
            Frames::Whole | Frames::JsonArray => "application/json",
        };
        headers
            .entry("content-type")
            .or_insert(HeaderValue::from_static(media));
        Replay {
            status: StatusCode::from_u16(*status).expect("a status"),
            headers,
            chunks: cut(body, &self.model),
            pause: Duration::ZERO,
        }
    }
}

/// All checks.
pub(super) fn all(recordings: &[Exchange]) -> Vec<Case> {
    let of = |exchange| {
        views(exchange)
            .into_iter()
            .map(move |view| Case::new(exchange, view))
    };
    recordings.iter().flat_map(of).collect()
}

/// How many recordings are not of the gateway's APIs, and tell no error either that any client may get.
pub(super) fn left_out(recordings: &[Exchange]) -> String {
    let left_out: Vec<_> = recordings
        .iter()
        .filter(|exchange| views(exchange).is_empty())
        .cloned()
        .collect();
    format!(
        "{} of {} recordings are of no API of the gateway: {:?}",
        left_out.len(),
        recordings.len(),
        exchange::endpoints(&left_out)
    )
}

/// Who is told of a recording: clients of the two great formats, and those of its own.
fn views(exchange: &Exchange) -> Vec<View> {
    let fails = exchange.status >= 400;
    let own: &[Frames] = match exchange.api {
        // No client speaks Converse.
        None | Some(Api::OpenAIChat | Api::AnthropicMessages | Api::BedrockConverse) => &[],
        Some(_) if !fails => &[exchange.frames],
        Some(Api::OpenAIEmbeddings) => &[Frames::Whole],
        Some(Api::OpenAIResponses | Api::OpenAICompletions | Api::GeminiGenerate) => {
            &[Frames::Whole, Frames::Sse]
        }
    };
    let own = own.iter().filter_map(|frames| {
        Some(View {
            api: exchange.api?,
            frames: *frames,
        })
    });
    let chats: &[View] = match exchange.api {
        // Neither is translated.
        None | Some(Api::OpenAIEmbeddings | Api::OpenAICompletions) if !fails => &[],
        _ => &CHATS,
    };
    own.chain(chats.iter().copied()).collect()
}

/// Nothing passes for lack of cases.
pub(super) fn check_choice(cases: &[Case]) {
    let answers = || cases.iter().filter(|case| case.way != Way::Error);
    let seen: BTreeSet<&str> = answers().map(|case| case.exchange.provider.as_str()).collect();
    for (vendor, _) in NAMED {
        assert!(seen.contains(vendor), "no answer of {vendor} was recorded");
    }
    for api in Api::ALL {
        let own = answers().any(|case| case.exchange.api() == api);
        assert!(own, "no answer of {api:?} was recorded");
    }
    assert!(
        cases.iter().any(|case| case.way == Way::Error),
        "no error was recorded"
    );
}
