//! Under which keys recorded requests are kept: one for every spelling of a request, and another for every other request.

use std::collections::{BTreeMap, HashMap};

use fastrand::Rng;
use serde_json::{Map, Value, json};
use wayleave_core::cache::Canonical;
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::intake::Intake;
use wayleave_core::snapshot::cache::KeyParts;

use crate::{Recorded, recorded};

/// Members that are documented to make no difference.
const INDIFFERENT: [&str; 13] = [
    "model",
    "user",
    "metadata",
    "stream",
    "stream_options",
    "store",
    "service_tier",
    "serviceTier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "labels",
    "trace",
];
/// Changes that are tried in each request.
const CHANGES: usize = 40;

/// What a request is kept under, but for route, client and model. `None`: it cannot be served at all.
fn key(request: &Recorded, body: &str) -> Option<Vec<u8>> {
    let intake = Intake::read(request.asked.clone(), body.to_owned().into()).ok()?;
    Some(Canonical::of(&intake, &KeyParts::default()).ok()?.bytes())
}

fn recorded_key(request: &Recorded) -> Vec<u8> {
    key(request, &request.body.to_string()).unwrap_or_else(|| panic!("{} has no key", request.id))
}

/// JSON with its members in another order.
fn shuffled(value: &Value, random: &mut Rng) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            random.shuffle(&mut members);
            let members = members
                .iter()
                .map(|(name, value)| format!("{} : {}", json!(name), shuffled(value, random)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(" ,\n"))
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| shuffled(value, random)).collect();
            format!("[ {} ]", values.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[test]
fn the_order_of_members_makes_no_difference() {
    let mut random = Rng::with_seed(7);
    let mut reordered = 0;
    for request in recorded().unwrap_or_default() {
        let expected = recorded_key(&request);
        let plain = request.body.to_string();
        for _ in 0..3 {
            let other = shuffled(&request.body, &mut random);
            assert_eq!(serde_json::from_str::<Value>(&other).unwrap(), request.body);
            reordered += usize::from(other.split_whitespace().collect::<String>() != plain);
            let seen = key(&request, &other).unwrap_or_else(|| panic!("{} has no key: {other}", request.id));
            assert!(
                seen == expected,
                "{}\n{}\n{}",
                request.id,
                String::from_utf8_lossy(&seen),
                String::from_utf8_lossy(&expected)
            );
        }
    }
    println!("{reordered} other orders");
}

/// The same request, streamed and not.
fn both_ways(request: &Recorded) -> [(Recorded, String); 2] {
    [false, true].map(|stream| {
        let mut asked = request.clone();
        if let Some(framing) = &mut asked.asked.framing {
            *framing = if stream { Framing::Sse } else { Framing::Whole };
            let body = request.body.to_string();
            return (asked, body);
        }
        let mut body = request.body.clone();
        body["stream"] = stream.into();
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        } else if let Value::Object(members) = &mut body {
            members.remove("stream_options");
        }
        (asked, body.to_string())
    })
}

#[test]
fn a_stream_has_the_key_of_an_answer_that_is_none() {
    for request in recorded().unwrap_or_default() {
        let expected = recorded_key(&request);
        for (request, body) in both_ways(&request) {
            let seen = key(&request, &body);
            assert!(seen.as_ref() == Some(&expected), "{}: {body}", request.id);
        }
    }
}

