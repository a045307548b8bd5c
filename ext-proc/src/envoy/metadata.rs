//! What a call came to as Envoy's dynamic metadata, for its access log and rate limits.

use std::collections::HashMap;

use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{Struct, Value};
use wayleave_engine::call::Summary;

/// The namespace of it all.
pub(crate) const NAMESPACE: &str = "wayleave";

/// The member that says why a request was turned away.
pub(crate) const REFUSED: &str = "refused";

/// `wayleave: {call, route, class, attempts, input_tokens, …}`. What is not known is left out.
pub(crate) fn of_call(summary: &Summary) -> Struct {
    let Summary {
        call,
        route,
        provider,
        model,
        class,
        attempts,
        usage,
        cost,
        cache,
    } = summary;
    let members = [
        ("call", Some(text(call))),
        ("route", Some(text(route))),
        ("provider", provider.as_deref().map(text)),
        ("model", model.as_deref().map(text)),
        ("class", Some(text(class.as_str()))),
        ("attempts", Some(number(f64::from(*attempts)))),
        ("input_tokens", Some(number(tokens(usage.input_total())))),
        ("output_tokens", Some(number(tokens(usage.output)))),
        ("total_tokens", Some(number(tokens(usage.total())))),
        ("cost_usd", cost.map(|cost| number(cost.usd_f64()))),
        ("cache", cache.map(|status| text(status.as_str()))),
    ];
    let known = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    namespaced(known.collect())
}

/// `wayleave: {refused: CODE}`.
pub(crate) fn of_refusal(code: &str) -> Struct {
    namespaced(HashMap::from([(REFUSED.to_owned(), text(code))]))
}

fn namespaced(fields: HashMap<String, Value>) -> Struct {
    let ours = Value {
        kind: Some(Kind::StructValue(Struct { fields })),
    };
    Struct {
        fields: HashMap::from([(NAMESPACE.to_owned(), ours)]),
    }
}

fn text(text: &str) -> Value {
    Value {
        kind: Some(Kind::StringValue(text.to_owned())),
    }
}

fn number(number: f64) -> Value {
    Value {
        kind: Some(Kind::NumberValue(number)),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the only number that protobuf's Struct has; exact up to 2^53 tokens"
)]
fn tokens(count: u64) -> f64 {
    count as f64
}
