//! What an answer is kept under.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::digest::{BadDigest, Digest};

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

impl Digest {
    /// The client that has a credential: the value of `x-api-key`, or of `Authorization` without `Bearer`.
    pub fn of_credential(credential: &[u8]) -> Self {
        Self::of([b"credential".as_slice(), credential])
    }

    /// The client that a trusted header names.
    pub fn of_header(value: &[u8]) -> Self {
        Self::of([b"header".as_slice(), value])
    }

    /// All clients of a route.
    pub fn of_everybody() -> Self {
        Self::of([b"route".as_slice()])
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

/// Why a text names nothing that is kept. For people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not a digest.
    #[error("{0}, such as the ledger shows in cache_key")]
    Digest(#[from] BadDigest),
    /// Not a route.
    #[error("a route is written as NAMESPACE/NAME")]
    Route,
    /// Not a scope.
    #[error("a client of a route is written as NAMESPACE/NAME/CLIENT")]
    Scope,
    /// Not a key.
    #[error("a key is written as NAMESPACE/NAME/CLIENT/REQUEST, such as the ledger shows in cache_key")]
    Key,
}

impl FromStr for Scope {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (route, client) = text.rsplit_once('/').ok_or(BadName::Scope)?;
        Ok(Self {
            route: route_name(route)?,
            client: client.parse()?,
        })
    }
}

impl FromStr for Key {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (scope, request) = text.rsplit_once('/').ok_or(BadName::Key)?;
        Ok(Self {
            scope: scope.parse().map_err(|_| BadName::Key)?,
            request: request.parse()?,
        })
    }
}

/// Reads `NAMESPACE/NAME`.
///
/// # Errors
/// When it is something else.
pub fn route_name(text: &str) -> Result<Arc<str>, BadName> {
    let parts = text.split('/').collect::<Vec<_>>();
    match parts.as_slice() {
        [namespace, name] if !namespace.is_empty() && !name.is_empty() => Ok(text.into()),
        _ => Err(BadName::Route),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            scope: Scope {
                route: "team/chat".into(),
                client: Digest::of_credential(b"sk-1"),
            },
            request: Digest::of([b"what".as_slice()]),
        }
    }

    #[test]
    fn names_are_read_as_they_are_shown() {
        let key = key();
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert_eq!(key.scope.to_string().parse(), Ok(key.scope.clone()));
    }

    #[test]
    fn anything_else_is_told_apart() {
        let digest = "0123456789abcdef0123456789abcdef";
        for text in ["chat", "/chat", "team/", "a/b/c", "", "/"] {
            assert_eq!(route_name(text), Err(BadName::Route), "{text}");
        }
        assert_eq!(digest.parse::<Scope>(), Err(BadName::Scope));
        assert_eq!(format!("chat/{digest}").parse::<Scope>(), Err(BadName::Route));
        assert_eq!("team/chat/sk-1".parse::<Scope>(), Err(BadName::Digest(BadDigest)));
        assert_eq!(digest.parse::<Key>(), Err(BadName::Key));
        assert_eq!(format!("team/chat/{digest}").parse::<Key>(), Err(BadName::Key));
        assert_eq!(
            format!("team/chat/{digest}/x").parse::<Key>(),
            Err(BadName::Digest(BadDigest))
        );
    }

    #[test]
    fn clients_of_different_kinds_are_different() {
        let all = [
            Digest::of_credential(b"route"),
            Digest::of_header(b"route"),
            Digest::of_everybody(),
        ];
        assert_ne!(all[0], all[1]);
        assert_ne!(all[1], all[2]);
        assert_ne!(all[0], all[2]);
    }
}
