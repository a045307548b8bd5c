//! JSON objects, read member by member: what is not asked for stays unparsed, and an error says where.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::BadRequest;

/// Where a value stands in the body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(crate) const fn member(&'p self, name: &'p str) -> Self {
        Self::Member(self, name)
    }

    pub(crate) const fn item(&'p self, index: usize) -> Self {
        Self::Item(self, index)
    }

    /// `problem` follows the path in the message: "is missing; …".
    pub(crate) fn error(&self, problem: impl fmt::Display) -> BadRequest {
        match self {
            Self::Root => BadRequest {
                message: format!("the body {problem}"),
                param: None,
            },
            Self::Member(..) | Self::Item(..) => BadRequest {
                message: format!("`{self}` {problem}"),
                param: Some(self.to_string()),
            },
        }
    }

    /// The value is there, but not what it has to be.
    pub(crate) fn mismatch(&self, raw: &RawValue, expected: &str) -> BadRequest {
        self.error(format_args!("is {}; send {expected}", Kind::of(raw)))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// The six kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

impl Kind {
    /// A raw value is valid JSON without surrounding white space, so its first byte tells.
    pub(crate) fn of(raw: &RawValue) -> Self {
        match raw.get().as_bytes().first() {
            Some(b'n') | None => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::Text,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            Some(_) => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// Text that borrows from the body unless it has escapes. (`Option<Cow<str>>` and map keys never borrow in serde.)
#[derive(serde::Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The members of one object that were not taken yet. `null` counts as absent. No member may come twice: readers
/// disagree about which of two counts, so policy and the provider could see different requests.
pub(crate) struct Object<'a, 'p> {
    path: &'p Path<'p>,
    members: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

impl<'a, 'p> Object<'a, 'p> {
    /// Reads a whole body. An error of syntax has line and column.
    pub(crate) fn root(body: &'a str, path: &'p Path<'p>) -> Result<Self, BadRequest> {
        let start = body.trim_start_matches([' ', '\n', '\r', '\t']);
        if start.is_empty() {
            return Err(path.error("is empty; send a JSON object"));
        }
        if !start.starts_with('{') {
            return Err(path.error("does not begin with `{`; send a JSON object"));
        }
        let Members(members) = serde_json::from_str(body).map_err(|error| {
            path.error(format_args!(
                "is not a valid JSON object: {error}; correct it there"
            ))
        })?;
        Ok(Self { path, members })
    }

    /// Reads one value of a body that is known to be valid.
    pub(crate) fn read(raw: &'a RawValue, path: &'p Path<'p>) -> Result<Self, BadRequest> {
        if Kind::of(raw) != Kind::Object {
            return Err(path.mismatch(raw, "an object"));
        }
        let Members(members) = serde_json::from_str(raw.get())
            .map_err(|error| path.error(format_args!("cannot be read: {}", without_position(&error))))?;
        Ok(Self { path, members })
    }

    /// With every name in camel case, as Google's servers take both (`inline_data` is `inlineData`). Of two that become
    /// one the other keeps its name.
    pub(crate) fn in_camel_case(self) -> Self {
        let (snakes, mut members): (BTreeMap<_, _>, BTreeMap<_, _>) =
            self.members.into_iter().partition(|(name, _)| name.contains('_'));
        for (name, raw) in snakes {
            let camel = camel_case(&name);
            let name = if members.contains_key(camel.as_str()) {
                name
            } else {
                Cow::Owned(camel)
            };
            members.insert(name, raw);
        }
        Self { members, ..self }
    }

    pub(crate) fn member(&self, name: &'p str) -> Path<'p> {
        self.path.member(name)
    }

    pub(crate) fn missing(&self, name: &str, what: &str) -> BadRequest {
        self.path
            .member(name)
            .error(format_args!("is missing; send {what}"))
    }

    pub(crate) fn wrong(&self, name: &str, raw: &RawValue, expected: &str) -> BadRequest {
        self.path.member(name).mismatch(raw, expected)
    }

    pub(crate) fn raw(&mut self, name: &str) -> Option<&'a RawValue> {
        self.members
            .remove(name)
            .filter(|raw| Kind::of(raw) != Kind::Null)
    }

    pub(crate) fn even_null(&mut self, name: &str) -> Option<&'a RawValue> {
        self.members.remove(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The name of one of the members that are left.
    pub(crate) fn first(&self) -> Option<&str> {
        self.members.keys().next().map(AsRef::as_ref)
    }

    /// A member of any type; `expected` names it for the error.
    pub(crate) fn typed<T: Deserialize<'a>>(
        &mut self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, BadRequest> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let value = serde_json::from_str(raw.get());
        value
            .map(Some)
            .map_err(|_| self.path.member(name).mismatch(raw, expected))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, BadRequest> {
        Ok(self
            .typed::<Text<'a>>(name, "text in valid Unicode")?
            .map(|Text(text)| text))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, BadRequest> {
        self.typed(name, "true or false")
    }

    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, BadRequest> {
        self.typed(name, "a whole number from 0")
    }

    pub(crate) fn decimal(&mut self, name: &str) -> Result<Option<f64>, BadRequest> {
        self.typed(name, "a number")
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<&'a RawValue>>, BadRequest> {
        self.typed(name, "a list")
    }

    /// A member that is an object itself; `path` is its own.
    pub(crate) fn object<'q>(
        &mut self,
        name: &str,
        path: &'q Path<'q>,
    ) -> Result<Option<Object<'a, 'q>>, BadRequest> {
        self.raw(name).map(|raw| Object::read(raw, path)).transpose()
    }

    /// The names of what was not taken and is not null.
    pub(crate) fn leftover(self) -> impl Iterator<Item = Cow<'a, str>> {
        self.members
            .into_iter()
            .filter(|(_, raw)| Kind::of(raw) != Kind::Null)
            .map(|(name, _)| name)
    }
}

/// A name in camel case.
pub(crate) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for character in name.chars() {
        if character == '_' {
            raise = !camel.is_empty();
        } else if std::mem::take(&mut raise) {
            camel.push(character.to_ascii_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

/// Reads a text value.
pub(crate) fn text<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Cow<'a, str>, BadRequest> {
    let Text(text) =
        serde_json::from_str(raw.get()).map_err(|_| path.mismatch(raw, "text in valid Unicode"))?;
    Ok(text)
}

/// Reads a list of anything.
pub(crate) fn items<'a>(raw: &'a RawValue, path: &Path<'_>) -> Result<Vec<&'a RawValue>, BadRequest> {
    serde_json::from_str(raw.get()).map_err(|_| path.mismatch(raw, "a list"))
}

/// A position inside a nested value would mislead: it does not count from the start of the body.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(problem, _)| problem.to_owned())
}

struct Members<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = BTreeMap<Cow<'de, str>, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(Text(name)) = map.next_key()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom(format_args!("the member `{name}` comes twice")));
                    }
                    members.insert(name, map.next_value()?);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}
