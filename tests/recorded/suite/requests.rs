//! What the client asks.

use serde_json::Value;

use super::cases::View;
use super::corpus::Exchange;

/// The recorded request for another model; the smallest where none was recorded.
pub(super) fn own(exchange: &Exchange, view: View, model: &str) -> Value {
    let Some(mut body) = exchange.request.clone() else {
        return smallest(view, model);
    };
    body["model"] = model.into();
    if exchange.stream || body.get("stream").is_some() {
        body["stream"] = exchange.stream.into();
    }
    body
}

/// The smallest request. It asks for usage.
pub(super) fn smallest(view: View, model: &str) -> Value {
    view.format.request(model, view.stream)
}

/// Whether the client wants the chunk that only tells usage.
pub(super) fn asks_for_usage(body: &Value) -> bool {
    body["stream_options"]["include_usage"] == true
}

/// What of a request that passes did not arrive as it was sent, but for the usage that the gateway asks for itself.
pub(super) fn changed(sent: &Value, arrived: &Value) -> Option<String> {
    let mut arrived = arrived.clone();
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
