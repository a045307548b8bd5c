//! Bytes that look like a framing or like nothing: what comes out does not depend on how they are cut.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use wayleave_core::format::Framing;

use crate::cases::{Fate, Share, bounded, held, run};
use crate::samples::side::{CLIENTS, PROVIDERS};
use crate::samples::streaming::framed;
use crate::trip::{Trip, pieces};

/// What framings are made of.
const PIECES: &[&[u8]] = &[
    b"data:",
    b"data: ",
    b"event: ",
    b"event: error",
    b"id: 1",
    b"retry: 5",
    b": comment",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"\r\n\r\n",
    b"\xEF\xBB\xBF",
    b"[DONE]",
    b"data: [DONE]\n\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"\\",
    b"{}",
    b"{\"a\":1}",
    b"{\"choices\":[]}",
    b"{\"candidates\":[]}",
    b"{\"error\":{\"message\":\"x\"}}",
    b"\xFF\xFE",
    b"\x00",
    b"<html>",
    b"\x00\x00\x00\x10",
    b"\x00\x00\x00\x0B",
    b"\xFF\xFF\xFF\xFF",
];

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => select(PIECES).prop_map(<[u8]>::to_vec),
        2 => prop::collection::vec(any::<u8>(), 0..24),
        1 => message(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A message of an event stream, whole or with one byte that is another.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let names = select(vec![
        "messageStart",
        "contentBlockDelta",
        "metadata",
        "throttlingException",
        "",
    ]);
    let data = select(vec!["{}", "{\"delta\":{\"text\":\"x\"}}", "", "nonsense"]);
    (names, data, prop::option::of((any::<Index>(), any::<u8>()))).prop_map(|(name, data, flip)| {
        let mut bytes = framed(&[(name.to_owned(), data.to_owned())], Framing::EventStream, false);
        if let Some((at, byte)) = flip {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

#[test]
fn noise_is_cut_alike_anywhere() {
    let share = Share {
        name: "splitters",
        hundredths: 15,
    };
    let case = (
        any::<Index>(),
        select(vec![
            Framing::Sse,
            Framing::JsonArray,
            Framing::EventStream,
            Framing::Whole,
        ]),
        any::<Index>(),
        noise(),
        prop::collection::vec(any::<Index>(), 0..10),
    );
    run(share, &case, |(provider, from, client, noise, cuts)| {
        let client = *client.get(CLIENTS);
        let trip = Trip {
            provider: *provider.get(PROVIDERS),
            from: *from,
            client,
            to: Framing::Sse,
        };
        let sent = Bytes::from(noise.clone());
        let (came, most) = held(|| trip.run(pieces(&sent, cuts)));
        bounded("written", came.bytes.len(), sent.len(), 64)?;
        bounded("held", most, sent.len(), 128)?;
        if trip.run([sent]) != came {
            return Err(format!("{trip:?}: the cuts change what comes out"));
        }
        if !trip.passes() {
            trip.well_formed(&came)?;
        }
        Ok(if came.tally.events > 0 {
            Fate::Sound
        } else {
            Fate::Broken
        })
    });
}
