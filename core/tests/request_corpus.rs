//! Requests that real clients sent to real providers: each passes unchanged, and in translation keeps what both
//! formats can say. The recordings are not part of the project; `WAYLEAVE_FIXTURES` says where they are.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use wayleave_core::format::WireFormat;
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
    format: WireFormat,
    body: Value,
}

/// `None`: there are no recordings here.
fn recorded() -> Option<Vec<Recorded>> {
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
        let format = match entry["endpoint"].as_str().unwrap() {
            "chat.completions" => WireFormat::OpenAIChat,
            "messages" => WireFormat::AnthropicMessages,
            _ => continue,
        };
        let file = fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        let exchange: Value = serde_json::from_slice(&file).unwrap();
        let body = exchange["request"]["body"].clone();
        if body.is_object() {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            all.push(Recorded {
                id: text("id"),
                provider: text("provider"),
                format,
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
    match format {
        WireFormat::AnthropicMessages => target("Anthropic", "another \"model\""),
        _ => target("OpenRouter", "another \"model\""),
    }
}

#[test]
fn passes_unchanged_but_for_the_model() {
    for mut request in recorded().unwrap_or_default() {
        let intake = Intake::read(request.format, request.body.to_string().into()).unwrap();
        assert_eq!(intake.model, request.body["model"], "{}", request.id);
        assert_eq!(intake.stream(), request.body["stream"] == true, "{}", request.id);
        let sent = intake.body_for(same(request.format)).unwrap();
        request.body["model"] = json!("another \"model\"");
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
        let (there, back) = match request.format {
            WireFormat::AnthropicMessages => (
                target("OpenAI", "gpt-5"),
                target("Anthropic", "claude-sonnet-4-5"),
            ),
            _ => (
                target("Anthropic", "claude-sonnet-4-5"),
                target("OpenAI", "gpt-5"),
            ),
        };
        let outcome = check(&request, &[there, back]);
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
        let expected = proofs::of(request.format, &request.body);
        let hops = match request.format {
            WireFormat::AnthropicMessages => [there, back],
            _ => [back, there],
        };
        if expected.is_empty() || exceptions().contains_key(&request.id) {
            continue;
        }
        proved += 1;
        let (mut format, mut body) = (request.format, request.body.to_string());
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

/// Sends the request from target to target and compares after each.
fn check(request: &Recorded, hops: &[TargetShape<'_>]) -> Result<(), String> {
    let expected = Survivors::of(request.format, &request.body);
    let (mut format, mut body) = (request.format, request.body.to_string());
    for hop in hops {
        let intake = Intake::read(format, body.into()).map_err(|error| error.to_string())?;
        let sent = intake.outbound(*hop).map_err(|error| error.to_string())?.body;
        let value: Value = serde_json::from_slice(&sent).unwrap();
        let survivors = Survivors::of(hop.format, &value).without_opening(&expected);
        if survivors != expected {
            return Err(format!(
                "in {:?}\n  was {expected:?}\n  is  {survivors:?}",
                hop.format
            ));
        }
        format = hop.format;
        body = String::from_utf8(sent.to_vec()).unwrap();
    }
    Ok(())
}
