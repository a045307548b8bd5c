//! Short names for what may be long or secret.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};

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

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// As a number between 0 and 1, neither of them itself; evenly spread.
    #[expect(clippy::cast_precision_loss, reason = "52 bits fit")]
    pub fn unit(self) -> f64 {
        let bits = u128::from_be_bytes(self.0) >> 76;
        (bits as f64 + 0.5) / (1_u64 << 52) as f64
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

/// Why a text is not a digest. For people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 32 hexadecimal digits")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let digits = text.as_bytes();
        // No sign and no blank, which numbers may have.
        if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(BadDigest);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| BadDigest)?;
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_shown() {
        let what = Digest::of([b"what".as_slice()]);
        for digest in [what, Digest([0; 16]), Digest([255; 16])] {
            assert_eq!(digest.to_string().parse(), Ok(digest));
            assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "0123456789abcdef0123456789abcde",
            "0123456789abcdef0123456789abcdef0",
            "+123456789abcdef0123456789abcdef",
            "0123456789abcdef 123456789abcdef",
            "ü123456789abcdef0123456789abcde",
        ] {
            assert_eq!(text.parse::<Digest>(), Err(BadDigest), "{text}");
        }
    }
}
