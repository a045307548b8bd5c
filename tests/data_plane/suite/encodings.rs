//! Compressed requests.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, Manifests, on_every_front};

on_every_front!(compressed_requests);

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zstd(body: &[u8]) -> Vec<u8> {
    compress_to_vec(body, CompressionLevel::Fastest)
}

async fn compressed_requests(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim).to("chat", "p", "m?echo");
    let gateway = Gateway::start(front, &manifests).await;
    let client = gateway.client();
    for format in Format::ALL {
        let plain = format.request("chat", false).to_string().into_bytes();
        for (encoding, body) in [
            ("gzip", gzip(&plain)),
            ("x-gzip", gzip(&plain)),
            ("zstd", zstd(&plain)),
            ("identity", plain.clone()),
        ] {
            let answer = client
                .call(format, format.path(), &[("content-encoding", encoding)], body)
                .await;
            assert_eq!(answer.status, 200, "{encoding}: {}", answer.text());
            assert_eq!(answer.said(format), "Hello there", "{encoding}");
            let upstream = sim.requests().pop().unwrap();
            assert!(
                !upstream.headers.contains_key("content-encoding"),
                "the provider gets it plain"
            );
        }
        // A small body that would become a large one.
        let bomb = vec![b' '; 64 << 20];
        for (encoding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
            let answer = client
                .call(format, format.path(), &[("content-encoding", encoding)], body)
                .await;
            assert_eq!(answer.status, 413, "{encoding}: {}", answer.text());
            format.error_message(&answer.json());
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}
