//! Requests that real clients sent to real providers: each passes unchanged, and in translation keeps what both
//! formats can say.

#![cfg(test)]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_core::endpoint::{Asked, Endpoint};
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::intake::{Intake, TargetShape};
use wayleave_core::vendor::Vendor;

#[path = "requests/keys.rs"]
mod keys;
#[path = "requests/proofs.rs"]
mod proofs;
#[expect(dead_code, reason = "answers are for other suites")]
#[path = "recordings/mod.rs"]
mod recordings;
#[path = "requests/survivors.rs"]
mod survivors;

use recordings::api::Api;
use recordings::exchange::{Exchange, load};
use survivors::Survivors;

/// One recorded request.
#[derive(Clone)]
struct Recorded {
    id: String,
    provider: String,
    asked: Asked,
    body: Value,
}

/// What the path says. `None`: no format that requests are translated from.
fn asked(exchange: &Exchange) -> Option<Asked> {
    let place = match exchange.endpoint.as_str() {
        "generateContent" => Endpoint::GenerateContent,
        "streamGenerateContent" => Endpoint::StreamGenerateContent,
        "converse" => return Some(converse(Framing::Whole)),
        "converse-stream" => return Some(converse(Framing::EventStream)),
        _ => {
            return Some(
                exchange
                    .api
                    .filter(|api| *api != Api::OpenAIEmbeddings)?
                    .format()
                    .into(),
            );
        }
    };
    Asked::at(place, &exchange.path)
}

fn converse(framing: Framing) -> Asked {
    Asked {
        format: WireFormat::BedrockConverse,
        model: Some("in the path".to_owned()),
        framing: Some(framing),
    }
}

/// Those that need nothing that a provider keeps. `None`: there are no recordings here.
fn recorded() -> Option<Vec<Recorded>> {
    requests(|exchange| !exchange.is_stateful())
}

/// `None`: there are no recordings here.
fn requests(wanted: impl Fn(&Exchange) -> bool) -> Option<Vec<Recorded>> {
    let exchanges = load()?.into_iter().filter(wanted);
    let requests = exchanges.filter_map(|exchange| {
        Some(Recorded {
            asked: asked(&exchange)?,
            id: exchange.id,
            provider: exchange.provider,
            body: exchange.request?,
        })
    });
    let all: Vec<_> = requests.collect();
    assert!(!all.is_empty(), "no request");
    Some(all)
}

fn target<'a>(vendor: &str, model: &'a str) -> TargetShape<'a> {
    let vendor = Vendor::named(vendor).unwrap();
    TargetShape {
        format: vendor.format,
        model,
        quirks: vendor.quirks,
    }
}

/// A target of this format that adds nothing of its own, and takes all that clients send.
fn same(format: WireFormat) -> TargetShape<'static> {
    TargetShape {
        format,
        ..target("OpenRouter", "another \"model\"")
    }
}

#[test]
fn what_needs_stored_responses_is_refused() {
    let Some(stateful) = requests(Exchange::is_stateful) else {
        return;
    };
    assert!(
        stateful.len() >= 4,
        "too few requests to mean anything: {}",
        stateful.len()
    );
    for request in stateful {
        let error = Intake::read(request.asked, request.body.to_string().into()).unwrap_err();
        // A stored prompt may name the model; without one nothing can be served anyway.
        let expected = if request.body["model"].is_null() {
            "`model` is missing"
        } else {
            "stored"
        };
        assert!(error.message.contains(expected), "{}: {error}", request.id);
    }
}

#[test]
fn passes_unchanged_but_for_the_model() {
    for mut request in recorded().unwrap_or_default() {
        let Asked {
            format,
            model,
            framing,
        } = request.asked.clone();
        let in_body = model.is_none();
        let model = model.map_or_else(|| request.body["model"].clone(), Value::from);
        let stream = framing.map_or(request.body["stream"] == true, Framing::is_stream);
        let intake = Intake::read(request.asked, request.body.to_string().into()).unwrap();
        assert_eq!(intake.model, model, "{}", request.id);
        assert_eq!(intake.stream(), stream, "{}", request.id);
        let sent = intake.body_for(same(format)).unwrap();
        if in_body {
            request.body["model"] = json!("another \"model\"");
        }
        assert_eq!(sent, request.body.to_string(), "{}", request.id);
    }
}

/// Recordings in which the client's request is at fault, with what is wrong.
fn exceptions() -> BTreeMap<String, String> {
    serde_json::from_str(include_str!("requests/exceptions.json")).unwrap()
}

