//! A kept answer: the provider's own bytes, with what it takes to read them again.
//!
//! An entry is served like a provider that answers at once, so it reaches every client format, streamed or not, exactly as
//! the provider's answer itself would. In a store it is
//!
//! ```text
//! "wayleave" 1 | length of the head, 4 bytes | head, JSON | body, LZ4 where that is shorter
//! ```
//! What is of another version, too long, damaged, or of another key is no entry.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::digest::Digest;
use crate::format::{Framing, WireFormat};
use crate::money::Ticks;
use crate::relay::ProviderShape;
use crate::usage::Usage;
use crate::vendor::Vendor;

const MAGIC: &[u8; 9] = b"wayleave\x01";
const LENGTH: usize = 4;
/// No head is nearly as long.
const LONGEST_HEAD: usize = 64 << 10;
/// Shorter bodies gain nothing.
const WORTH_PACKING: usize = 1 << 10;

/// A kept answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where it comes from.
    pub from: Provenance,
    /// The provider's bytes.
    pub body: Bytes,
}

/// Where a kept answer comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// When it was kept.
    pub kept: Timestamp,
    /// The call that it answered.
    pub call: String,
    /// `NAMESPACE/NAME` of the provider key that served.
    pub provider: String,
    /// The model that was asked for.
    pub model: String,
    /// The model that the provider says it served.
    pub served: Option<String>,
    /// The provider's row, which tells how it deviates from its format.
    pub vendor: String,
    /// The provider's format.
    pub format: WireFormat,
    /// How its answer is framed.
    pub framing: Framing,
    /// What was used.
    pub usage: Usage,
    /// What the answer cost; `None`: nobody has a price.
    pub cost: Option<Ticks>,
}

/// Bytes that are no entry of this version and this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEntry {
    /// Another version, or nothing of ours.
    #[error("of another version, or no entry at all")]
    Foreign,
    /// Ours, but not whole, or of another key.
    #[error("damaged, or of another key")]
    Damaged,
    /// Its body is longer than the policy allows.
    #[error("longer than the policy allows")]
    TooLarge,
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    /// As text. An entry that was put in another place is not found there.
    #[serde(borrow)]
    key: Cow<'a, str>,
    from: Cow<'a, Provenance>,
    /// Of the body as it came.
    length: usize,
    #[serde(borrow)]
    digest: Cow<'a, str>,
    packed: bool,
}

impl Provenance {
    /// How the answer is read; `None`: a vendor that this version does not know.
    pub fn shape(&self) -> Option<ProviderShape> {
        let vendor = Vendor::named(&self.vendor)?;
        Some(ProviderShape {
            format: self.format,
            framing: self.framing,
            quirks: vendor.speaking(self.format).quirks,
        })
    }
}

impl Entry {
    /// How its body is read; `None`: a vendor that this version does not know.
    pub fn shape(&self) -> Option<ProviderShape> {
        self.from.shape()
    }

    /// The most bytes in a store of an answer of at most `most` bytes.
    pub const fn longest(most: usize) -> usize {
        MAGIC.len() + LENGTH + LONGEST_HEAD + most
    }

    /// As it stands in a store.
    pub fn encode(&self, key: &Key) -> Bytes {
        let packed = Some(&self.body)
            .filter(|body| body.len() >= WORTH_PACKING)
            .map(|body| lz4_flex::block::compress(body))
            .filter(|packed| packed.len() < self.body.len());
        let head = Head {
            key: key.to_string().into(),
            from: Cow::Borrowed(&self.from),
            length: self.body.len(),
            digest: Digest::of([&*self.body]).to_string().into(),
            packed: packed.is_some(),
        };
        // Texts, numbers and dates: always JSON.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let body = packed.as_deref().unwrap_or(&self.body);
        let mut out = BytesMut::with_capacity(MAGIC.len() + LENGTH + head.len() + body.len());
        out.put_slice(MAGIC);
        out.put_u32(u32::try_from(head.len()).unwrap_or(u32::MAX));
        out.put_slice(&head);
        out.put_slice(body);
        out.freeze()
    }

    /// Reads what stands in a store under a key.
    ///
    /// # Errors
    /// When it is not an entry of this version and this key with at most `most` bytes: that is a miss.
    pub fn decode(bytes: &Bytes, key: &Key, most: usize) -> Result<Self, NotAnEntry> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(NotAnEntry::Foreign)?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>().ok_or(NotAnEntry::Damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > LONGEST_HEAD {
            return Err(NotAnEntry::Damaged);
        }
        let head = rest.get(..length).ok_or(NotAnEntry::Damaged)?;
        let body = rest.get(length..).ok_or(NotAnEntry::Damaged)?;
        let head: Head<'_> = serde_json::from_slice(head).map_err(|_| NotAnEntry::Damaged)?;
        if head.length > most {
            return Err(NotAnEntry::TooLarge);
        }
        let body = if head.packed {
            let body = lz4_flex::block::decompress(body, head.length);
            Bytes::from(body.map_err(|_| NotAnEntry::Damaged)?)
        } else {
            bytes.slice_ref(body)
        };
        let whole = body.len() == head.length && Digest::of([&*body]).to_string() == head.digest;
        if !whole || head.key != key.to_string() {
            return Err(NotAnEntry::Damaged);
        }
        Ok(Self {
            from: head.from.into_owned(),
            body,
        })
    }
}

#[cfg(test)]
mod tests;
