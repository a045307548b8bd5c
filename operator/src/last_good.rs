//! What stays in force when a change is broken.

use std::collections::BTreeMap;

use crate::compile::verdict::{Severity, Verdict};
use crate::compile::{Compiled, compile};
use crate::object::{Kind, ObjectRef, Objects};

/// Objects with the last good version of each that is broken now.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// What is in force.
    pub objects: Objects,
    /// What it compiles to.
    pub compiled: Compiled,
    /// What is wrong with the new version of those whose earlier one stays in force.
    pub as_written: BTreeMap<ObjectRef, Verdict>,
}

/// Keeps each changed object that was good before and is broken now as it was; all others change. An object that has
/// not changed itself, but lost what it refers to, is not kept: a credential that was deleted is meant to be gone.
pub fn keep(previous: &Objects, mut objects: Objects) -> Kept {
    let mut compiled = compile(&objects);
    let mut as_written = BTreeMap::new();
    // Keys first: a route may be broken by nothing but its key.
    for kind in [Kind::ProviderKey, Kind::LLMRoute, Kind::CachePolicy] {
        let mut broken = broken(kind, &compiled);
        broken.retain(|object, _| previous.contains(object) && !objects.agrees(previous, object));
        if broken.is_empty() {
            continue;
        }
        let mut trial = objects.clone();
        for object in broken.keys() {
            trial.take(previous, object);
        }
        let still = self::broken(kind, &compile(&trial));
        broken.retain(|object, _| !still.contains_key(object));
        for object in broken.keys() {
            objects.take(previous, object);
        }
        as_written.append(&mut broken);
        compiled = compile(&objects);
    }
    Kept {
        objects,
        compiled,
        as_written,
    }
}

fn broken(kind: Kind, compiled: &Compiled) -> BTreeMap<ObjectRef, Verdict> {
    let verdicts = compiled.verdicts.iter();
    let broken =
        verdicts.filter(|verdict| verdict.object.kind == kind && verdict.severity == Severity::Broken);
    broken
        .map(|verdict| (verdict.object.clone(), verdict.clone()))
        .collect()
}