#[test]
fn survives_translation_there_and_back() {
    let Some(all) = recorded() else { return };
    let exceptions = exceptions();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for request in all {
        let outcome = ways(request.asked.format)
            .iter()
            .try_for_each(|hops| check(&request, hops));
        match (outcome, exceptions.contains_key(&request.id)) {
            (Ok(()), false) => *counts.entry(request.provider).or_default() += 1,
            (Err(_), true) => {}
            (Ok(()), true) => {
                failures.push(format!("{}: is listed as an exception, but survives", request.id));
            }
            (Err(problem), false) => failures.push(format!("{}: {problem}", request.id)),
        }
    }
    println!(
        "survived, by provider: {counts:?}; {} exceptions",
        exceptions.len()
    );
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Claude's proofs come back to Claude by way of OpenRouter, which takes them in the chat format.
#[test]
fn proofs_survive_there_and_back() {
    let Some(all) = recorded() else { return };
    let (there, back) = (
        target("OpenRouter", "anthropic/claude-sonnet-4.5"),
        target("Anthropic", "claude-sonnet-4-5"),
    );
    let mut proved = 0;
    for request in all {
        let expected = proofs::of(request.asked.format, &request.body);
        let hops = if request.asked.format == WireFormat::AnthropicMessages {
            [there, back]
        } else {
            [back, there]
        };
        if expected.is_empty() || exceptions().contains_key(&request.id) {
            continue;
        }
        proved += 1;
        let (mut format, mut body) = (request.asked.format, request.body.to_string());
        for hop in hops {
            let intake = Intake::read(format, body.into()).unwrap();
            let sent = intake.outbound(hop).unwrap().body;
            let value: Value = serde_json::from_slice(&sent).unwrap();
            assert_eq!(
                proofs::of(hop.format, &value),
                expected,
                "{} in {:?}",
                request.id,
                hop.format
            );
            format = hop.format;
            body = value.to_string();
        }
    }
    assert!(proved >= 4, "too few requests to mean anything: {proved}");
}

/// There and back again; completions are sent to nobody, so there only.
fn ways(format: WireFormat) -> Vec<Vec<TargetShape<'static>>> {
    let openai = || target("OpenAI", "gpt-5");
    let responses = || TargetShape {
        format: WireFormat::OpenAIResponses,
        ..openai()
    };
    let anthropic = || target("Anthropic", "claude-sonnet-4-5");
    let bedrock = || target("Bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    let gemini = || target("Gemini", "gemini-3-flash-preview");
    match format {
        WireFormat::GeminiGenerate => vec![
            vec![openai(), gemini()],
            vec![anthropic(), gemini()],
            vec![bedrock(), gemini()],
            vec![responses(), gemini()],
        ],
        WireFormat::AnthropicMessages => vec![
            vec![gemini(), anthropic()],
            vec![openai(), anthropic()],
            vec![bedrock(), anthropic()],
            vec![responses(), anthropic()],
        ],
        WireFormat::BedrockConverse => vec![
            vec![gemini(), bedrock()],
            vec![openai(), bedrock()],
            vec![anthropic(), bedrock()],
            vec![responses(), bedrock()],
        ],
        WireFormat::OpenAIResponses => vec![
            vec![gemini(), responses()],
            vec![openai(), responses()],
            vec![anthropic(), responses()],
            vec![bedrock(), responses()],
        ],
        WireFormat::OpenAICompletions => vec![
            vec![gemini()],
            vec![openai()],
            vec![anthropic()],
            vec![bedrock()],
            vec![responses()],
        ],
        WireFormat::OpenAIChat => vec![
            vec![gemini(), openai()],
            vec![anthropic(), openai()],
            vec![bedrock(), openai()],
            vec![responses(), openai()],
        ],
        WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => {
            unreachable!("no requests of {format:?} are read")
        }
    }
}

/// Sends the request from target to target and compares after each.
fn check(request: &Recorded, hops: &[TargetShape<'_>]) -> Result<(), String> {
    let mut asked = request.asked.clone();
    let mut expected = Survivors::of(asked.format, &request.body);
    let mut body = request.body.clone();
    for hop in hops {
        expected.told(asked.format, &body, hop.format);
        let intake = Intake::read(asked, body.to_string().into()).map_err(|error| error.to_string())?;
        let sent = intake.outbound(*hop).map_err(|error| error.to_string())?.body;
        body = serde_json::from_slice(&sent).unwrap();
        let survivors = Survivors::of(hop.format, &body).without_opening(&expected);
        if survivors != expected {
            return Err(format!(
                "in {:?}\n  was {expected:?}\n  is  {survivors:?}",
                hop.format
            ));
        }
        asked = hop.format.into();
        if matches!(
            hop.format,
            WireFormat::BedrockConverse | WireFormat::GeminiGenerate
        ) {
            asked.model = Some(hop.model.to_owned());
            asked.framing = Some(Framing::Whole);
        }
    }
    Ok(())
}
