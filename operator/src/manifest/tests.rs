//! What is read, what is refused, and in which words.

mod reading;
mod reload;

use std::collections::BTreeMap;

use super::*;

fn files(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
    texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// Reads with one variable in the environment.
fn read(texts: &[(&str, &str)]) -> Manifests {
    Manifests::read(
        &files(texts),
        Env::new(&|name| (name == "KEY").then(|| "sk-secret".to_owned())),
    )
}

fn route(name: &str, model: &str, key: &str) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata:\n  name: {name}\nspec:\n  models:\n  - {model}\n  \
         rules:\n  - steps:\n    - targets:\n      - providerKey: {key}\n"
    )
}

fn key(name: &str, host: &str) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata:\n  name: {name}\nspec:\n  provider: Custom\n  \
         format: OpenAIChat\n  endpoint: {host}\n"
    )
}
