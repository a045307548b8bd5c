//! The custom resource definitions, generated from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use crate::{CachePolicy, LLMRoute, ProviderKey};

/// The definitions of all kinds, in the order in which they are documented.
pub fn all_crds() -> [CustomResourceDefinition; 3] {
    [LLMRoute::crd(), ProviderKey::crd(), CachePolicy::crd()].map(tidied)
}

/// Name and text of the file of each definition.
pub fn crd_files() -> Result<Vec<(String, String)>, serde_yaml::Error> {
    let files = all_crds().into_iter().map(|crd| {
        let name = format!("{}.yaml", crd.spec.names.plural);
        serde_yaml::to_string(&crd).map(|yaml| (name, yaml))
    });
    files.collect()
}

/// All definitions as one stream of YAML documents.
pub fn crds_yaml() -> Result<String, serde_yaml::Error> {
    let documents: Vec<_> = crd_files()?.into_iter().map(|(_, yaml)| yaml).collect();
    Ok(documents.join("---\n"))
}

fn tidied(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        {
            tidy(schema);
        }
    }
    crd
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

    /// `UPDATE_CRDS=1 cargo test -p wayleave-api` writes the files anew.
    #[test]
    fn the_checked_in_files_are_the_generated_ones() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds");
        for (name, yaml) in crd_files().expect("serialises") {
            let path = folder.join(&name);
            if std::env::var_os("UPDATE_CRDS").is_some() {
                std::fs::write(&path, &yaml).expect("crds/ can be written");
            }
            let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                checked_in == yaml,
                "crds/{name} is stale: run UPDATE_CRDS=1 cargo test -p wayleave-api"
            );
        }
    }
}