/// A request without what is documented to make no difference.
fn leveled(value: &Value, top: bool) -> Value {
    match value {
        Value::Object(members) => {
            let mut out = Map::new();
            for (name, value) in members {
                let indifferent = top && INDIFFERENT.contains(&name.as_str());
                if indifferent || value.is_null() || name == "cache_control" {
                    continue;
                }
                let name = if top && name == "max_tokens" {
                    "max_completion_tokens"
                } else {
                    name
                };
                out.insert(name.to_owned(), leveled(value, false));
            }
            Value::Object(out)
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| leveled(value, false)).collect();
            match values.as_slice() {
                // A text, or a list of that text.
                [Value::Object(part)] if is_plain_text(part) => part["text"].clone(),
                _ => Value::Array(values),
            }
        }
        Value::Number(number) => number.as_f64().map_or_else(|| value.clone(), Value::from),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

fn is_plain_text(part: &Map<String, Value>) -> bool {
    let kind = part.get("type").and_then(Value::as_str);
    let plain = matches!(kind, Some("text" | "input_text" | "output_text"));
    part.len() == 2 && plain && part.get("text").is_some_and(Value::is_string)
}

#[test]
fn different_requests_have_different_keys() {
    let mut kept = HashMap::<Vec<u8>, Recorded>::new();
    let (mut all, mut shared) = (0, BTreeMap::<String, usize>::new());
    let mut failures = Vec::new();
    for request in recorded().unwrap_or_default() {
        all += 1;
        let Some(other) = kept.insert(recorded_key(&request), request.clone()) else {
            continue;
        };
        let formats = (request.asked.format, other.asked.format);
        *shared.entry(format!("{formats:?}")).or_default() += 1;
        if formats.0 == formats.1 && leveled(&request.body, true) != leveled(&other.body, true) {
            failures.push(format!(
                "{} and {}\n{}\n{}",
                request.id, other.id, request.body, other.body
            ));
        }
    }
    println!("{all} requests, {} keys; shared: {shared:?}", kept.len());
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The places of all that is neither an object nor a list.
fn leaves(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                let indifferent = at.is_empty() && INDIFFERENT.contains(&name.as_str());
                if !indifferent && name != "cache_control" {
                    leaves(value, &format!("{at}/{name}"), out);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                leaves(value, &format!("{at}/{index}"), out);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push(at.to_owned()),
    }
}

fn changed(value: &Value) -> Value {
    match value {
        Value::Bool(flag) => (!flag).into(),
        Value::Number(number) => number.as_i64().map_or_else(
            || json!(number.as_f64().unwrap_or_default() + 0.125),
            |it| json!(it + 1),
        ),
        Value::String(text) => format!("{text}x").into(),
        Value::Null | Value::Array(_) | Value::Object(_) => value.clone(),
    }
}

/// One other sign anywhere, and it is another request.
#[test]
fn every_change_is_another_key() {
    let mut random = Rng::with_seed(11);
    let (mut tried, mut refused) = (0, 0);
    let mut failures = Vec::new();
    for request in recorded().unwrap_or_default() {
        let before = recorded_key(&request);
        let mut places = Vec::new();
        leaves(&request.body, "", &mut places);
        random.shuffle(&mut places);
        for place in places.iter().take(CHANGES) {
            let mut body = request.body.clone();
            let leaf = body.pointer_mut(place).expect("a leaf");
            *leaf = changed(leaf);
            tried += 1;
            match key(&request, &body.to_string()) {
                None => refused += 1,
                Some(after) if after == before => {
                    failures.push(format!(
                        "{} {place}: {}",
                        request.id,
                        body.pointer(place).unwrap()
                    ));
                }
                Some(_) => {}
            }
        }
    }
    println!("{tried} changes, {refused} of them no request any more");
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// How much of the requests the neutral model holds: what it holds whole has one key in every format.
#[test]
fn the_neutral_model_reads_what_is_sent() {
    let mut shares = BTreeMap::<String, [usize; 3]>::new();
    let mut members = BTreeMap::<String, usize>::new();
    for request in recorded().unwrap_or_default() {
        let format = request.asked.format;
        let key = String::from_utf8(recorded_key(&request)).unwrap();
        let rest = format!("\"rest of {format:?}\":");
        let place = match (key.starts_with("{\"chat\":"), key.split_once(&rest)) {
            (true, None) => 0,
            (true, Some((_, rest))) => {
                for name in names(rest) {
                    *members.entry(format!("{format:?} {name}")).or_default() += 1;
                }
                1
            }
            (false, _) => 2,
        };
        shares.entry(format!("{format:?}")).or_default()[place] += 1;
    }
    println!("held whole, with a remainder, not at all: {shares:?}\nremainders: {members:?}");
    // Completions are sent to nobody, so they are written by nobody.
    shares.remove("OpenAICompletions");
    for (format, [whole, some, none]) in shares {
        assert!(none * 10 <= whole + some, "{format}: {none} are not read at all");
    }
}

/// The members of a remainder, as it stands in a key: every member and item ends with a comma.
fn names(rest: &str) -> Vec<String> {
    let plain = rest.replace(",}", "}").replace(",]", "]");
    let mut values = serde_json::Deserializer::from_str(&plain).into_iter::<Map<String, Value>>();
    let members = values.next().and_then(Result::ok).unwrap_or_default();
    members.into_iter().map(|(name, _)| name).collect()
}

/// Whatever the corpus has, the list of formats in it is not empty.
#[test]
fn there_are_requests_of_every_format() {
    let Some(all) = recorded() else { return };
    for format in [
        WireFormat::OpenAIChat,
        WireFormat::OpenAIResponses,
        WireFormat::AnthropicMessages,
        WireFormat::GeminiGenerate,
        WireFormat::BedrockConverse,
    ] {
        assert!(
            all.iter().any(|request| request.asked.format == format),
            "{format:?}"
        );
    }
}
