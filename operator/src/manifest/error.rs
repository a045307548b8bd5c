//! What is wrong with manifests, as data.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::field::FieldPath;
use crate::object::ObjectRef;

/// Something that could not be read. Prints as `FILE:LINE: KIND NAMESPACE/NAME: FIELD: what is wrong and what to do`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct ManifestError {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line of the field at fault, from 1.
    pub line: usize,
    /// Column of the field at fault, from 1, where it is known.
    pub column: Option<usize>,
    /// The object, where it is known.
    pub object: Option<ObjectRef>,
    /// The field at fault; `None`: the object or document as a whole.
    pub field: Option<FieldPath>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Name of the file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: usize,
    /// What was passed over and why.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Something wrong inside one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, seen from the object.
    pub(super) field: FieldPath,
    /// What is wrong and what to do.
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(field: FieldPath, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}
