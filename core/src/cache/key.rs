//! What an answer is kept under.

use std::fmt;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

/// Under which an answer is kept: never shared between routes or clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whose it is.
    pub scope: Scope,
    /// The request.
    pub request: Digest,
}

/// Who shares answers. A hard part of each key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `NAMESPACE/NAME` of the route.
    pub route: Arc<str>,
    /// The client; all clients of the route where they share.
    pub client: Digest,
}

/// The beginning of a SHA-256: 128 bits, in hexadecimal where it is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Of several parts: other cuts between them give another digest.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut first = [0; 16];
        first
            .iter_mut()
            .zip(hash.finish().as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(first)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut text = [0; 32];
        for (to, digit) in text.iter_mut().zip(digits) {
            *to = DIGITS.get(usize::from(digit)).copied().unwrap_or_default();
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `ROUTE/CLIENT/REQUEST`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.request)
    }
}

/// `ROUTE/CLIENT`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.route, self.client)
    }
}
