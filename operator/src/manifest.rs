//! Manifests in files: reading them, and what to say of them.
//!
//! ```text
//! (file name, text) ──document──► values ──kind──► schema, env ──► Objects + Origin of each
//!                                                     │
//!       Report ◄── compile ◄── LastGood ◄── Manifests ┴── ManifestError: file, line, object, field
//! ```
//!
//! Pure: the caller reads the files and hands in the environment.

mod core_kind;
mod document;
mod env;
pub mod error;
mod identity;
pub mod origin;
mod reload;
pub mod report;
mod schema;
#[cfg(test)]
mod tests;
mod typed;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use self::env::Env;
pub use self::error::{ManifestError, Note};

pub use self::origin::Origin;
pub use self::reload::{Accepted, update};
pub use self::report::Report;

use self::document::Document;
use self::error::Fault;
use self::identity::{Identity, Reading};
use crate::field::FieldPath;
use crate::object::{ObjectRef, Objects};

/// What stands in a set of files.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The objects that could be read.
    pub objects: Objects,
    /// Where each object stands.
    pub origins: BTreeMap<ObjectRef, Origin>,
    /// What could not be read.
    pub errors: Vec<ManifestError>,
    /// What was passed over.
    pub notes: Vec<Note>,
}

impl Manifests {
    /// Reads files by name and text. Only `*.yaml`, `*.yml` and `*.json` are looked at. `env` gives the variables that
    /// a Secret's `stringData` may ask for.
    pub fn read(files: &BTreeMap<String, String>, env: Env<'_>) -> Self {
        let mut manifests = Self::default();
        for (file, text) in files.iter().filter(|(file, _)| is_manifest(file)) {
            let file: Arc<str> = Arc::from(file.as_str());
            // Editors on Windows begin a file with a mark of its encoding.
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            for document in document::split(&file, text) {
                match document.parse() {
                    Ok(None) => {}
                    Ok(Some(value)) => manifests.add(&Arc::new(document), &FieldPath::default(), &value, env),
                    Err(error) => manifests.errors.push(*error),
                }
            }
        }
        manifests
    }

    /// Adds the object that stands in `document` at `base`, or all objects of a list.
    fn add(&mut self, document: &Arc<Document>, base: &FieldPath, value: &Value, env: Env<'_>) {
        let origin = Origin::new(Arc::clone(document), base.clone());
        match identity::read(value) {
            Err(fault) => self.errors.push(origin.error(None, fault)),
            Ok(Reading::Foreign(what)) => self
                .notes
                .push(origin.note(format!("{what} is not a kind of ours: ignored"))),
            Ok(Reading::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(document, &base.key("items").index(index), item, env);
                }
            }
            Ok(Reading::Object(identity)) => self.add_object(origin, &identity, value, env),
        }
    }

    fn add_object(&mut self, origin: Origin, identity: &Identity, value: &Value, env: Env<'_>) {
        let object = &identity.object;
        if let Some(first) = self.origins.get(object) {
            let message = format!(
                "is defined a second time: it stands in {} already, remove one",
                first.place()
            );
            self.errors
                .push(origin.error(Some(object), Fault::new(FieldPath::default(), message)));
            return;
        }
        let faults = typed::add(&mut self.objects, identity, value, env);
        self.errors
            .extend(faults.into_iter().map(|fault| origin.error(Some(object), fault)));
        self.origins.insert(object.clone(), origin);
    }
}

fn is_manifest(file: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .into_iter()
        .any(|ending| file.ends_with(ending))
}
