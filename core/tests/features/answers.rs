//! Answers: each feature of each provider to each client, at once and streamed.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::Value;
use wayleave_core::format::Framing;
use wayleave_core::relay::{ClientShape, Keep, ProviderShape, Relay, RelayOptions};

use crate::feature::OF_ANSWERS;
use crate::fold::folded;
use crate::samples::file::{merged, read};
use crate::samples::side::{CLIENTS, PROVIDERS, Side};
use crate::samples::streaming::{events, framed, says_done};
use crate::verdict::{Looks, Verdict, check, look};

/// What every answer has.
const IN_ALL: [&str; 3] = ["finish_stop", "model", "id"];

/// Of an answer at once and of a stream.
pub(crate) type Pair = (Verdict, Verdict);

/// All that is known of a client's answers, by provider's column and feature.
pub(crate) fn outcomes(client: Side) -> BTreeMap<(&'static str, &'static str), Pair> {
    let mut outcomes = BTreeMap::new();
    for &provider in PROVIDERS {
        let Some(way) = Way::new(client, provider) else {
            continue;
        };
        let looks = way.looks_beyond_all();
        check(
            client.file,
            &looks,
            &known(),
            &way.answer("plain", Framing::Whole),
        );
        check(client.file, &looks, &known(), &way.answer("plain", Framing::Sse));
        for feature in OF_ANSWERS {
            if !way.samples.contains_key(feature.key) {
                continue;
            }
            let verdict = |framing| {
                if client == provider {
                    way.assert_passed(feature.key, framing);
                    Verdict::Passed
                } else {
                    let told = way.answer(feature.key, framing);
                    look(&way.looks, feature.key, &told).unwrap_or(Verdict::Dropped)
                }
            };
            outcomes.insert(
                (provider.column, feature.key),
                (verdict(Framing::Whole), verdict(Framing::Sse)),
            );
        }
    }
    outcomes
}

fn known() -> BTreeSet<&'static str> {
    OF_ANSWERS.iter().map(|feature| feature.key).collect()
}

/// From a provider to a client.
struct Way {
    client: Side,
    provider: Side,
    samples: BTreeMap<String, Value>,
    looks: Looks,
}

impl Way {
    /// `None`: such clients are never served by such providers.
    fn new(client: Side, provider: Side) -> Option<Self> {
        if client != provider && !crate::requests::reaches(client, provider) {
            return None;
        }
        Some(Self {
            client,
            provider,
            samples: read("samples/answers", provider.file, &[]),
            looks: read("features/told", client.file, &[]),
        })
    }

    fn looks_beyond_all(&self) -> Looks {
        let mut looks = self.looks.clone();
        looks.retain(|feature, _| !IN_ALL.contains(&feature.as_str()) && !self.same_end(feature));
        looks
    }

    /// Ends that look like the plain one in the client's words.
    fn same_end(&self, feature: &str) -> bool {
        let plain = look(&self.looks, "finish_stop", &self.answer("plain", Framing::Whole));
        assert_eq!(
            plain,
            Some(Verdict::Kept),
            "{} → {}",
            self.provider.file,
            self.client.file
        );
        matches!(feature, "finish_sequence" | "finish_pause")
            || feature == "finish_tools"
                && !self.looks[feature]
                    .as_object()
                    .is_some_and(|ways| ways.contains_key("own"))
    }

    fn whole(&self, feature: &str) -> Value {
        let plain = &self.samples["plain"];
        if feature == "plain" {
            plain.clone()
        } else {
            merged(plain, &self.samples[feature])
        }
    }

    /// The client's answer, as one document.
    fn answer(&self, feature: &str, framing: Framing) -> Value {
        let bytes = self.relayed(feature, framing);
        let text = String::from_utf8(bytes).expect("text");
        if framing == Framing::Whole {
            serde_json::from_str(&text).unwrap_or_else(|error| {
                panic!(
                    "{} → {}, {feature}: {error}: {text}",
                    self.provider.file, self.client.file
                )
            })
        } else {
            folded(self.client.format, &text)
        }
    }

    fn sent(&self, feature: &str, framing: Framing) -> Vec<u8> {
        let whole = self.whole(feature);
        if framing == Framing::Whole {
            return whole.to_string().into_bytes();
        }
        let format = self.provider.format;
        framed(&events(format, &whole), framing, says_done(format))
    }

    fn relayed(&self, feature: &str, framing: Framing) -> Vec<u8> {
        let provided = if framing == Framing::Whole {
            Framing::Whole
        } else {
            self.provider.streamed()
        };
        let mut relay = Relay::new(RelayOptions {
            client: ClientShape {
                format: self.client.format,
                framing,
                include_usage: true,
            },
            provider: ProviderShape {
                format: self.provider.format,
                framing: provided,
                quirks: self.provider.quirks(),
            },
            model: "asked-for",
            created: 5,
            keep: Keep::Nothing,
        });
        let mut out = relay
            .push(Bytes::from(self.sent(feature, provided)), &|_, _| None)
            .to_vec();
        out.extend_from_slice(&relay.finish(&|_, _| None));
        let tally = relay.tally();
        assert_eq!(
            (&tally.fault, tally.ended),
            (&None, true),
            "{} → {}, {feature}, {framing:?}",
            self.provider.file,
            self.client.file
        );
        out
    }

    fn assert_passed(&self, feature: &str, framing: Framing) {
        assert_eq!(
            self.relayed(feature, framing),
            self.sent(feature, framing),
            "{feature}"
        );
    }
}

#[test]
fn every_answer_gets_through() {
    for &client in CLIENTS {
        assert!(!outcomes(client).is_empty(), "{}", client.file);
    }
    for provider in PROVIDERS {
        let unknown: Vec<_> = read("samples/answers", provider.file, &[])
            .into_keys()
            .filter(|feature| feature != "plain" && !known().contains(feature.as_str()))
            .collect();
        assert!(unknown.is_empty(), "{}: no features {unknown:?}", provider.file);
    }
}
