//! Where in an object something stands.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// The path of a field, printed as `spec.rules[0].steps[1].race.targets[0].model`. Empty: the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(Vec<Segment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// A member of an object.
    Key(Cow<'static, str>),
    /// An entry of a list, from 0.
    Index(usize),
}

impl FieldPath {
    /// The path of `spec`.
    pub fn spec() -> Self {
        Self::default().key("spec")
    }

    /// The path of a member.
    #[must_use]
    pub fn key(&self, name: impl Into<Cow<'static, str>>) -> Self {
        self.with(Segment::Key(name.into()))
    }

    /// The path of an entry.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// The path of what `rest` names below this one.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// Its steps from the top.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether it names the object itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = Vec::with_capacity(self.0.len() + 1);
        segments.extend_from_slice(&self.0);
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(name) if name.contains(['.', '[', ' ']) => write!(f, "[{name:?}]")?,
                Segment::Key(name) if position == 0 => f.write_str(name)?,
                Segment::Key(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_like_a_path_in_the_manifest() {
        let path = FieldPath::spec().key("rules").index(0).key("when");
        assert_eq!(path.to_string(), "spec.rules[0].when");
        let label = FieldPath::default().key("metadata").key("labels").key("a.b/c");
        assert_eq!(label.to_string(), r#"metadata.labels["a.b/c"]"#);
    }
}
