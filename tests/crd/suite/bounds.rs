//! Every bound of every field: an accepted manifest of `cases/` that has the field is changed so that the bound is
//! passed by one, and refused for that.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_operator::compile::compile;
use wayleave_operator::compile::verdict::{Problem, Severity};
use wayleave_operator::manifest::{Env, Manifests};

use super::fields::{Field, fields};
use super::manifest::{Manifest, cases};
use super::server::judge;

/// A manifest that passes one bound.
#[derive(Debug)]
struct Change {
    before: Value,
    object: Value,
    /// The field with its indexes.
    path: String,
    said: String,
}

#[tokio::test]
async fn each_bound_is_enforced() {
    let changes = all_changes();
    let judged = judge(changes.iter().map(|change| &change.object)).await;
    let mut wrong = Vec::new();
    for (change, said) in changes.iter().zip(judged) {
        let Change { path, said: word, .. } = change;
        let refused = said.iter().any(|said| {
            // Of twins the second is told.
            said.strip_prefix(path.as_str())
                .is_some_and(|said| said.trim_start_matches("[1]").starts_with(": ") && said.contains(word))
        });
        if !refused {
            wrong.push(format!("{path}: not `{word}`, but {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The reader of a folder and the compiler, together. They say it in words of their own.
#[test]
fn each_bound_is_enforced_in_a_folder_as_well() {
    let mut passed = all_changes();
    passed.retain(|change| {
        let path = &change.path;
        let places = ["", "[1]", "[1].name"].map(|of_twin| format!("{path}{of_twin}: "));
        let before = said_of_a_folder(&change.before);
        let mut said = said_of_a_folder(&change.object);
        said.retain(|said| !before.contains(said) && places.iter().any(|place| said.starts_with(place)));
        said.is_empty() && !leads_nowhere(change, &before)
    });
    let passed: Vec<_> = passed.iter().map(|change| (&change.path, &change.said)).collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

/// Whether it is an empty part of a reference to what is not in the folder, and therefore not looked at.
fn leads_nowhere(change: &Change, before: &[String]) -> bool {
    let reference = [("key", "name"), ("namespace", "providerKey")];
    let name = reference.into_iter().find_map(|(part, name)| {
        let at = change.path.strip_suffix(part)?;
        Some(format!("{at}{name}: "))
    });
    change.said == "at least 1 chars long"
        && name.is_some_and(|name| before.iter().any(|said| said.starts_with(&name)))
}

/// All that a folder with this object alone is refused for, each with its field.
fn said_of_a_folder(object: &Value) -> Vec<String> {
    let mut object = object.clone();
    object["metadata"] = json!({"name": "it"});
    let files = BTreeMap::from([("it.json".to_owned(), object.to_string())]);
    let manifests = Manifests::read(&files, Env::new(&|_| None));
    let unreadable = manifests.errors.iter().map(|error| {
        let field = error.field.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{field}: {}", error.message)
    });
    let verdicts = compile(&manifests.objects).verdicts;
    let problems = verdicts.iter().flat_map(|verdict| &verdict.problems);
    let problems = problems.filter(|problem| problem.severity != Severity::Warning);
    unreadable.chain(problems.map(Problem::text)).collect()
}

fn all_changes() -> Vec<Change> {
    let accepted: Vec<_> = cases()
        .into_iter()
        .filter(|case| case.refusals().is_empty())
        .collect();
    let changes: Vec<_> = fields()
        .iter()
        .flat_map(|field| changes(field, &accepted))
        .collect();
    assert!(changes.len() > 100, "{} bounds", changes.len());
    changes
}

/// All changes of one field.
fn changes(field: &Field, accepted: &[Manifest]) -> Vec<Change> {
    let of_kind = accepted.iter().filter(|case| case.kind() == field.kind);
    let found = of_kind.filter_map(|case| Some((case, find(&case.object, &field.path)?)));
    let (case, (pointer, path)) = found
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("no accepted {} has {}", field.kind, field.path));
    let value = case.object.pointer(&pointer).unwrap();
    let schema = field.schema.as_object().unwrap();
    let changed = |value: Option<Value>| {
        let mut object = case.object.clone();
        *object.pointer_mut(&pointer).unwrap() = value?;
        Some(object)
    };
    let bounds = schema.iter().filter_map(|(word, bound)| {
        let (value, said) = beyond(word, bound, value)?;
        let object = changed(Some(value))?;
        Some(Change {
            before: case.object.clone(),
            object,
            path: path.clone(),
            said,
        })
    });
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().map(|name| {
        let name = name.as_str().unwrap();
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(name);
        let (object, path) = (changed(Some(value)).unwrap(), format!("{path}.{name}"));
        Change {
            before: case.object.clone(),
            object,
            path,
            said: "Required value".to_owned(),
        }
    });
    bounds.chain(required).collect()
}

/// A value that is just beyond a bound, and what is said of it.
fn beyond(word: &str, bound: &Value, value: &Value) -> Option<(Value, String)> {
    let number = bound.as_i64();
    let count = number.and_then(|number| usize::try_from(number).ok());
    Some(match word {
        "enum" => (json!("Nonsense"), "Unsupported value: \"Nonsense\"".to_owned()),
        "minimum" => (json!(number? - 1), format!("greater than or equal to {bound}")),
        "maximum" => (json!(number? + 1), format!("less than or equal to {bound}")),
        "minLength" => (
            json!("x".repeat(count? - 1)),
            format!("at least {bound} chars long"),
        ),
        "maxLength" => (
            json!("x".repeat(count? + 1)),
            format!("may not be more than {bound} bytes"),
        ),
        "minItems" => {
            let some = value.as_array()?.iter().take(count? - 1).collect::<Vec<_>>();
            (json!(some), format!("at least {bound} items"))
        }
        "maxItems" => (
            json!(vec![value.as_array()?.first()?; count? + 1]),
            format!("must have at most {bound} items"),
        ),
        "maxProperties" => {
            let many = (0..=count?).map(|index| (index.to_string(), json!("x")));
            (
                Value::Object(many.collect()),
                format!("must have at most {bound} items"),
            )
        }
        "x-kubernetes-list-type" if bound != "atomic" => {
            let first = value.as_array()?.first()?;
            (json!([first, first]), "Duplicate value: ".to_owned())
        }
        _ => return None,
    })
}

/// The JSON pointer and the path of the first value at a field.
fn find(object: &Value, field: &str) -> Option<(String, String)> {
    let steps = field.replace("[]", ".[]").replace("{}", ".{}");
    let mut found = vec![(String::new(), String::new())];
    for step in steps.split('.') {
        let inside = found.iter().flat_map(|(pointer, path)| {
            let value = object.pointer(pointer);
            let keys: Vec<_> = match step {
                "[]" => (0..value.and_then(Value::as_array).map_or(0, Vec::len))
                    .map(|index| (index.to_string(), format!("{path}[{index}]")))
                    .collect(),
                "{}" => (value.and_then(Value::as_object).into_iter().flatten())
                    .map(|(key, _)| (key.clone(), format!("{path}.{key}")))
                    .collect(),
                name => vec![(name.to_owned(), format!("{path}.{name}"))],
            };
            keys.into_iter()
                .map(move |(key, path)| (format!("{pointer}/{key}"), path))
        });
        found = inside
            .filter(|(pointer, _)| object.pointer(pointer).is_some())
            .collect();
    }
    let (pointer, path) = found.into_iter().next()?;
    Some((pointer, path.trim_start_matches('.').to_owned()))
}
