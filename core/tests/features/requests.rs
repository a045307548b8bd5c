//! Requests: each feature of each client to each provider.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use wayleave_core::chat::proof::Origin;
use wayleave_core::format::WireFormat;
use wayleave_core::intake::{BadRequest, Intake, TargetShape};

use crate::feature::OF_REQUESTS;
use crate::samples::file::{merged, read};
use crate::samples::side::{CLIENTS, PROVIDERS, Side};
use crate::verdict::{Looks, Verdict, check, look};

/// What `UFJPT0Y=` in the samples is: a proof of reasoning.
const PROOF: &str = "UFJPT0Y=";

/// What is known to be lost, until it is mended: client, provider, feature.
const KNOWN_LOSSES: &[(&str, &str, &str)] = &[
    ("Gemini", "Converse", "reasoning_shown"),
    ("Gemini", "messages", "reasoning_shown"),
    ("Gemini", "responses", "reasoning_on"),
    ("chat", "responses", "reasoning_on"),
    ("messages", "responses", "reasoning_on"),
    ("responses", "Converse", "reasoning_shown"),
    ("responses", "chat", "reasoning_shown"),
    ("responses", "messages", "reasoning_shown"),
];

/// What became of a feature, and what was said of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// What `x-wayleave-dropped` names.
    pub(crate) noted: Vec<String>,
    /// Why it is refused.
    pub(crate) refusal: Option<String>,
}

/// By provider's column and feature. A provider that is not there cannot be asked by such clients at all.
pub(crate) type Outcomes = BTreeMap<(&'static str, &'static str), Outcome>;

/// All that is known of a client's requests.
pub(crate) fn outcomes(client: Side) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for &provider in PROVIDERS {
        let way = Way::new(client, provider);
        let Ok((plain, noted_anyway)) = way.send("plain") else {
            continue;
        };
        check(provider.file, &way.looks, &known(), &json(&plain));
        for feature in OF_REQUESTS
            .iter()
            .filter(|feature| way.samples.contains_key(feature.key))
        {
            outcomes.insert(
                (provider.column, feature.key),
                way.outcome(feature.key, &noted_anyway),
            );
        }
    }
    outcomes
}

/// Whether a provider can be asked by such clients at all.
pub(crate) fn reaches(client: Side, provider: Side) -> bool {
    Way::new(client, provider).send("plain").is_ok()
}

/// The features that a client's format can ask for.
pub(crate) fn of_client(client: Side) -> BTreeSet<String> {
    let mut features: BTreeSet<_> = read(
        "samples/requests",
        client.file,
        &[("@model", ""), ("@proof", ""), ("@format", "")],
    )
    .into_keys()
    .collect();
    features.remove("plain");
    features
}

fn known() -> BTreeSet<&'static str> {
    OF_REQUESTS.iter().map(|feature| feature.key).collect()
}

fn shape(provider: Side) -> TargetShape<'static> {
    TargetShape {
        format: provider.format,
        model: provider.model,
        quirks: provider.quirks(),
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON is sent")
}

/// From a client to a provider.
struct Way {
    client: Side,
    provider: Side,
    samples: BTreeMap<String, Value>,
    looks: Looks,
}

impl Way {
    fn new(client: Side, provider: Side) -> Self {
        let origin = shape(provider).origin();
        let bare = Origin::of(client.format) == origin;
        // As `chat::proof` documents it.
        let mut tagged = format!("wayleave.{}.{PROOF}", format!("{origin:?}").to_lowercase());
        if client.format == WireFormat::GeminiGenerate {
            // It takes nothing but base64.
            tagged = STANDARD.encode(tagged);
        }
        let given = [
            ("@model", client.model),
            ("@proof", if bare { PROOF } else { &tagged }),
            ("@format", origin.detail_format()),
        ];
        Self {
            client,
            provider,
            samples: read("samples/requests", client.file, &given),
            looks: read("features/sent", provider.file, &[]),
        }
    }

    /// The request that the provider gets for a feature, and what is noted.
    fn send(&self, feature: &str) -> Result<(Bytes, Vec<String>), BadRequest> {
        let body = self.body(feature);
        let intake = Intake::read(
            self.client.asked(feature == "stream"),
            Bytes::from(body.to_string()),
        )?;
        let outbound = intake.outbound(shape(self.provider))?;
        let noted = outbound.dropped.iter().map(str::to_owned).collect();
        Ok((outbound.body, noted))
    }

    fn body(&self, feature: &str) -> Value {
        let plain = &self.samples["plain"];
        if feature == "plain" {
            plain.clone()
        } else {
            merged(plain, &self.samples[feature])
        }
    }

    fn outcome(&self, feature: &str, noted_anyway: &[String]) -> Outcome {
        let (sent, mut noted) = match self.send(feature) {
            Ok(sent) => sent,
            Err(refused) => {
                assert!(!refused.message.is_empty());
                return Outcome {
                    verdict: Verdict::Refused,
                    noted: Vec::new(),
                    refusal: Some(refused.message),
                };
            }
        };
        noted.retain(|note| !noted_anyway.contains(note));
        let verdict = if self.passed(feature, &sent) {
            assert!(noted.is_empty(), "{noted:?}");
            Verdict::Passed
        } else if feature == "stream" && self.path_names_the_model() {
            // So does the path say whether it streams.
            Verdict::Kept
        } else {
            match look(&self.looks, feature, &json(&sent)) {
                // Something of it was left out.
                Some(Verdict::Kept) if !noted.is_empty() => Verdict::Mapped,
                Some(verdict) => verdict,
                None if noted.is_empty() => Verdict::Lost,
                None => Verdict::Dropped,
            }
        };
        Outcome {
            verdict,
            noted,
            refusal: None,
        }
    }

    fn path_names_the_model(&self) -> bool {
        matches!(
            self.provider.format,
            WireFormat::GeminiGenerate | WireFormat::BedrockConverse
        )
    }

    /// Nothing is changed but the wish for usage, which the gateway adds to a stream.
    fn passed(&self, feature: &str, sent: &Bytes) -> bool {
        if self.client != self.provider {
            return false;
        }
        if feature != "stream" {
            return *sent == self.body(feature).to_string();
        }
        let mut sent = json(sent);
        if let Some(members) = sent.as_object_mut() {
            members.remove("stream_options");
        }
        sent == self.body(feature)
    }
}

#[test]
fn nothing_is_lost_without_a_word() {
    let mut lost = BTreeSet::new();
    for &client in CLIENTS {
        let unknown: Vec<_> = of_client(client)
            .into_iter()
            .filter(|feature| !known().contains(feature.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{}: no features {unknown:?}", client.file);
        for ((provider, feature), outcome) in outcomes(client) {
            if outcome.verdict == Verdict::Lost {
                lost.insert((client.column, provider, feature));
            }
        }
    }
    let expected: BTreeSet<_> = KNOWN_LOSSES.iter().copied().collect();
    let found: Vec<_> = lost.difference(&expected).collect();
    assert!(found.is_empty(), "neither sent nor noted: {found:#?}");
    let mended: Vec<_> = expected.difference(&lost).collect();
    assert!(mended.is_empty(), "no longer lost, strike them off: {mended:#?}");
}
