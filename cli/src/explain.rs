//! `wayleave explain`: which way would a request go, and why?

mod text;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use wayleave_core::endpoint::{Asked, Endpoint, Recognised};
use wayleave_core::explain::{Explanation, Question, explain};
use wayleave_core::format::WireFormat;
use wayleave_core::intake::Intake;
use wayleave_core::refusal::{Refusal, client_format};
use wayleave_core::table::Table;

use crate::args::FolderArgs;
use crate::output::{Output, print, print_json};
use crate::source::{self, Unset};

/// Explain a request: the route, each rule and why it matches or not, its cache, and what is tried in which order
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ExplainArgs {
    /// The manifests.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// The model that the request asks for [default: the one in --body]
    #[arg(long, value_name = "MODEL", required_unless_present = "body")]
    pub model: Option<String>,
    /// A header of the request; may be repeated
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body of the request [default: a short chat]
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// The path of the request
    #[arg(long, value_name = "PATH", default_value = "/v1/chat/completions")]
    pub path: String,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLE: &str = "\
Example:
  wayleave explain -f manifests --model chat --header x-tier=free
  wayleave explain -f manifests --path /v1/messages --body request.json

Exit status 1 if the request would be refused.";

/// Explains. The health of providers is left out: it is the running gateway's, not the configuration's.
///
/// # Errors
/// When the folder or the body cannot be read.
pub fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let (loaded, _) = source::load_once(&args.folder.folder, Unset::FilledIn)?;
    let table = Table::build(loaded.snapshot);
    let headers: HeaderMap = args.headers.iter().cloned().collect();
    match ask(args, &table, &headers)? {
        Ok(explanation) => {
            match args.output {
                Output::Text => print(&text::render(&explanation))?,
                Output::Json => print_json(&explanation)?,
            }
            let served = explanation.plan.is_some();
            Ok(if served {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Err(refusal) => {
            let (status, code, message) = (refusal.status().as_u16(), refusal.code(), refusal.message());
            match args.output {
                Output::Text => print(&format!("refused with {status}: {message}\n"))?,
                Output::Json => {
                    print_json(&json!({"refused": {"status": status, "code": code, "message": message}}))?;
                }
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn ask(
    args: &ExplainArgs,
    table: &Table,
    headers: &HeaderMap,
) -> anyhow::Result<Result<Explanation, Refusal>> {
    let endpoint = match Endpoint::recognise(&Method::POST, &args.path) {
        Recognised::Endpoint(endpoint) => endpoint,
        Recognised::WrongMethod(_) => bail!("{} is no path for calls: use e.g. /v1/messages", args.path),
        Recognised::Foreign => {
            return Ok(Err(Refusal::UnknownPath {
                path: args.path.clone(),
            }));
        }
    };
    let asked = Asked::at(endpoint, &args.path).unwrap_or_else(|| client_format(&args.path, headers).into());
    let body = body(args, asked.format)?;
    let intake = match Intake::read(asked, body) {
        Ok(intake) => intake,
        Err(bad) => return Ok(Err(Refusal::Bad(bad))),
    };
    let question = Question {
        called: endpoint,
        path: &args.path,
        headers,
        intake: &intake,
    };
    Ok(explain(table, question, Timestamp::now()))
}

/// The body of the request, with the model that is asked about.
fn body(args: &ExplainArgs, format: WireFormat) -> anyhow::Result<Bytes> {
    let Some(path) = &args.body else {
        return Ok(sample(format, args.model.as_deref().unwrap_or_default())
            .to_string()
            .into());
    };
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown} (--body FILE)"))?;
    let Some(model) = &args.model else {
        return Ok(bytes.into());
    };
    let mut body: Value = serde_json::from_slice(&bytes).with_context(|| format!("{shown} is not JSON"))?;
    let members = body
        .as_object_mut()
        .with_context(|| format!("{shown} is not a JSON object"))?;
    members.insert("model".to_owned(), json!(model));
    Ok(body.to_string().into())
}

fn sample(format: WireFormat, model: &str) -> Value {
    let message = "Say hello";
    match format {
        WireFormat::OpenAIChat => json!({"model": model, "messages": [{"role": "user", "content": message}]}),
        WireFormat::AnthropicMessages => {
            json!({"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": message}]})
        }
        WireFormat::AnthropicTokens => {
            json!({"model": model, "messages": [{"role": "user", "content": message}]})
        }
        WireFormat::OpenAIEmbeddings | WireFormat::OpenAIResponses => {
            json!({"model": model, "input": message})
        }
        WireFormat::OpenAICompletions => json!({"model": model, "prompt": message}),
        WireFormat::GeminiGenerate => {
            json!({"contents": [{"role": "user", "parts": [{"text": message}]}]})
        }
        WireFormat::BedrockConverse => {
            json!({"messages": [{"role": "user", "content": [{"text": message}]}]})
        }
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| format!("`{name}` cannot be the name of a header"))?;
    let value = value
        .parse()
        .map_err(|_| "the value has characters that no header can have".to_owned())?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use wayleave_core::format::Family;

    use super::*;

    #[test]
    fn headers_are_read() {
        let (name, value) = header("X-Tier=a=b").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-tier", "a=b"));
        assert_eq!(header("x-tier").unwrap_err(), "write it as NAME=VALUE");
        assert!(header("x tier=1").unwrap_err().contains("name of a header"));
    }

    #[test]
    fn the_sample_of_each_format_can_be_read() {
        for format in WireFormat::ALL {
            let asked = Asked {
                format,
                model: matches!(format.family(), Family::Google | Family::Amazon).then(|| "m".to_owned()),
                framing: None,
            };
            let intake = Intake::read(asked, sample(format, "m").to_string().into()).unwrap();
            assert_eq!(intake.model, "m");
        }
    }
}
