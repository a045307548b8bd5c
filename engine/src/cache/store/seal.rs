//! How entries lie in a server that others may read: plain, or encrypted with AES-256-GCM.
//!
//! ```text
//! 0 │ entry                                       plain
//! 1 │ nonce, 12 bytes │ encrypted entry │ tag, 16 bytes      the entry's name is authenticated with it
//! ```
//! An entry that was moved to another name, is of another key, or is plain where it should not be, is none.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use wayleave_core::secret::Secret;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// The most that it adds to an entry.
pub(super) const OVERHEAD: usize = 1 + NONCE_LEN + 16;

/// Encrypts and decrypts, or only marks entries as plain.
pub(super) struct Seal(Option<LessSafeKey>);

/// A key that is not 32 bytes in base64. It does not say what it is instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encryption key is not 32 bytes in base64")]
pub(super) struct BadKey;

/// The system has no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRandomness;

impl Seal {
    pub(super) fn new(key: Option<&Secret>) -> Result<Self, BadKey> {
        let Some(key) = key else { return Ok(Self(None)) };
        let bytes = STANDARD.decode(key.expose().trim()).map_err(|_| BadKey)?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| BadKey)?;
        Ok(Self(Some(LessSafeKey::new(key))))
    }

    /// What is to be put under a name.
    pub(super) fn close(&self, name: &str, entry: &[u8]) -> Result<Vec<u8>, NoRandomness> {
        let mut closed = Vec::with_capacity(entry.len() + OVERHEAD);
        let Some(key) = &self.0 else {
            closed.push(PLAIN);
            closed.extend_from_slice(entry);
            return Ok(closed);
        };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| NoRandomness)?;
        let mut text = entry.to_vec();
        let nonce_of_key = Nonce::assume_unique_for_key(nonce);
        let tag = key
            .seal_in_place_separate_tag(nonce_of_key, aad(name), &mut text)
            .map_err(|_| NoRandomness)?;
        closed.push(SEALED);
        closed.extend_from_slice(&nonce);
        closed.append(&mut text);
        closed.extend_from_slice(tag.as_ref());
        Ok(closed)
    }

    /// The entry that was put under a name; `None`: these bytes are none.
    pub(super) fn open(&self, name: &str, closed: Vec<u8>) -> Option<Bytes> {
        match (&self.0, closed.first()?) {
            (None, &PLAIN) => Some(Bytes::from(closed).slice(1..)),
            (Some(key), &SEALED) => {
                let nonce = closed.get(1..=NONCE_LEN)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut closed = closed;
                let sealed = closed.get_mut(1 + NONCE_LEN..)?;
                let length = key.open_in_place(nonce, aad(name), sealed).ok()?.len();
                let start = 1 + NONCE_LEN;
                Some(Bytes::from(closed).slice(start..start + length))
            }
            (None | Some(_), _) => None,
        }
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Seal(encrypts)"
        } else {
            "Seal(plain)"
        })
    }
}

fn aad(name: &str) -> Aad<&[u8]> {
    Aad::from(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "wayleave:1:a/r:c:r";
    const ENTRY: &[u8] = b"an answer that others should not read";

    fn seal(fill: u8) -> Seal {
        Seal::new(Some(&Secret::new(STANDARD.encode([fill; 32])))).unwrap()
    }

    fn plain() -> Seal {
        Seal::new(None).unwrap()
    }

    #[test]
    fn gives_back_what_it_took() {
        for seal in [plain(), seal(7)] {
            for entry in [ENTRY, b"", &[1; 10_000]] {
                let closed = seal.close(NAME, entry).unwrap();
                assert!(closed.len() <= entry.len() + OVERHEAD);
                assert_eq!(seal.open(NAME, closed).as_deref(), Some(entry));
            }
        }
    }

    #[test]
    fn shows_nothing_and_never_the_same_twice() {
        let closed = seal(7).close(NAME, ENTRY).unwrap();
        assert!(
            !closed
                .windows(6)
                .any(|part| ENTRY.windows(6).any(|own| own == part))
        );
        assert_ne!(closed, seal(7).close(NAME, ENTRY).unwrap());
    }

    #[test]
    fn another_name_or_key_or_a_changed_bit_opens_nothing() {
        let closed = seal(7).close(NAME, ENTRY).unwrap();
        assert_eq!(seal(7).open("wayleave:1:a/r:other:r", closed.clone()), None);
        assert_eq!(seal(8).open(NAME, closed.clone()), None);
        for at in 0..closed.len() {
            let mut changed = closed.clone();
            changed[at] ^= 1;
            assert_eq!(seal(7).open(NAME, changed), None, "byte {at}");
            assert_eq!(seal(7).open(NAME, closed[..at].to_vec()), None, "cut at {at}");
        }
    }

    #[test]
    fn plain_and_encrypted_are_never_taken_for_each_other() {
        assert_eq!(seal(7).open(NAME, plain().close(NAME, ENTRY).unwrap()), None);
        assert_eq!(plain().open(NAME, seal(7).close(NAME, ENTRY).unwrap()), None);
        assert_eq!(plain().open(NAME, b"\x02entry".to_vec()), None);
    }

    #[test]
    fn a_key_of_another_length_is_refused_without_showing_it() {
        for bad in ["", "c2hvcnQ=", "not base64!", &STANDARD.encode([1; 33])] {
            let error = Seal::new(Some(&Secret::new(bad))).unwrap_err();
            assert_eq!(error.to_string(), "the encryption key is not 32 bytes in base64");
        }
        assert_eq!(format!("{:?}", seal(7)), "Seal(encrypts)");
    }
}
