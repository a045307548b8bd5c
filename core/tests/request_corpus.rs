//! Requests that real clients sent to real providers: each passes unchanged, and in translation keeps what both
//! formats can say. The recordings are not part of the project; `WAYLEAVE_FIXTURES` says where they are.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use wayleave_core::endpoint::{Asked, Endpoint};
use wayleave_core::format::{Framing, WireFormat};
use wayleave_core::intake::{Intake, TargetShape};
use wayleave_core::vendor::Vendor;

#[path = "requests/proofs.rs"]
mod proofs;
#[path = "requests/survivors.rs"]
mod survivors;

use survivors::Survivors;

/// One recorded request.
struct Recorded {
    id: String,
    provider: String,
    asked: Asked,
    body: Value,
}

/// What the path says. `None`: an endpoint that is none of ours.
fn asked(endpoint: &str, path: &str) -> Option<Asked> {
    Some(match endpoint {
        "chat.completions" => WireFormat::OpenAIChat.into(),
        "completions" => WireFormat::OpenAICompletions.into(),
        "responses" => WireFormat::OpenAIResponses.into(),
        "messages" => WireFormat::AnthropicMessages.into(),
        "converse" => converse(Framing::Whole),
        "converse-stream" => converse(Framing::EventStream),
        "generateContent" => return Asked::at(Endpoint::GenerateContent, path),
        "streamGenerateContent" => return Asked::at(Endpoint::StreamGenerateContent, path),
        _ => return None,
    })
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
    let mut all = everything()?;
    all.retain(|request| !is_stateful(request));
    Some(all)
}

/// Whether it needs a response, a prompt or an item that a provider keeps.
fn is_stateful(request: &Recorded) -> bool {
    let references = ["previous_response_id", "conversation", "prompt"];
    request.asked.format == WireFormat::OpenAIResponses
        && (references.iter().any(|name| !request.body[name].is_null())
            || ["store", "background"]
                .iter()
                .any(|name| request.body[name] == true)
            || request.body["input"]
                .as_array()
                .is_some_and(|items| items.iter().any(|item| item["type"] == "item_reference")))
}

/// `None`: there are no recordings here.
fn everything() -> Option<Vec<Recorded>> {
    let folder = std::env::var_os("WAYLEAVE_FIXTURES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures")),
        PathBuf::from,
    );
    let Ok(index) = fs::read(folder.join("index.json")) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no recordings in {}: set WAYLEAVE_FIXTURES",
            folder.display()
        );
        println!("skipped: no recordings in {}", folder.display());
        return None;
    };
    let index: Vec<Value> = serde_json::from_slice(&index).unwrap();
    let mut all = Vec::new();
    for entry in index {
        let file = fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        let exchange: Value = serde_json::from_slice(&file).unwrap();
        let path = exchange["request"]["path"].as_str().unwrap();
        let Some(asked) = asked(entry["endpoint"].as_str().unwrap(), path) else {
            continue;
        };
        let body = exchange["request"]["body"].clone();
        if body.is_object() {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            all.push(Recorded {
                id: text("id"),
                provider: text("provider"),
                asked,
                body,
            });
        }
    }
    assert!(!all.is_empty(), "no request in {}", folder.display());
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
    let Some(all) = everything() else { return };
    let stateful: Vec<_> = all.into_iter().filter(is_stateful).collect();
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
