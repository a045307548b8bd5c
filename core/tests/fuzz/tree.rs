//! JSON that need not be valid: members may come twice, and a leaf may be any text.

use std::fmt::Write as _;

use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Object(Vec<(String, Tree)>),
    List(Vec<Tree>),
    Leaf(String),
}

impl From<&Value> for Tree {
    fn from(value: &Value) -> Self {
        match value {
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), value.into()))
                    .collect(),
            ),
            Value::Array(items) => Self::List(items.iter().map(Into::into).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Self::Leaf(value.to_string())
            }
        }
    }
}

impl Tree {
    /// As text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Leaf(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    write!(out, "{}:", Value::from(name.as_str())).expect("a string");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// How many values there are, itself included.
    pub(crate) fn size(&self) -> usize {
        let inside: usize = match self {
            Self::Leaf(_) => 0,
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.size()).sum(),
        };
        1 + inside
    }

    /// The value of this number, itself being 0.
    pub(crate) fn at(&mut self, mut number: usize) -> Option<&mut Self> {
        if number == 0 {
            return Some(self);
        }
        number -= 1;
        for child in self.children() {
            let size = child.size();
            if number < size {
                return child.at(number);
            }
            number -= size;
        }
        None
    }

    fn children(&mut self) -> Box<dyn Iterator<Item = &mut Self> + '_> {
        match self {
            Self::Leaf(_) => Box::new(std::iter::empty()),
            Self::List(items) => Box::new(items.iter_mut()),
            Self::Object(members) => Box::new(members.iter_mut().map(|(_, value)| value)),
        }
    }

    /// Whether a path as errors tell it (`messages[2].content`) leads to a value, or to a place where one is missing.
    pub(crate) fn has_place(&self, path: &str) -> bool {
        let path = path.replace('[', ".[");
        let steps: Vec<_> = path.split('.').filter(|step| !step.is_empty()).collect();
        self.leads(&steps)
    }

    fn leads(&self, steps: &[&str]) -> bool {
        let [step, rest @ ..] = steps else { return true };
        match self {
            // Its text may be anything.
            Self::Leaf(text) => {
                !rest.is_empty() || text.starts_with(['{', '[', '"']) || step.starts_with('[')
            }
            Self::List(items) => {
                let index = step.trim_matches(['[', ']']).parse::<usize>();
                index.is_ok_and(|index| items.get(index).is_some_and(|item| item.leads(rest)))
            }
            Self::Object(members) => {
                let mut named = members.iter().filter(|(name, _)| name == step).peekable();
                let missing = named.peek().is_none();
                missing || named.any(|(_, value)| value.leads(rest))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_a_number_and_a_place() {
        let value = json!({"a": [1, {"b": "x"}], "c": null});
        let mut tree = Tree::from(&value);
        assert_eq!((tree.text(), tree.size()), (value.to_string(), 6));
        assert_eq!(tree.at(4).expect("a value").text(), "\"x\"");
        assert!(tree.at(6).is_none());
        assert!(tree.has_place("a[1].b") && tree.has_place("a[1].missing"));
        assert!(!tree.has_place("a[2].b") && !tree.has_place("a.b"));
    }
}
