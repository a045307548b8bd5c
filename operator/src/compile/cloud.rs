//! Where a cloud's models are: what a `ProviderKey` says of it beside the base URL.

use std::sync::Arc;

use wayleave_api::cloud::{Aws, Azure, Vertex};
use wayleave_api::provider_key::{ProviderKeySpec, ProviderName};
use wayleave_core::format::Paths;

use super::verdict::Problems;
use crate::field::FieldPath;

/// What follows on the resource of Azure OpenAI, where no deployment is in the path.
const AZURE_V1: &str = "/openai/v1";

/// Where a cloud's models are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cloud {
    /// The base URL without `endpoint`; `None`: the vendor's own, if it has one.
    pub(super) url: Option<String>,
    /// How paths are made.
    pub(super) paths: Paths,
    /// The region that requests are signed for.
    pub(super) region: Option<Arc<str>>,
    /// What follows on the user's endpoint.
    below: Option<&'static str>,
}

impl Cloud {
    /// Of a `ProviderKey`; empty for a vendor that is no cloud. `None`: it cannot be told.
    pub(super) fn of(spec: &ProviderKeySpec, problems: &mut Problems) -> Option<Self> {
        only_for(
            ProviderName::AzureOpenAI,
            "azure",
            spec.azure.is_some(),
            spec,
            problems,
        );
        only_for(ProviderName::Bedrock, "aws", spec.aws.is_some(), spec, problems);
        only_for(
            ProviderName::VertexAI,
            "vertex",
            spec.vertex.is_some(),
            spec,
            problems,
        );
        let field = |name| FieldPath::spec().key(name);
        match spec.provider {
            ProviderName::AzureOpenAI => azure(spec.azure.as_ref(), &field("azure"), problems),
            ProviderName::Bedrock => aws(spec.aws.as_ref(), &field("aws"), problems),
            ProviderName::VertexAI => vertex(spec.vertex.as_ref(), &field("vertex"), problems),
            ProviderName::OpenAI
            | ProviderName::Anthropic
            | ProviderName::Gemini
            | ProviderName::Groq
            | ProviderName::Cerebras
            | ProviderName::DeepInfra
            | ProviderName::Mistral
            | ProviderName::XAI
            | ProviderName::OpenRouter
            | ProviderName::Custom => Some(Self::default()),
        }
    }

    /// The base URL to that the user's endpoint, or the one of the cloud, leads.
    pub(super) fn base(&self, url: Arc<str>) -> Arc<str> {
        match self.below {
            // The portal shows the resource with either behind it.
            Some(below) => {
                let resource = url.strip_suffix(AZURE_V1).or_else(|| url.strip_suffix("/openai"));
                Arc::from(format!("{}{below}", resource.unwrap_or(&url)))
            }
            None => url,
        }
    }
}

fn only_for(
    provider: ProviderName,
    name: &'static str,
    is_there: bool,
    spec: &ProviderKeySpec,
    problems: &mut Problems,
) {
    if is_there && spec.provider != provider {
        let message = format!("is for provider: {} only; remove it", provider.as_str());
        problems.invalid(&FieldPath::spec().key(name), message);
    }
}

fn azure(azure: Option<&Azure>, field: &FieldPath, problems: &mut Problems) -> Option<Cloud> {
    let Some(azure) = azure else {
        return Some(Cloud {
            below: Some(AZURE_V1),
            ..Cloud::default()
        });
    };
    let version = &azure.api_version;
    if !is_api_version(version) {
        let message = format!(
            "`{version}` is no version of the API: write one such as 2024-10-21 or 2025-04-01-preview"
        );
        problems.invalid(&field.key("apiVersion"), message);
        return None;
    }
    Some(Cloud {
        paths: Paths::Deployments {
            api_version: Arc::from(version.as_str()),
        },
        below: Some(""),
        ..Cloud::default()
    })
}

