//! Classes of tasks: what the calls of a rule ask for, and how that is found out.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ObjectName;
use crate::price::Ratio;

/// What the calls of a rule ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tasks {
    /// The classes. Never empty; each name stands there once.
    pub classes: Vec<TaskClass>,
    /// The class of a call where nothing matches, or the classifier fails or is not sure. One of them.
    pub fallback: Arc<str>,
    /// How a call's class is found.
    pub classifier: Classifier,
}

/// A class of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskClass {
    /// Its name.
    pub name: Arc<str>,
    /// For rules: a CEL expression over `request`; `None` always matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Arc<str>>,
    /// For a model: what belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// For embeddings: requests that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Arc<str>>,
    /// The score that answers to it have to have on average, for their target to be the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<Ratio>,
}

/// How the class of a call is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Classifier {
    /// The first class whose condition holds.
    Rules,
    /// The class of the example that is most like the last message of the user.
    Embedding {
        /// Who makes the embeddings.
        asked: Asked,
        /// How far the second-best class has to be behind.
        min_margin: Ratio,
    },
    /// The class that a model names.
    Model {
        /// Who is asked.
        asked: Asked,
    },
}

/// A model that is asked for a class, or for what a class is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The `ProviderKey`.
    pub provider: ObjectName,
    /// The model.
    pub model: Arc<str>,
    /// How long a call waits for it.
    pub timeout: Duration,
}
