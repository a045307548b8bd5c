//! Under which names entries lie in a server: `wayleave:1:ROUTE:CLIENT:REQUEST`.
//!
//! The number is the version of all that is put there. There is no hash tag: a cluster spreads entries over its nodes.

use wayleave_core::cache::key::Key;

use crate::cache::store::Purge;

const BEFORE: &str = "wayleave:1:";

/// The name of an entry.
pub(super) fn of(key: &Key) -> String {
    let scope = &key.scope;
    format!("{BEFORE}{}:{}:{}", scope.route, scope.client, key.request)
}

/// What names of entries look like that a purge takes, as SCAN understands it.
pub(super) fn pattern(which: &Purge) -> String {
    match which {
        Purge::Route(route) => format!("{BEFORE}{}:*", literal(route)),
        Purge::Scope(scope) => format!("{BEFORE}{}:{}:*", literal(&scope.route), scope.client),
        Purge::Key(key) => literal(&of(key)),
    }
}

/// Names of Kubernetes objects have none of these signs; a folder of manifests may say anything.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, '*' | '?' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(sign);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wayleave_core::cache::key::{Digest, Scope};

    use super::*;

    #[test]
    fn a_pattern_takes_only_what_it_says() {
        let scope = Scope {
            route: Arc::from("a/r*[b-c]"),
            client: Digest::of([b"client".as_slice()]),
        };
        let key = Key {
            scope: scope.clone(),
            request: Digest::of([b"request".as_slice()]),
        };
        let (client, request) = (scope.client, key.request);
        assert_eq!(of(&key), format!("wayleave:1:a/r*[b-c]:{client}:{request}"));
        let route = r"wayleave:1:a/r\*\[b-c\]";
        assert_eq!(pattern(&Purge::Route(scope.route.clone())), format!("{route}:*"));
        assert_eq!(pattern(&Purge::Scope(scope)), format!("{route}:{client}:*"));
    }
}
