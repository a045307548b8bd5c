use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

const TEXT: &[u8] = br#"{"model":"chat","messages":[{"role":"user","content":"hello hello hello"}]}"#;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    compress_to_vec(data, CompressionLevel::Fastest)
}

async fn decode(encoding: Encoding, body: Vec<u8>, limit: usize) -> Result<Bytes, Refusal> {
    encoding.decode(Bytes::from(body), limit).await
}

fn declared(values: &[&'static str]) -> Result<Encoding, Refusal> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
    }
    Encoding::of(&headers)
}

#[test]
fn reads_what_is_declared() {
    for (values, encoding) in [
        (&[][..], Encoding::Identity),
        (&["identity"], Encoding::Identity),
        (&[""], Encoding::Identity),
        (&["gzip"], Encoding::Gzip),
        (&[" GZip "], Encoding::Gzip),
        (&["x-gzip"], Encoding::Gzip),
        (&["zstd"], Encoding::Zstd),
    ] {
        assert_eq!(declared(values), Ok(encoding), "{values:?}");
    }
    for values in [&["br"][..], &["gzip, zstd"], &["gzip", "gzip"]] {
        assert!(
            matches!(declared(values), Err(Refusal::UnknownEncoding { .. })),
            "{values:?}"
        );
    }
}

#[tokio::test]
async fn decodes_each_encoding() {
    assert_eq!(
        decode(Encoding::Identity, TEXT.to_vec(), 1000).await.unwrap(),
        TEXT
    );
    assert_eq!(decode(Encoding::Gzip, gzip(TEXT), 1000).await.unwrap(), TEXT);
    assert_eq!(decode(Encoding::Zstd, zstd(TEXT), 1000).await.unwrap(), TEXT);
}

#[tokio::test]
async fn joins_members_and_frames() {
    let twice = [TEXT, TEXT].concat();
    assert_eq!(
        decode(Encoding::Gzip, [gzip(TEXT), gzip(TEXT)].concat(), 1000)
            .await
            .unwrap(),
        twice
    );
    assert_eq!(
        decode(Encoding::Zstd, [zstd(TEXT), zstd(TEXT)].concat(), 1000)
            .await
            .unwrap(),
        twice
    );
}

#[tokio::test]
async fn takes_exactly_the_limit() {
    for size in [1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE] {
        let data = vec![b'x'; size];
        for (encoding, packed) in [(Encoding::Gzip, gzip(&data)), (Encoding::Zstd, zstd(&data))] {
            assert_eq!(
                decode(encoding, packed.clone(), size).await.unwrap(),
                data,
                "{encoding:?} {size}"
            );
            let refused = decode(encoding, packed, size - 1).await;
            assert_eq!(
                refused,
                Err(Refusal::BodyTooLarge { limit: size - 1 }),
                "{encoding:?} {size}"
            );
        }
    }
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let zeros = vec![0; 64 << 20];
    for (encoding, bomb) in [(Encoding::Gzip, gzip(&zeros)), (Encoding::Zstd, zstd(&zeros))] {
        assert!(
            bomb.len() < zeros.len() / 500,
            "{encoding:?}: {} bytes",
            bomb.len()
        );
        let refused = decode(encoding, bomb, 1 << 20).await;
        assert_eq!(
            refused,
            Err(Refusal::BodyTooLarge { limit: 1 << 20 }),
            "{encoding:?}"
        );
    }
}

/// A decoder gives nothing out before its window is full, so a huge window would hide any amount from the limit.
#[tokio::test]
async fn a_huge_zstd_window_is_refused() {
    let window_of_2_tib = 0xf8;
    let last_rle_block_of_100 = u32::to_le_bytes((100 << 3) | (1 << 1) | 1);
    let frame = |window: u8| {
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, window];
        frame.extend_from_slice(&last_rle_block_of_100[..3]);
        frame.push(b'x');
        frame
    };
    let small = decode(Encoding::Zstd, frame(0), 1000).await.unwrap();
    assert_eq!(small, vec![b'x'; 100], "the frame itself is good");
    let refused = decode(Encoding::Zstd, frame(window_of_2_tib), 1000).await;
    assert_eq!(refused, Err(Refusal::BodyTooLarge { limit: 1000 }));
}

#[tokio::test]
async fn what_does_not_decode_is_said_so() {
    for encoding in [Encoding::Gzip, Encoding::Zstd] {
        let packed = if encoding == Encoding::Gzip {
            gzip(TEXT)
        } else {
            zstd(TEXT)
        };
        let cut = packed[..packed.len() - 1].to_vec();
        let trailing = [packed.as_slice(), b"garbage"].concat();
        for body in [TEXT.to_vec(), cut, trailing] {
            let refused = decode(encoding, body, 1000).await;
            assert!(
                matches!(refused, Err(Refusal::BrokenEncoding { .. })),
                "{encoding:?}: {refused:?}"
            );
        }
    }
}
