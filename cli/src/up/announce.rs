//! What is printed when the gateway is ready.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::output::{Output, print, print_json};
use crate::source::ServedModel;
use crate::table::Table;

/// Where the gateway is and what it serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// The version of the Envoy in front; `None`: there is none.
    pub(crate) envoy: Option<String>,
    pub(crate) models: Vec<ServedModel>,
}

impl Announcement {
    pub(crate) fn print(&self, output: Output) -> anyhow::Result<()> {
        match output {
            Output::Text => print(&self.text()),
            Output::Json => print_json(self),
        }
    }

    fn text(&self) -> String {
        let Self { address, admin, .. } = self;
        let behind = match &self.envoy {
            Some(version) => format!("behind Envoy {version}"),
            None => "without Envoy".to_owned(),
        };
        let mut text = format!("Wayleave is ready, {behind}\n\n");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  calls  http://{address}/v1");
        let _ = writeln!(text, "  admin  http://{admin}   /metrics /ledger /config\n");
        text.push_str(&self.models());
        if let Some(model) = self.example() {
            let _ = writeln!(text, "\nTry:\n  {}", curl(*address, model));
        }
        text
    }

    fn models(&self) -> String {
        if self.models.is_empty() {
            return "  No route serves a model yet: add an LLMRoute to the folder.\n".to_owned();
        }
        let mut table = Table::new(&["MODEL", "ROUTE", ""]);
        for model in &self.models {
            let note = model.broken.as_ref().map(|reason| format!("broken: {reason}"));
            table.row([model.model.clone(), model.route.clone(), note.unwrap_or_default()]);
        }
        table.render("  ")
    }

    /// A model that can be called by its name.
    fn example(&self) -> Option<&str> {
        let callable = |model: &&ServedModel| model.broken.is_none() && !model.model.contains('*');
        self.models
            .iter()
            .find(callable)
            .map(|model| model.model.as_str())
    }
}

/// A shell command that makes a call.
pub(crate) fn curl(address: SocketAddr, model: &str) -> String {
    format!(
        "curl http://{address}/v1/chat/completions -H 'content-type: application/json' \\\n    -d '{{\"model\": \
         \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Say hello\"}}]}}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(models: Vec<ServedModel>) -> Announcement {
        Announcement {
            address: ([127, 0, 0, 1], 4000).into(),
            admin: ([127, 0, 0, 1], 4001).into(),
            envoy: Some("1.40.0".to_owned()),
            models,
        }
    }

    fn model(model: &str, broken: Option<&str>) -> ServedModel {
        ServedModel {
            model: model.to_owned(),
            route: "default/r".to_owned(),
            broken: broken.map(str::to_owned),
        }
    }

    #[test]
    fn it_shows_a_call_that_works() {
        let models = vec![
            model("gpt-*", None),
            model("bad", Some("no rules")),
            model("chat", None),
        ];
        let text = announcement(models).text();
        assert!(text.contains("ready, behind Envoy 1.40.0\n"), "{text}");
        assert!(text.contains("  bad    default/r  broken: no rules\n"), "{text}");
        assert!(text.contains(r#"-d '{"model": "chat", "messages""#), "{text}");
    }

    #[test]
    fn without_models_it_says_what_to_do() {
        let text = announcement(Vec::new()).text();
        assert!(
            text.contains("add an LLMRoute") && !text.contains("curl"),
            "{text}"
        );
    }
}