fn aws(aws: Option<&Aws>, field: &FieldPath, problems: &mut Problems) -> Option<Cloud> {
    let Some(Aws { region }) = aws else {
        problems.invalid(
            field,
            "is missing: Bedrock needs a region, such as aws: {region: us-east-1}",
        );
        return None;
    };
    if !is_region(region) {
        let message = format!("`{region}` is no region: write one such as us-east-1");
        problems.invalid(&field.key("region"), message);
        return None;
    }
    Some(Cloud {
        url: Some(format!("https://bedrock-runtime.{region}.amazonaws.com")),
        region: Some(Arc::from(region.as_str())),
        ..Cloud::default()
    })
}

fn vertex(vertex: Option<&Vertex>, field: &FieldPath, problems: &mut Problems) -> Option<Cloud> {
    let Some(Vertex { project, location }) = vertex else {
        let message =
            "is missing: VertexAI needs a place, such as vertex: {project: my-project, location: global}";
        problems.invalid(field, message);
        return None;
    };
    let (good_project, good_location) = (is_project(project), is_location(location));
    if !good_project {
        let message =
            format!("`{project}` is no project: write its id, such as my-project-123456, or its number");
        problems.invalid(&field.key("project"), message);
    }
    if !good_location {
        let message = format!("`{location}` is no location: write one such as us-central1, or global");
        problems.invalid(&field.key("location"), message);
    }
    let host = match location.as_str() {
        "global" => "aiplatform.googleapis.com".to_owned(),
        _ => format!("{location}-aiplatform.googleapis.com"),
    };
    (good_project && good_location).then(|| Cloud {
        url: Some(format!(
            "https://{host}/v1/projects/{project}/locations/{location}/publishers/google"
        )),
        ..Cloud::default()
    })
}

/// A date, and perhaps `-preview`.
fn is_api_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let parts: Vec<_> = date.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([4, 2, 2]) && parts.iter().all(|part| is_number(part))
}

/// Words and at last a number.
fn is_region(text: &str) -> bool {
    text.rsplit_once('-')
        .is_some_and(|(words, number)| words.contains('-') && are_words(words) && is_number(number))
}

fn is_location(text: &str) -> bool {
    are_words(text.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn is_project(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.len() >= 2
        && bytes.iter().all(|byte| plain(*byte) || b".:-".contains(byte))
        && [bytes.first(), bytes.last()]
            .into_iter()
            .flatten()
            .all(|byte| plain(*byte))
}

fn are_words(text: &str) -> bool {
    text.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_of_azure_may_be_written_as_the_portal_shows_it() {
        let of = |azure: Option<&Azure>, url: &str| {
            let cloud = super::azure(azure, &FieldPath::default(), &mut Problems::default());
            cloud.expect("it is in order").base(Arc::from(url))
        };
        let version = Azure {
            api_version: "2024-10-21".to_owned(),
        };
        for written in [
            "https://r.openai.azure.com",
            "https://r.openai.azure.com/openai",
            "https://r.openai.azure.com/openai/v1",
        ] {
            assert_eq!(&*of(None, written), "https://r.openai.azure.com/openai/v1");
            assert_eq!(&*of(Some(&version), written), "https://r.openai.azure.com");
        }
    }

    #[test]
    fn places_are_told_from_other_texts() {
        for (is, good, bad) in [
            (
                is_region as fn(&str) -> bool,
                &["us-east-1", "ap-southeast-2", "us-gov-west-1"][..],
                &[
                    "",
                    "us-east",
                    "useast1",
                    "us-east-1a",
                    "US-EAST-1",
                    "us--1",
                    "a.b-c-1",
                ][..],
            ),
            (
                is_location,
                &["global", "us-central1", "europe-west12", "eu"],
                &["", "1", "us-", "Global", "us-central1-a", "a/b"],
            ),
            (
                is_project,
                &["my-project-1", "1234567", "example.com:my-project"],
                &["", "a", "My-Project", "-a", "a-", "a/b"],
            ),
            (
                is_api_version,
                &["2024-10-21", "2025-04-01-preview"],
                &[
                    "",
                    "v1",
                    "2024-10-2",
                    "2024-10-21-beta",
                    "preview",
                    "2024-10-21-preview-preview",
                ],
            ),
        ] {
            for text in good {
                assert!(is(text), "{text}");
            }
            for text in bad {
                assert!(!is(text), "{text}");
            }
        }
    }
}
