//! The credential that a client shows, by which clients are told apart.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::digest::Digest;

/// The headers in which the official SDKs send a credential, beside `Authorization`.
const NAMED: [&str; 3] = ["x-api-key", "x-goog-api-key", "api-key"];

/// The hexadecimal digits by which the ledger names a client.
const SHOWN_DIGITS: usize = 16;

/// What stands before a credential in `Authorization`.
const SCHEME: &[u8] = b"bearer";

/// The credential that a client shows; the same key in the header of another SDK is the same. `None`: it shows none.
pub fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).map(|value| {
        let value = value.as_bytes().trim_ascii();
        match value.split_at_checked(SCHEME.len()) {
            Some((scheme, credential)) if scheme.eq_ignore_ascii_case(SCHEME) && !is_word(credential) => {
                credential.trim_ascii()
            }
            Some(_) | None => value,
        }
    });
    let named = || NAMED.iter().find_map(|name| headers.get(*name));
    let credential = bearer.or_else(|| named().map(http::HeaderValue::as_bytes))?;
    (!credential.is_empty()).then_some(credential)
}

/// Whether a word goes on here.
fn is_word(rest: &[u8]) -> bool {
    rest.first().is_some_and(|byte| !byte.is_ascii_whitespace())
}

/// What the ledger calls a client: the beginning of the digest of its credential, which is also that of the client in
/// the keys of a cache. `None`: it shows no credential.
pub fn client(headers: &HeaderMap) -> Option<String> {
    let mut name = Digest::of_credential(shown(headers)?).to_string();
    name.truncate(SHOWN_DIGITS);
    Some(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn named(name: &'static str, value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        client(&headers)
    }

    #[test]
    fn a_client_has_one_name_whatever_its_sdk() {
        let name = named("authorization", "Bearer sk-1").unwrap();
        assert_eq!(name.len(), 16);
        assert!(Digest::of_credential(b"sk-1").to_string().starts_with(&name));
        for (header, value) in [
            ("authorization", "bearer  sk-1 "),
            ("x-api-key", "sk-1"),
            ("x-goog-api-key", "sk-1"),
            ("api-key", "sk-1"),
        ] {
            assert_eq!(named(header, value).as_deref(), Some(&*name), "{header}: {value}");
        }
        assert_ne!(named("x-api-key", "sk-2"), Some(name));
    }

    #[test]
    fn who_shows_nothing_has_none() {
        assert_eq!(client(&HeaderMap::new()), None);
        assert_eq!(named("x-api-key", ""), None);
        assert_eq!(named("authorization", "Bearer "), None);
        assert_eq!(named("authorization", "Bearers"), named("x-api-key", "Bearers"));
        assert_eq!(named("x-other", "sk-1"), None);
    }
}
