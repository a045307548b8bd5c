//! Manifests of a gateway under test, with credentials of their own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wayleave_sim::Sim;

use crate::format::Format;
use crate::secrets::Secrets;

/// What every provider key of the tests charges, in dollars per million tokens.
const PRICES: &str = "[{model: \"*\", inputPerMillion: \"1\", outputPerMillion: \"2\"}]";

/// A folder of manifests, as one file.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    yaml: String,
    credentials: BTreeMap<String, Vec<String>>,
    /// All credentials in it.
    pub secrets: Secrets,
}

impl Manifests {
    /// None yet, with credentials that are searched for together with these.
    pub fn of(secrets: &Secrets) -> Self {
        Self {
            secrets: secrets.clone(),
            ..Self::default()
        }
    }

    /// A simulated provider that speaks OpenAI's format, with one credential.
    #[must_use]
    pub fn openai(self, name: &str, sim: &Sim) -> Self {
        self.provider(name, &sim.base_url(), Format::OpenAi, 1, "")
    }

    /// A simulated provider that speaks Anthropic's format, with one credential.
    #[must_use]
    pub fn anthropic(self, name: &str, sim: &Sim) -> Self {
        self.provider(name, &sim.base_url(), Format::Anthropic, 1, "")
    }

    /// The same as [`Manifests::openai`], with a credential that does not look like one.
    #[must_use]
    pub fn plain_openai(self, name: &str, sim: &Sim) -> Self {
        let credential = self.secrets.mint_plain(&format!("{name}/key0"));
        self.with_credentials(name, &sim.base_url(), Format::OpenAi, vec![credential], "")
    }

    /// A provider at a base URL (without `/v1`), with so many credentials, and further lines of its spec.
    #[must_use]
    pub fn provider(self, name: &str, base: &str, format: Format, credentials: usize, further: &str) -> Self {
        let mint = |index| self.secrets.mint(&format!("{name}/key{index}"));
        let credentials = (0..credentials).map(mint).collect();
        self.with_credentials(name, base, format, credentials, further)
    }

    fn with_credentials(
        mut self,
        name: &str,
        base: &str,
        format: Format,
        credentials: Vec<String>,
        further: &str,
    ) -> Self {
        let (endpoint, format) = match format {
            Format::OpenAi => (format!("{base}/v1"), "OpenAIChat"),
            Format::Anthropic => (base.to_owned(), "AnthropicMessages"),
        };
        let (mut data, mut refs) = (String::new(), String::new());
        for (index, value) in credentials.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(data, "key{index}: {value}, ");
            let _ = write!(refs, "{{name: {name}, key: key{index}}}, ");
        }
        self.credentials.insert(name.to_owned(), credentials);
        self.document(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData: {{{data}}}\n"))
            .document(&format!(
                "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: {name}}}\nspec:\n  provider: \
                 Custom\n  format: {format}\n  endpoint: {endpoint}\n  secretRefs: [{refs}]\n  prices: {PRICES}\n{}",
                indented(further, 2)
            ))
    }

    /// A route for `model` with one rule, given as YAML. Its name is the model's.
    #[must_use]
    pub fn route(self, model: &str, rule: &str) -> Self {
        self.document(&route(model, rule))
    }

    /// A route for `model` with one target, `PROVIDER`, which is asked for `upstream`.
    #[must_use]
    pub fn to(self, model: &str, provider: &str, upstream: &str) -> Self {
        self.route(model, &one_target(provider, upstream))
    }

    /// Any document.
    #[must_use]
    pub fn document(mut self, yaml: &str) -> Self {
        self.yaml.push_str("---\n");
        self.yaml.push_str(yaml);
        self
    }

    /// A provider's credentials.
    pub fn credentials(&self, provider: &str) -> &[String] {
        self.credentials
            .get(provider)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The file's text.
    pub fn yaml(&self) -> &str {
        &self.yaml
    }
}

/// A route for `model` with one rule, given as YAML.
pub fn route(model: &str, rule: &str) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: LLMRoute\nmetadata: {{name: {model}}}\nspec:\n  models: [{model}]\n  \
         rules:\n  -\n{}",
        indented(rule, 4)
    )
}

/// A rule with one target.
pub fn one_target(provider: &str, upstream: &str) -> String {
    format!("steps: [{{targets: [{{providerKey: {provider}, model: \"{upstream}\"}}]}}]")
}

fn indented(yaml: &str, by: usize) -> String {
    yaml.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{:by$}{line}", "");
        text
    })
}
