//! Under which names entries lie in a server, `wayleave:1:ROUTE:CLIENT:REQUEST`, and what similar requests are found by:
//! `wayleave:1:ROUTE:CLIENT:GROUP:similar`, or where each has one `wayleave:1:ROUTE:CLIENT:GROUP:REQUEST:similar`. What a
//! purge has taken is noted under `wayleave:1:purged/ROUTE`, `wayleave:1:purged/ROUTE/CLIENT`, or with `/REQUEST`.
//!
//! The number is the version of all that is put there. There is no hash tag: a cluster spreads entries over its nodes.

use wayleave_core::cache::key::Key;
use wayleave_core::digest::Digest;

use crate::cache::store::Purge;

/// What all names begin with.
pub(super) const BEFORE: &str = "wayleave:1:";
/// No entry's name ends so: it ends with a digest.
const SIMILAR: &str = ":similar";
/// What the names of the notes of purges begin with.
const PURGED: &str = "wayleave:1:purged/";

/// The name of an entry.
pub(super) fn of(key: &Key) -> String {
    let scope = &key.scope;
    format!("{BEFORE}{}:{}:{}", scope.route, scope.client, key.request)
}

/// The name of the vectors of a group.
pub(super) fn of_group(group: &Key) -> String {
    of(group) + SIMILAR
}

/// The name of one of the vectors of a group, and its words.
pub(super) fn of_item(group: &Key, request: Digest) -> String {
    format!("{}:{request}{SIMILAR}", of(group))
}

/// Which request of a group this is the name of; `None`: it is of another one, or none at all.
pub(super) fn request_of(group: &Key, name: &str) -> Option<Digest> {
    let rest = name.strip_prefix(&*of(group))?.strip_prefix(':')?;
    rest.strip_suffix(SIMILAR)?.parse().ok()
}

/// The name of the index of vectors that have so many dimensions. No key has it.
pub(super) fn of_index(dimensions: usize) -> String {
    format!("{BEFORE}{dimensions}{SIMILAR}")
}

/// The name of the note that a purge leaves. No purge takes it: no route's name has two slashes before a colon.
pub(super) fn of_purge(which: &Purge) -> String {
    match which {
        Purge::Route(route) => format!("{PURGED}{route}"),
        Purge::Scope(scope) => format!("{PURGED}{scope}"),
        Purge::Key(key) => format!("{PURGED}{key}"),
    }
}

/// The names of the notes of all purges that take a key.
pub(super) fn of_purges(key: &Key) -> [String; 3] {
    let scope = &key.scope;
    [
        Purge::Route(scope.route.clone()),
        Purge::Scope(scope.clone()),
        Purge::Key(key.clone()),
    ]
    .map(|which| of_purge(&which))
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

/// What the names look like of the vectors of all groups that an entry may be in.
pub(super) fn pattern_of_groups(key: &Key) -> String {
    let scope = &key.scope;
    format!("{BEFORE}{}:{}:*{SIMILAR}", literal(&scope.route), scope.client)
}

/// What the name of the one vector of an entry looks like, whatever its group is.
pub(super) fn pattern_of_item(key: &Key) -> String {
    let scope = &key.scope;
    let (route, client, request) = (literal(&scope.route), scope.client, key.request);
    format!("{BEFORE}{route}:{client}:*:{request}{SIMILAR}")
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

    use wayleave_core::cache::key::Scope;
    use wayleave_core::digest::Digest;

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
        let other = Digest::of([b"other".as_slice()]);
        assert_eq!(of_item(&key, other), format!("{name}:{other}:similar"));
        assert!(is_of_entry(&name) && !is_of_entry(&of_group(&key)) && !is_of_entry(&of_item(&key, other)));
        let route = r"wayleave:1:a/r\*\[b-c\]";
        assert_eq!(pattern(&Purge::Route(scope.route.clone())), format!("{route}:*"));
        assert_eq!(pattern(&Purge::Scope(scope)), format!("{route}:{client}:*"));
        assert_eq!(pattern_of_groups(&key), format!("{route}:{client}:*:similar"));
        assert_eq!(
            pattern_of_item(&key),
            format!("{route}:{client}:*:{request}:similar")
        );
    }

    #[test]
    fn a_key_is_taken_by_what_is_noted_of_it_its_client_or_its_route() {
        let scope = Scope {
            route: Arc::from("a/r"),
            client: Digest::of([b"client".as_slice()]),
        };
        let key = Key {
            scope: scope.clone(),
            request: Digest::of([b"request".as_slice()]),
        };
        let (client, request) = (scope.client, key.request);
        let note = "wayleave:1:purged/a/r";
        let notes = [
            note.to_owned(),
            format!("{note}/{client}"),
            format!("{note}/{client}/{request}"),
        ];
        assert_eq!(of_purges(&key), notes);
        let purges = [
            Purge::Route(scope.route.clone()),
            Purge::Scope(scope),
            Purge::Key(key),
        ];
        assert_eq!(purges.each_ref().map(of_purge), notes);
        for purge in &purges {
            assert!(!note.starts_with(pattern(purge).trim_end_matches('*')));
        }
    }

    #[test]
    fn only_a_name_of_the_group_is_read() {
        let group = |client: &str| Key {
            scope: Scope {
                route: Arc::from("a/r"),
                client: Digest::of([client.as_bytes()]),
            },
            request: Digest::of([b"around".as_slice()]),
        };
        let request = Digest::of([b"request".as_slice()]);
        let name = of_item(&group("a"), request);
        assert_eq!(request_of(&group("a"), &name), Some(request));
        for other in [
            of_item(&group("b"), request),
            of_group(&group("a")),
            of(&group("a")),
            name.replace(":similar", ""),
            name.replace(":similar", "x:similar"),
        ] {
            assert_eq!(request_of(&group("a"), &other), None, "{other}");
        }
    }
}
