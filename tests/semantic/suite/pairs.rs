//! The pairs of texts.

use std::collections::BTreeSet;

pub(crate) const OURS: &str = include_str!("../pairs.tsv");

/// Kinds of which one answer serves both texts.
const SAME: [&str; 2] = ["phrasing", "wording"];

/// Two texts.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// How they differ.
    pub kind: String,
    /// The set it belongs to.
    pub set: String,
    pub texts: [String; 2],
}

impl Pair {
    /// Whether one answer serves both.
    pub(crate) fn is_same(&self) -> bool {
        SAME.contains(&&*self.kind)
    }
}

/// The pairs of a file: lines of fields that tabs divide, the kind first, the texts last. `#` begins a comment.
pub(crate) fn read(content: &str) -> Vec<Pair> {
    let lines = content
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [kind, set, .., a, b] = *fields else {
                panic!("needs a kind, a set and two texts, divided by tabs: {line:?}");
            };
            Pair {
                kind: kind.to_owned(),
                set: set.to_owned(),
                texts: [a.to_owned(), b.to_owned()],
            }
        })
        .collect()
}

/// The kinds, in the order of the file.
pub(crate) fn kinds<'p>(pairs: impl Iterator<Item = &'p Pair>) -> Vec<&'p str> {
    let mut kinds = Vec::new();
    for pair in pairs {
        if !kinds.contains(&&*pair.kind) {
            kinds.push(&pair.kind);
        }
    }
    kinds
}

#[test]
fn there_are_enough_of_each_kind() {
    let pairs = read(OURS);
    let different = pairs.iter().filter(|pair| !pair.is_same()).count();
    assert!(pairs.len() >= 400, "{}", pairs.len());
    assert!(different * 100 / pairs.len() >= 40, "{different}");
    for kind in kinds(pairs.iter()) {
        for (set, least) in [("first", 12), ("second", 7)] {
            let of_it = |pair: &&Pair| pair.kind == kind && pair.set == set;
            let count = pairs.iter().filter(of_it).count();
            assert!(count >= least, "{kind} {set}: {count}");
        }
    }
    assert_eq!(kinds(pairs.iter()).len(), 13);
}

#[test]
fn no_pair_is_there_twice() {
    let mut seen = BTreeSet::new();
    for mut pair in read(OURS) {
        assert_ne!(pair.texts[0], pair.texts[1]);
        pair.texts.sort();
        assert!(seen.insert(pair.texts.clone()), "{:?}", pair.texts);
    }
}
