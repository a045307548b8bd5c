//! What sums are made by.

use std::str::FromStr;

use serde::Serialize;

use super::line::{AttemptLine, CallLine};
use super::period::day_of;

/// What sums are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The model that served, else the one that was asked for.
    Model,
    /// The route.
    Route,
    /// The client, by its digest.
    Client,
    /// The day in UTC on which it began.
    Day,
    /// How it ended.
    Class,
    /// The class of the task.
    Task,
    /// The provider key.
    Provider,
    /// The credential.
    Key,
    /// The part of an attempt in its call.
    Role,
}

/// A text that names nothing that sums are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use model, route, client, day, class, task, provider, key or role")]
pub struct BadBy;

impl By {
    /// Everything that sums are made by.
    pub const ALL: [Self; 9] = [
        Self::Model,
        Self::Route,
        Self::Client,
        Self::Day,
        Self::Class,
        Self::Task,
        Self::Provider,
        Self::Key,
        Self::Role,
    ];

    /// Its name on the command line and at the head of a column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Route => "route",
            Self::Client => "client",
            Self::Day => "day",
            Self::Class => "class",
            Self::Task => "task",
            Self::Provider => "provider",
            Self::Key => "key",
            Self::Role => "role",
        }
    }

    /// Whether calls have it, not only attempts.
    pub const fn has_calls(self) -> bool {
        !matches!(self, Self::Key | Self::Role)
    }

    pub(super) fn of_attempt(self, line: &AttemptLine) -> Option<String> {
        match self {
            Self::Model => some(line.model()),
            Self::Route => some(&line.route),
            Self::Client => line.client.clone(),
            Self::Day => Some(day_of(line.started).to_string()),
            Self::Class => some(&line.class),
            Self::Task => line.task_class.clone(),
            Self::Provider => some(&line.provider),
            Self::Key => line.key.clone(),
            Self::Role => some(&line.role),
        }
    }

    pub(super) fn of_call(self, line: &CallLine) -> Option<String> {
        match self {
            Self::Model => some(line.model()),
            Self::Route => some(&line.route),
            Self::Client => line.client.clone(),
            Self::Day => Some(day_of(line.started).to_string()),
            Self::Class => some(&line.class),
            Self::Task => line.task_class.clone(),
            Self::Provider => line.provider.clone(),
            Self::Key | Self::Role => None,
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl FromStr for By {
    type Err = BadBy;

    fn from_str(text: &str) -> Result<Self, BadBy> {
        Self::ALL.into_iter().find(|by| by.as_str() == text).ok_or(BadBy)
    }
}
