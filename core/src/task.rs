//! What a call asks for: its class, by which its answers are compared with others of the same kind.
//!
//! ```text
//!            ┌─ rules: the first class whose condition holds ────────────────┐
//! request ───┼─ embeddings: the class of the example nearest to it (nearest) ┼──► Classified, or the fallback class
//!            └─ a model: what it answers (prompt, answer) ───────────────────┘
//! ```

pub mod answer;
pub mod nearest;
pub mod prompt;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::table::{ActiveClassifier, ActiveTasks};
use crate::when::{Subject, Verdict};

/// What a call asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classified {
    /// The class.
    pub class: Arc<str>,
    /// By embeddings: how far the second-best class is behind, as a difference of similarities.
    pub margin: Option<f64>,
    /// How it was found.
    pub by: By,
}

/// How the class of a call was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By the conditions of the classes.
    Rules,
    /// By their examples.
    Embedding,
    /// By a model.
    Model,
    /// It was not: this is the class for that.
    Fallback,
}

impl By {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Rules, Self::Embedding, Self::Model, Self::Fallback];

    /// As it stands in the ledger and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Embedding => "embedding",
            Self::Model => "model",
            Self::Fallback => "fallback",
        }
    }
}

impl Classified {
    /// The class of a call for which no other is found.
    pub fn fallback(tasks: &ActiveTasks) -> Self {
        Self {
            class: Arc::clone(&tasks.fallback),
            margin: None,
            by: By::Fallback,
        }
    }
}

/// The class of a request by the conditions of the classes. `None`: another classifier is to be asked.
pub fn by_rules(tasks: &ActiveTasks, subject: &Subject<'_>) -> Option<Classified> {
    if !matches!(tasks.classifier, ActiveClassifier::Rules) {
        return None;
    }
    let holds = |class: &&crate::table::ActiveClass| match &class.when {
        None => true,
        Some(Ok(when)) => when.holds(subject) == Verdict::True,
        Some(Err(_)) => false,
    };
    let found = tasks.classes.iter().find(holds).map(|class| Classified {
        class: Arc::clone(&class.spec.name),
        margin: None,
        by: By::Rules,
    });
    Some(found.unwrap_or_else(|| Classified::fallback(tasks)))
}

#[cfg(test)]
mod tests;
