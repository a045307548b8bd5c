//! What the client asks.

use serde_json::Value;

use super::view::View;
use crate::recordings::exchange::Exchange;

/// The recorded request for another model; the smallest where none was recorded, and where it leans on what the provider
/// keeps, which the gateway refuses.
pub(super) fn own(exchange: &Exchange, view: View, model: &str) -> Value {
    let recorded = exchange.request.clone();
    let Some(mut body) = recorded.filter(|_| !exchange.is_stateful()) else {
        return view.smallest(model);
    };
    if body.get("model").is_some() {
        body["model"] = model.into();
    }
    if body.get("stream").is_some() {
        body["stream"] = exchange.is_stream().into();
    }
    body
}

/// Whether the provider was asked at another endpoint than the one of the recording.
pub(super) fn asked_elsewhere(recorded: &str, arrived: &str) -> Option<String> {
    let elsewhere = endpoint(recorded) != endpoint(arrived);
    elsewhere.then(|| format!("recorded at {recorded}, asked at {arrived}"))
}

/// The end of a path: `chat/completions`, `streamGenerateContent`.
fn endpoint(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    path.rsplit(['/', ':']).next().unwrap_or_default()
}

/// Whether the client wants the chunk that only tells usage.
pub(super) fn asks_for_usage(body: &Value) -> bool {
    body["stream_options"]["include_usage"] == true
}

/// What of a request that passes did not arrive as it was sent, but for the usage that the gateway asks for itself.
pub(super) fn changed(sent: &Value, arrived: &[u8]) -> Option<String> {
    let mut arrived: Value = serde_json::from_slice(arrived).unwrap_or_default();
    if !asks_for_usage(sent) && asks_for_usage(&arrived) {
        let options = arrived["stream_options"].as_object_mut()?;
        options.remove("include_usage");
        if options.is_empty() && sent.get("stream_options").is_none() {
            arrived.as_object_mut()?.remove("stream_options");
        }
    }
    (arrived != *sent).then(|| {
        let members = |one: &Value, other: &Value| {
            let members = one.as_object().into_iter().flatten();
            let differing = members.filter(|(name, value)| other.get(name.as_str()) != Some(value));
            differing
                .map(|(name, value)| format!("{name}: {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        format!(
            "the request changed on its way: sent {}, arrived {}",
            members(sent, &arrived),
            members(&arrived, sent)
        )
    })
}
