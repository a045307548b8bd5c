//! Content-encodings: what a body is packed in, and unpacking it within a limit.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use wayleave_core::refusal::Refusal;

/// Decoded bytes between two looks at whether another task wants the thread (about 0.2 ms of work).
const SLICE: usize = 64 << 10;

/// The window that any zstd decoder is to support (RFC 8878, 3.1.1.1.2), and the level up to which a body's own size
/// does not matter.
const USUAL_WINDOW: usize = 8 << 20;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames.
    Zstd,
}

impl Encoding {
    /// What a request's headers declare.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return match headers.get_all(CONTENT_ENCODING).iter().count() {
                0 => Ok(Self::Identity),
                _ => Err(Refusal::UnknownEncoding {
                    found: "several lines".to_owned(),
                }),
            };
        };
        let text = String::from_utf8_lossy(value.as_bytes());
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Refusal::UnknownEncoding {
                found: super::shortened(&text),
            }),
        }
    }

    /// Unpacks a body. Stops as soon as more than `limit` bytes have come out, so that a small body that unpacks to a
    /// huge one costs no more than a huge one. Gives way to other tasks on the way.
    pub(crate) async fn decode(self, body: Bytes, limit: usize) -> Result<Bytes, Refusal> {
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => self
                .read(MultiGzDecoder::new(&*body), Vec::new(), limit)
                .await
                .map(Bytes::from),
            Self::Zstd => self.decode_frames(&body, limit).await.map(Bytes::from),
        }
    }

    async fn decode_frames(self, mut body: &[u8], limit: usize) -> Result<Vec<u8>, Refusal> {
        let mut decoded = Vec::new();
        let mut frames = FrameDecoder::new();
        frames.set_max_window_size(u64::try_from(limit.max(USUAL_WINDOW)).unwrap_or(u64::MAX));
        while !body.is_empty() {
            let frame = match StreamingDecoder::new_with_decoder(&mut body, &mut frames) {
                Ok(frame) => frame,
                Err(FrameDecoderError::WindowSizeTooBig { .. }) => {
                    return Err(Refusal::BodyTooLarge { limit });
                }
                Err(_) => return Err(self.broken()),
            };
            decoded = self.read(frame, decoded, limit).await?;
        }
        Ok(decoded)
    }

    async fn read(
        self,
        mut source: impl Read,
        mut decoded: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<u8>, Refusal> {
        loop {
            let slice = u64::try_from(SLICE.min(limit - decoded.len() + 1)).unwrap_or(u64::MAX);
            let read = source
                .by_ref()
                .take(slice)
                .read_to_end(&mut decoded)
                .map_err(|_| self.broken())?;
            if decoded.len() > limit {
                return Err(Refusal::BodyTooLarge { limit });
            }
            if read < SLICE {
                return Ok(decoded);
            }
            tokio::task::yield_now().await;
        }
    }

    fn broken(self) -> Refusal {
        let encoding = match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        };
        Refusal::BrokenEncoding {
            encoding: encoding.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
