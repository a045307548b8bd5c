//! The variable `request`: each member is made when it is first asked for.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer};
use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString, MAP_TYPE, Type};
use cel::common::value::{CowVal, Val};
use http::HeaderMap;

use super::{code, language};
use crate::intake::{Intake, Said};

/// A member of `request`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Model,
    Headers,
    Path,
    Stream,
    Tools,
    Tokens,
    Metadata,
    Text,
    Length,
    Turns,
    Images,
    Code,
    Json,
    Language,
}

/// What members are made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) intake: &'a Intake,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
}

/// The variable. Without a source its members are empty.
#[derive(Debug)]
pub(super) struct Request<'a> {
    source: Option<Source<'a>>,
    said: OnceLock<Said>,
    members: [OnceLock<Box<dyn Val + 'a>>; Member::ALL.len()],
}

impl Member {
    const ALL: [Self; 14] = [
        Self::Model,
        Self::Headers,
        Self::Path,
        Self::Stream,
        Self::Tools,
        Self::Tokens,
        Self::Metadata,
        Self::Text,
        Self::Length,
        Self::Turns,
        Self::Images,
        Self::Code,
        Self::Json,
        Self::Language,
    ];

    /// As conditions name it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Headers => "headers",
            Self::Path => "path",
            Self::Stream => "stream",
            Self::Tools => "tools",
            Self::Tokens => "tokens",
            Self::Metadata => "metadata",
            Self::Text => "text",
            Self::Length => "length",
            Self::Turns => "turns",
            Self::Images => "images",
            Self::Code => "code",
            Self::Json => "json",
            Self::Language => "language",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.as_str() == name)
    }

    pub(super) fn names() -> Vec<&'static str> {
        Self::ALL.map(Self::as_str).to_vec()
    }
}

impl<'a> Request<'a> {
    pub(super) fn new(source: Option<Source<'a>>) -> Self {
        Self {
            source,
            said: OnceLock::new(),
            members: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    fn intake(&self) -> Option<&'a Intake> {
        self.source.map(|source| source.intake)
    }

    fn said(&self) -> &Said {
        self.said
            .get_or_init(|| self.intake().map(Intake::said).unwrap_or_default())
    }

    fn make(&self, member: Member) -> Box<dyn Val + 'a> {
        let intake = self.intake();
        match member {
            Member::Model => text(intake.map_or("", |intake| &intake.model)),
            Member::Headers => map(self.source.into_iter().flat_map(|source| {
                let named = |name: &'a http::HeaderName| Some((name, source.headers.get(name)?));
                let all = source.headers.keys().filter_map(named);
                all.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            })),
            Member::Path => text(self.source.map_or("", |source| source.path)),
            Member::Stream => truth(intake.is_some_and(Intake::stream)),
            Member::Tools => {
                let tools = intake.into_iter().flat_map(|intake| &intake.tools);
                Box::new(CelList::from(tools.map(|tool| text(tool)).collect::<Vec<_>>()))
            }
            Member::Tokens => number(intake.map_or(0, |intake| intake.input_tokens)),
            Member::Metadata => {
                let members = intake.into_iter().flat_map(|intake| &intake.metadata);
                map(members.map(|(name, value)| (name.as_str(), value.as_str())))
            }
            Member::Text => Box::new(CelString::from(self.said().text.clone())),
            Member::Length => number(self.said().length),
            Member::Turns => number(self.said().turns),
            Member::Images => number(self.said().images),
            Member::Code => truth(code::is_in(&self.said().text)),
            Member::Json => truth(intake.is_some_and(|intake| intake.json_schema.is_some())),
            Member::Language => text(language::of(&self.said().text)),
        }
    }
}

impl Val for Request<'_> {
    fn get_type(&self) -> &Type {
        Self::cel_type()
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(Self::new(self.source))
    }
}

impl Container for Request<'_> {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        let name = value.downcast_ref::<CelString<'_>>();
        Ok(name.is_some_and(|name| Member::named(name.inner()).is_some()))
    }
}

impl Indexer for Request<'_> {
    fn get<'b, 'v>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = name.downcast_ref::<CelString<'_>>().map_or("", CelString::inner);
        let member =
            Member::named(name).ok_or_else(|| ExecutionError::NoSuchKey(Arc::new(name.to_owned())))?;
        let slot = self
            .members
            .get(member as usize)
            .ok_or_else(|| ExecutionError::NoSuchKey(Arc::new(name.to_owned())))?;
        Ok(CowVal::Borrowed(&**slot.get_or_init(|| self.make(member))))
    }

    fn steal<'v>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(name).map(CowVal::into_owned)
    }
}

fn text<'a>(text: &'a str) -> Box<dyn Val + 'a> {
    Box::new(CelString::from(text))
}

fn truth<'a>(value: bool) -> Box<dyn Val + 'a> {
    Box::new(CelBool::from(value))
}

fn number<'a>(value: u64) -> Box<dyn Val + 'a> {
    Box::new(CelInt::from(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn map<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> Box<dyn Val + 'a> {
    let members: HashMap<CelMapKey<'a>, Box<dyn Val + 'a>> = members
        .map(|(name, value)| (CelMapKey::from(name), text(value)))
        .collect();
    Box::new(CelMap::from(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_has_its_own_place() {
        for (place, member) in Member::ALL.into_iter().enumerate() {
            assert_eq!(member as usize, place, "{member:?}");
            assert_eq!(Member::named(member.as_str()), Some(member));
        }
    }
}
