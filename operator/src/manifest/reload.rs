//! Hot reload of files.

use std::collections::{BTreeMap, BTreeSet};

use wayleave_core::snapshot::Snapshot;

use super::report::{InForce, Report};
use super::{ManifestError, Manifests, Origin};
use crate::compile::Compiled;
use crate::last_good::{Kept, keep};
use crate::object::{ObjectRef, Objects};

/// The objects in force, and where each stands.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    objects: Objects,
    origins: BTreeMap<ObjectRef, Origin>,
}

/// What is in force after `new` was read, with the snapshot and what to tell the user.
///
/// An object that can no longer be read, or that was good and is broken now, stays in force as it was; all others
/// change. What is no longer in any file is gone. At the start (`previous` is empty) a broken object is in the snapshot
/// with its reason.
pub fn update(previous: &Accepted, new: Manifests) -> (Accepted, Snapshot, Report) {
    let Manifests {
        mut objects,
        mut origins,
        errors,
        notes,
    } = new;
    let mut kept = unread(previous, &objects, &errors);
    for object in &kept {
        objects.take(&previous.objects, object);
    }
    let Kept {
        objects,
        compiled: Compiled { snapshot, verdicts },
        mut as_written,
    } = keep(&previous.objects, objects);
    kept.extend(as_written.keys().cloned());
    for object in &kept {
        if let Some(origin) = previous.origins.get(object) {
            origins.entry(object.clone()).or_insert_with(|| origin.clone());
        }
    }
    let verdicts = verdicts.into_iter().map(|verdict| {
        let in_force = match (kept.contains(&verdict.object), verdict.in_force) {
            (true, true) => InForce::LastGood,
            (false, true) => InForce::AsWritten,
            (_, false) => InForce::No,
        };
        (as_written.remove(&verdict.object).unwrap_or(verdict), in_force)
    });
    let report = Report::new(verdicts.collect(), &origins, errors, notes);
    (Accepted { objects, origins }, snapshot, report)
}

/// The objects of before that are not, or not surely, gone: one of the errors is theirs, or stands in their file and
/// nobody knows whose it is.
fn unread(previous: &Accepted, objects: &Objects, errors: &[ManifestError]) -> BTreeSet<ObjectRef> {
    let lost = |object: &ObjectRef, origin: &Origin| {
        errors.iter().any(|error| match &error.object {
            Some(named) => named == object,
            None => error.file == *origin.file() && !objects.contains(object),
        })
    };
    let found = previous
        .origins
        .iter()
        .filter(|(object, origin)| lost(object, origin));
    found
        .map(|(object, _)| object.clone())
        .filter(|object| previous.objects.contains(object))
        .collect()
}
