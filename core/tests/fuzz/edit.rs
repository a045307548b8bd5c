//! Damage to JSON.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::tree::Tree;

/// One damage.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Remove(Index),
    Replace(Index, String),
    /// A member or an item comes again.
    Double(Index),
    /// A value stands elsewhere as well.
    Copy(Index, Index),
    /// A value becomes the only item of a list.
    Wrap(Index),
    /// A value lies in so many lists or objects.
    Bury(Index, usize, bool),
    Rename(Index, String),
    /// A text is cut or goes on.
    Append(Index, String),
}

/// Values of every kind, in place or not; some are no JSON at all.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "1e999",
    "1.5",
    "18446744073709551616",
    "-9223372036854775809",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[{}]",
    "{\"type\":null}",
    "{\"type\":\"text\"}",
    "{\"text\":\"x\"}",
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\u0000""#,
    r#""\ud83d\ude00""#,
    "\"\\uD8\"",
    "\"data:;base64,\"",
    "\"data:image/png;base64,\"",
    "\"data:,\"",
    "\"wayleave.google.\"",
    "\"wayleave.\"",
    "\"https://\"",
    "\"text\"",
    "\"function\"",
    "\"user\"",
    "\"model\"",
    "\"assistant\"",
    "\"tool\"",
    "\"auto\"",
    "\"{\"",
    "\"{}\"",
    "\"{\\\"a\\\":1}\"",
    "\"[DONE]\"",
    "\"stop\"",
    "\"é\u{2028}\u{1F600}\"",
    "tru",
    "\"abc",
    "{",
    "]",
    "",
    "01",
    "NaN",
    "/* */ 1",
];

const NAMES: &[&str] = &[
    "",
    "type",
    "role",
    "content",
    "text",
    "id",
    "index",
    "name",
    "input",
    "parts",
    "tool_calls",
    "functionCall",
    "choices",
    "usage",
    "error",
    "a.b",
    "a[0]",
    "é\"\\\n",
    "delta",
    "message",
    "output",
    "stream",
    "model",
];

/// One damage of any kind.
fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    let value = || prop_oneof![8 => select(VALUES).prop_map(str::to_owned), 1 => number(), 1 => text()];
    prop_oneof![
        4 => index().prop_map(Edit::Remove),
        6 => (index(), value()).prop_map(|(at, value)| Edit::Replace(at, value)),
        2 => index().prop_map(Edit::Double),
        3 => (index(), index()).prop_map(|(from, to)| Edit::Copy(from, to)),
        1 => index().prop_map(Edit::Wrap),
        1 => (index(), prop_oneof![1..8_usize, 100..160_usize], any::<bool>())
            .prop_map(|(at, deep, list)| Edit::Bury(at, deep, list)),
        2 => (index(), select(NAMES)).prop_map(|(at, name)| Edit::Rename(at, name.to_owned())),
        1 => (index(), text()).prop_map(|(at, text)| Edit::Append(at, text)),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}"))
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        "[a-z<>/{}\\[\\]]{0,12}".prop_map(|text| format!("\"{text}\"")),
    ]
}

/// Some damages; now and then none.
pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..5)
}

/// The most values that damage makes of a sample.
const MOST: usize = 2_000;

pub(crate) fn apply(tree: &mut Tree, edits: &[Edit]) {
    for edit in edits {
        if tree.size() < MOST {
            edit.apply(tree);
        }
    }
}

impl Edit {
    fn apply(&self, tree: &mut Tree) {
        let size = tree.size();
        match self {
            Self::Remove(at) => in_parent(tree, at.index(size), |parent, index| match parent {
                Tree::Object(members) => drop(members.remove(index)),
                Tree::List(items) => drop(items.remove(index)),
                Tree::Leaf(_) => {}
            }),
            Self::Double(at) => in_parent(tree, at.index(size), |parent, index| match parent {
                Tree::Object(members) => members.push(members[index].clone()),
                Tree::List(items) => items.push(items[index].clone()),
                Tree::Leaf(_) => {}
            }),
            Self::Rename(at, name) => in_parent(tree, at.index(size), |parent, index| {
                if let Tree::Object(members) = parent {
                    members[index].0.clone_from(name);
                }
            }),
            Self::Copy(from, to) => {
                let copy = tree.at(from.index(size)).map(|tree| tree.clone());
                replace(tree, to.index(size), |_| copy.unwrap_or(Tree::List(Vec::new())));
            }
            Self::Replace(at, value) => replace(tree, at.index(size), |_| Tree::Leaf(value.clone())),
            Self::Wrap(at) => replace(tree, at.index(size), |old| Tree::List(vec![old])),
            Self::Bury(at, deep, list) => replace(tree, at.index(size), |old| {
                (0..*deep).fold(old, |old, _| {
                    if *list {
                        Tree::List(vec![old])
                    } else {
                        Tree::Object(vec![("x".to_owned(), old)])
                    }
                })
            }),
            Self::Append(at, text) => replace(tree, at.index(size), |old| match &old {
                Tree::Leaf(known) if known.starts_with('"') => Tree::Leaf(format!(
                    "{}{}",
                    known.trim_end_matches('"'),
                    text.trim_start_matches('"')
                )),
                Tree::Leaf(_) | Tree::List(_) | Tree::Object(_) => old,
            }),
        }
    }
}

fn replace(tree: &mut Tree, number: usize, with: impl FnOnce(Tree) -> Tree) {
    if let Some(place) = tree.at(number) {
        let old = std::mem::replace(place, Tree::List(Vec::new()));
        *place = with(old);
    }
}

/// The value of a number in what holds it, unless it is the whole.
fn in_parent(tree: &mut Tree, number: usize, change: impl FnOnce(&mut Tree, usize)) {
    let Some(mut left) = number.checked_sub(1) else {
        return;
    };
    let sizes: Vec<_> = match tree {
        Tree::Leaf(_) => Vec::new(),
        Tree::List(items) => items.iter().map(Tree::size).collect(),
        Tree::Object(members) => members.iter().map(|(_, value)| value.size()).collect(),
    };
    for (index, size) in sizes.into_iter().enumerate() {
        if left == 0 {
            return change(tree, index);
        }
        if left < size {
            let child = match tree {
                Tree::List(items) => &mut items[index],
                Tree::Object(members) => &mut members[index].1,
                Tree::Leaf(_) => return,
            };
            return in_parent(child, left, change);
        }
        left -= size;
    }
}
