//! Answers of every provider format in every framing, damaged and cut anywhere, to every client format.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use wayleave_core::format::Framing;

use crate::cases::{Share, bounded, held, run};
use crate::edit::{Edit, apply, edits};
use crate::samples::file::{merged, read};
use crate::samples::side::{CLIENTS, PROVIDERS, Side};
use crate::samples::streaming::{Named, events, framed, says_done};
use crate::tree::Tree;
use crate::trip::{Came, Trip, pieces};

/// A damaged answer on its way.
#[derive(Clone, Debug)]
struct Case {
    feature: Index,
    edits: Vec<Edit>,
    /// Where the stream ends too early.
    end: Option<Index>,
    cuts: Vec<Index>,
    from: Index,
    client: Index,
    to: Index,
}

fn cases() -> impl Strategy<Value = (Index, Case)> {
    let end = prop_oneof![4 => Just(None), 1 => any::<Index>().prop_map(Some)];
    let cuts = prop::collection::vec(any::<Index>(), 0..6);
    let way = (any::<Index>(), any::<Index>(), any::<Index>());
    let case = (any::<Index>(), edits(), end, cuts, way);
    let case = case.prop_map(|(feature, edits, end, cuts, (from, client, to))| Case {
        feature,
        edits,
        end,
        cuts,
        from,
        client,
        to,
    });
    (any::<Index>(), case)
}

#[test]
fn a_broken_answer_breaks_nothing() {
    let samples: Vec<_> = PROVIDERS
        .iter()
        .map(|provider| (*provider, read("samples/answers", provider.file, &[])))
        .collect();
    let share = Share {
        name: "answers",
        hundredths: 45,
    };
    run(share, &cases(), |(provider, case)| {
        let (provider, samples) = provider.get(&samples);
        let client = *case.client.get(CLIENTS);
        let trip = Trip {
            provider: *provider,
            from: *case.from.get(Trip::framings(*provider)),
            client,
            to: *case.to.get(Trip::framings(client)),
        };
        let sent = damaged(*provider, samples, case, trip.from);
        let (came, most) = held(|| trip.run(pieces(&sent, &case.cuts)));
        judged(trip, &sent, &came, most)
            .map(|()| came.fate())
            .map_err(|failure| format!("{trip:?}: {failure}\nof {}", String::from_utf8_lossy(&sent)))
    });
}

fn judged(trip: Trip, sent: &Bytes, came: &Came, most: usize) -> Result<(), String> {
    bounded("written", came.bytes.len(), sent.len(), 64)?;
    bounded("held", most, sent.len(), 128)?;
    if trip.run([sent.clone()]) != *came {
        return Err(String::from("the cuts change what comes out"));
    }
    if trip.passes() {
        // A frame that was cut off at the end is kept back, one without its end gets it.
        let whole = came.bytes.strip_suffix(b"\n\n").unwrap_or(&came.bytes);
        return if sent.starts_with(whole) {
            Ok(())
        } else {
            Err(format!(
                "it does not pass: {}",
                String::from_utf8_lossy(&came.bytes)
            ))
        };
    }
    trip.well_formed(came)
}

fn damaged(provider: Side, samples: &BTreeMap<String, Value>, case: &Case, framing: Framing) -> Bytes {
    let all: Vec<_> = samples.keys().collect();
    let whole = merged(&samples["plain"], &samples[*case.feature.get(&all)]);
    let mut bytes = if framing == Framing::Whole {
        let mut tree = Tree::from(&whole);
        apply(&mut tree, &case.edits);
        tree.text().into_bytes()
    } else {
        stream(provider, &whole, &case.edits, framing)
    };
    if let Some(end) = case.end {
        bytes.truncate(end.index(bytes.len() + 1));
    }
    bytes.into()
}

/// The damage is to the list of events: one may be gone, come twice, or be of another kind.
fn stream(provider: Side, whole: &Value, edits: &[Edit], framing: Framing) -> Vec<u8> {
    let named: Vec<Named> = events(provider.format, whole);
    let mut tree = Tree::List(
        named
            .iter()
            .map(|(name, data)| Tree::Object(vec![((*name).to_owned(), data.into())]))
            .collect(),
    );
    apply(&mut tree, edits);
    let Tree::List(items) = tree else {
        return tree.text().into_bytes();
    };
    let damaged: Vec<_> = items
        .iter()
        .map(|item| match item {
            Tree::Object(members) => members
                .first()
                .map_or((String::new(), String::new()), |(name, data)| {
                    (name.clone(), data.text())
                }),
            Tree::List(_) | Tree::Leaf(_) => (String::new(), item.text()),
        })
        .collect();
    framed(&damaged, framing, says_done(provider.format))
}
