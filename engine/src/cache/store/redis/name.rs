//! Under which names entries lie in a server, `wayleave:1:ROUTE:CLIENT:REQUEST`, and what similar requests are found by:
//! `wayleave:1:ROUTE:CLIENT:GROUP:similar`.
//!
//! The number is the version of all that is put there. There is no hash tag: a cluster spreads entries over its nodes.

use wayleave_core::cache::key::Key;

use crate::cache::store::Purge;

const BEFORE: &str = "wayleave:1:";
/// No entry's name ends so: it ends with a digest.
const SIMILAR: &str = ":similar";

/// The name of an entry.
pub(super) fn of(key: &Key) -> String {
    let scope = &key.scope;
    format!("{BEFORE}{}:{}:{}", scope.route, scope.client, key.request)
}

/// The name of the vectors of a group.
pub(super) fn of_group(group: &Key) -> String {
    of(group) + SIMILAR
}

/// Whether it is the name of an entry.
pub(super) fn is_of_entry(name: &str) -> bool {
    !name.ends_with(SIMILAR)
}

/// What names look like that a purge takes, as SCAN understands it.
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
        let name = format!("wayleave:1:a/r*[b-c]:{client}:{request}");
        assert_eq!(of(&key), name);
        assert_eq!(of_group(&key), format!("{name}:similar"));
        assert!(is_of_entry(&name) && !is_of_entry(&of_group(&key)));
        let route = r"wayleave:1:a/r\*\[b-c\]";
        assert_eq!(pattern(&Purge::Route(scope.route.clone())), format!("{route}:*"));
        assert_eq!(pattern(&Purge::Scope(scope)), format!("{route}:{client}:*"));
    }
}
