//! Requests of every client format, damaged, to every provider format.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use serde_json::value::RawValue;
use wayleave_core::intake::{BadRequest, Intake, TargetShape};

use crate::cases::{Fate, Share, bounded, held, run};
use crate::edit::{Edit, apply, edits};
use crate::samples::file::{merged, read};
use crate::samples::side::{CLIENTS, PROVIDERS, Side};
use crate::tree::Tree;

/// A damaged request.
#[derive(Clone, Debug)]
struct Case {
    /// Which features it has.
    features: Vec<Index>,
    edits: Vec<Edit>,
    /// Bytes that are others.
    bytes: Vec<(Index, u8)>,
    stream: bool,
}

fn cases() -> impl Strategy<Value = (Index, Case)> {
    let bytes =
        prop_oneof![9 => Just(Vec::new()), 1 => prop::collection::vec((any::<Index>(), any::<u8>()), 1..4)];
    let case = (
        prop::collection::vec(any::<Index>(), 1..4),
        edits(),
        bytes,
        any::<bool>(),
    );
    let case = case.prop_map(|(features, edits, bytes, stream)| Case {
        features,
        edits,
        bytes,
        stream,
    });
    (any::<Index>(), case)
}

#[test]
fn a_broken_request_is_refused_or_sent() {
    let samples: Vec<_> = CLIENTS.iter().map(|client| (*client, samples(*client))).collect();
    let share = Share {
        name: "requests",
        hundredths: 40,
    };
    run(share, &cases(), |(client, case)| {
        let (client, samples) = client.get(&samples);
        let tree = damaged(samples, case);
        let body = Bytes::from(with_bytes(tree.text().into_bytes(), &case.bytes));
        let given = body.len();
        let sure = case.bytes.is_empty();
        let (result, most) = held(|| send(*client, case.stream, &body, sure.then_some(&tree)));
        result
            // A schema is held as a tree, with 632 bytes for an object.
            .and_then(|fate| bounded("held", most, given, 320).map(|()| fate))
            .map_err(|failure| format!("{}: {failure}\nof {}", client.title, tree.text()))
    });
}

fn samples(client: Side) -> BTreeMap<String, Value> {
    let given = [
        ("@model", client.model),
        ("@proof", "wayleave.google.UFJPT0Y="),
        ("@format", "google-gemini-v1"),
    ];
    read("samples/requests", client.file, &given)
}

fn damaged(samples: &BTreeMap<String, Value>, case: &Case) -> Tree {
    let all: Vec<_> = samples.keys().collect();
    let whole = case
        .features
        .iter()
        .fold(samples["plain"].clone(), |whole, feature| {
            merged(&whole, &samples[*feature.get(&all)])
        });
    let mut tree = Tree::from(&whole);
    apply(&mut tree, &case.edits);
    tree
}

fn with_bytes(mut body: Vec<u8>, bytes: &[(Index, u8)]) -> Vec<u8> {
    for (at, byte) in bytes {
        if !body.is_empty() {
            let at = at.index(body.len());
            body[at] = *byte;
        }
    }
    body
}

/// `tree`: what the body says, where that is known.
fn send(client: Side, stream: bool, body: &Bytes, tree: Option<&Tree>) -> Result<Fate, String> {
    let intake = match Intake::read(client.asked(stream), body.clone()) {
        Ok(intake) => intake,
        Err(refused) => return told_well(&refused, tree).map(|()| Fate::Broken),
    };
    let mut fate = Fate::Broken;
    for provider in PROVIDERS {
        let target = TargetShape {
            format: provider.format,
            model: provider.model,
            quirks: provider.quirks(),
        };
        match intake.outbound(target) {
            Err(refused) => told_well(&refused, tree)?,
            Ok(outbound) => {
                serde_json::from_slice::<&RawValue>(&outbound.body)
                    .map_err(|error| format!("{} is sent no JSON: {error}", provider.title))?;
                bounded(provider.column, outbound.body.len(), body.len(), 8)?;
                // That its own body passes says little.
                if provider.format != client.format {
                    fate = Fate::Sound;
                }
            }
        }
    }
    Ok(fate)
}

/// An error says what is wrong, and its place is in the body.
fn told_well(refused: &BadRequest, tree: Option<&Tree>) -> Result<(), String> {
    if refused.message.is_empty() {
        return Err(format!("no message: {refused:?}"));
    }
    match (&refused.param, tree) {
        (Some(param), Some(tree)) if !tree.has_place(param) => Err(format!("no such place: {refused:?}")),
        _ => Ok(()),
    }
}
