//! The custom resource definitions, generated from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::{CustomResourceExt, ResourceExt as _};

use crate::{CachePolicy, LLMRoute, ProviderKey};

/// The definitions of all kinds, in the order in which they are documented.
pub fn all_crds() -> [CustomResourceDefinition; 3] {
    [LLMRoute::crd(), ProviderKey::crd(), CachePolicy::crd()].map(tidied)
}

/// Name and text of the file of each definition.
pub fn crd_files() -> Result<Vec<(String, String)>, serde_yaml::Error> {
    files(all_crds())
}

/// The same for a Helm chart: a definition stays when the chart goes, since all objects of its kind would go with it.
pub fn chart_files() -> Result<Vec<(String, String)>, serde_yaml::Error> {
    files(all_crds().map(kept))
}

/// All definitions as one stream of YAML documents.
pub fn crds_yaml() -> Result<String, serde_yaml::Error> {
    let documents: Vec<_> = crd_files()?.into_iter().map(|(_, yaml)| yaml).collect();
    Ok(documents.join("---\n"))
}

fn files(crds: [CustomResourceDefinition; 3]) -> Result<Vec<(String, String)>, serde_yaml::Error> {
    let files = crds.into_iter().map(|crd| {
        let name = format!("{}.yaml", crd.spec.names.plural);
        serde_yaml::to_string(&crd).map(|yaml| (name, yaml))
    });
    files.collect()
}

fn kept(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let policy = ("helm.sh/resource-policy".to_owned(), "keep".to_owned());
    crd.annotations_mut().extend([policy]);
    crd
}

fn tidied(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let kind = crd.spec.names.kind.clone();
    for version in &mut crd.spec.versions {
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        {
            tidy(schema);
            mark_unseen(schema);
            remove_others(schema, &kind);
        }
    }
    crd
}

/// The status of an object that the operator has not seen: without one, kstatus (Flux) would take it for done.
fn mark_unseen(schema: &mut JSONSchemaProps) {
    let status = schema
        .properties
        .as_mut()
        .and_then(|properties| properties.get_mut("status"));
    if let Some(status) = status {
        status.default = Some(JSON(serde_json::json!({"observedGeneration": -1})));
    }
}

/// All kinds have one type of status, but only policies are attached to something, and only routes have experiments.
fn remove_others(schema: &mut JSONSchemaProps, kind: &str) {
    let status = (schema.properties.as_mut()).and_then(|properties| properties.get_mut("status"));
    if let Some(properties) = status.and_then(|status| status.properties.as_mut()) {
        if !kind.ends_with("Policy") {
            properties.remove("targets");
        }
        if !kind.ends_with("Route") {
            properties.remove("experiments");
        }
    }
}

/// Takes the description out of the schema of an enum: there it would stand in place of the field's.
pub(crate) fn undescribed(schema: &mut schemars::Schema) {
    schema.remove("description");
}

/// Takes out what the derive says and we do not mean: a default would be written into the user's object, a `null`
/// would be kept in it, an API server warns of number formats that it does not know, and lines end where the terminal
/// does.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.default = None;
    schema.nullable = None;
    schema.description = schema.description.take().map(|text| text.replace('\n', " "));
    if schema
        .format
        .as_deref()
        .is_some_and(|format| format.starts_with("uint"))
    {
        schema.format = Some("int64".to_owned());
    }
    for property in schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut())
    {
        tidy(property);
    }
    match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => tidy(item),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(tidy),
        None => {}
    }
    match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => tidy(value),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field explains itself, and every list, string and map is bounded.
    fn audit(path: &str, schema: &JSONSchemaProps, complaints: &mut Vec<String>) {
        if schema.description.as_deref().is_none_or(str::is_empty) && !path.ends_with("[]") {
            complaints.push(format!("{path}: no description"));
        }
        let bounded = match schema.type_.as_deref() {
            Some("array") => schema.max_items.is_some(),
            Some("string") => {
                schema.max_length.is_some()
                    || schema.enum_.is_some()
                    || schema.format.as_deref() == Some("date-time")
            }
            Some("object") => schema.properties.is_some() || schema.max_properties.is_some(),
            Some("boolean") => true,
            Some("integer") => schema.minimum.is_some() || path.ends_with("eneration"),
            _ => false,
        };
        if !bounded {
            complaints.push(format!("{path}: a {:?} without a bound", schema.type_));
        }
        for (name, property) in schema.properties.iter().flatten() {
            audit(&format!("{path}.{name}"), property, complaints);
        }
        if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
            audit(&format!("{path}[]"), value, complaints);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
            audit(&format!("{path}[]"), item, complaints);
        }
    }

    #[test]
    fn everything_is_explained_and_bounded() {
        let mut complaints = Vec::new();
        for crd in all_crds() {
            let schema = crd.spec.versions[0].schema.clone().expect("has a schema");
            let root = schema.open_api_v3_schema.expect("has a schema");
            let properties = root.properties.expect("has properties");
            for part in ["spec", "status"] {
                audit(
                    &format!("{} {part}", crd.spec.names.kind),
                    &properties[part],
                    &mut complaints,
                );
            }
        }
        assert_eq!(complaints, Vec::<String>::new());
    }

    /// `make crds` writes the files anew.
    #[test]
    fn the_checked_in_files_are_the_generated_ones() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (folder, files) in [
            ("crds", crd_files()),
            ("charts/wayleave-crds/templates", chart_files()),
        ] {
            let files = files.expect("serialises");
            let there = std::fs::read_dir(root.join(folder)).expect("is there");
            assert_eq!(there.count(), files.len(), "{folder} has files of its own");
            for (name, yaml) in files {
                let checked_in = std::fs::read_to_string(root.join(folder).join(&name)).unwrap_or_default();
                assert!(checked_in == yaml, "{folder}/{name} is stale: run `make crds`");
            }
        }
    }
}
