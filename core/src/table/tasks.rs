//! Classes of tasks, bound to those who tell them apart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ActiveRule;
use super::sole::{self, For};
use super::target::endpoint;
use crate::digest::Digest;
use crate::price::Ratio;
use crate::snapshot::tasks::{Asked, Classifier, TaskClass, Tasks};
use crate::snapshot::{ObjectName, Provider};
use crate::when::When;

/// Classes of tasks, ready.
#[derive(Debug)]
pub struct ActiveTasks {
    /// The classes, in their order.
    pub classes: Vec<ActiveClass>,
    /// The class of a call where no other is found.
    pub fallback: Arc<str>,
    /// How a call's class is found.
    pub classifier: ActiveClassifier,
}

/// A class of tasks, ready.
#[derive(Debug)]
pub struct ActiveClass {
    /// What it says.
    pub spec: TaskClass,
    /// Its condition; `Err`: one that does not compile, and therefore never holds.
    pub when: Option<Result<When, String>>,
}

/// How a call's class is found.
#[derive(Debug)]
pub enum ActiveClassifier {
    /// By the conditions of the classes.
    Rules,
    /// By their examples.
    Embedding {
        /// Who makes the embeddings.
        asked: ActiveAsked,
        /// How far the second-best class has to be behind.
        min_margin: Ratio,
        /// Names the vectors of the examples: others have another.
        examples: Digest,
    },
    /// By a model.
    Model {
        /// Who is asked.
        asked: ActiveAsked,
    },
}

/// Who is asked.
#[derive(Debug)]
pub struct ActiveAsked {
    /// The rule by which it is, or why it cannot be.
    pub rule: Result<Arc<ActiveRule>, String>,
    /// How long a call waits for it.
    pub timeout: Duration,
}

impl ActiveTasks {
    pub(super) fn build(tasks: &Tasks, providers: &BTreeMap<&ObjectName, &Provider>) -> Self {
        let bind = |asked: &Asked, what: For| ActiveAsked {
            rule: sole::rule((&asked.provider, &asked.model), what, providers),
            timeout: asked.timeout,
        };
        let classes = tasks.classes.iter().map(|class| ActiveClass {
            spec: class.clone(),
            when: class
                .when
                .as_deref()
                .map(|source| When::parse(source).map_err(|error| error.to_string())),
        });
        Self {
            classes: classes.collect(),
            fallback: Arc::clone(&tasks.fallback),
            classifier: match &tasks.classifier {
                Classifier::Rules => ActiveClassifier::Rules,
                Classifier::Embedding { asked, min_margin } => ActiveClassifier::Embedding {
                    asked: bind(asked, For::Embeddings),
                    min_margin: *min_margin,
                    examples: examples(tasks, asked, providers),
                },
                Classifier::Model { asked } => ActiveClassifier::Model {
                    asked: bind(asked, For::Answers),
                },
            },
        }
    }

    /// Who is asked for the class of a call; `None`: nobody.
    pub fn asked(&self) -> Option<&ActiveAsked> {
        match &self.classifier {
            ActiveClassifier::Rules => None,
            ActiveClassifier::Embedding { asked, .. } | ActiveClassifier::Model { asked } => Some(asked),
        }
    }

    /// A class by its name.
    pub fn class(&self, name: &str) -> Option<&ActiveClass> {
        self.classes.iter().find(|class| &*class.spec.name == name)
    }
}

/// Vectors are of a model somewhere, and of texts, each with the place of its class.
fn examples(tasks: &Tasks, asked: &Asked, providers: &BTreeMap<&ObjectName, &Provider>) -> Digest {
    let at = endpoint(&asked.provider, providers);
    let url = at.as_ref().map_or("", |endpoint| &endpoint.url);
    let mut parts = vec![
        asked.provider.to_string(),
        asked.model.to_string(),
        url.to_owned(),
    ];
    for (place, class) in tasks.classes.iter().enumerate() {
        parts.extend(class.examples.iter().map(|example| format!("{place} {example}")));
    }
    Digest::of(parts.iter().map(String::as_bytes))
}
