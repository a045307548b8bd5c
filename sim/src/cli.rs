//! The simulator as a command.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::sim::{Sim, SimOptions};

const EXAMPLE: &str = r#"Example:
  wayleave sim --keyless &
  curl http://127.0.0.1:4010/v1/chat/completions -H 'content-type: application/json' -d '{
    "model": "gpt-4.1?ttft=300ms&tokens=20", "stream": true, "messages": [{"role": "user", "content": "Hi"}]}'

APIs, after any prefix: /chat/completions, /responses, /completions, /embeddings, /models, /v1/messages,
/v1/messages/count_tokens, /openai/deployments/NAME/..., /models/MODEL:generateContent (:streamGenerateContent,
:countTokens), /model/MODEL/converse (/converse-stream), /token.

The behaviour behind the model's name says how the request is answered, e.g. status=429&retry-after=2, hang=headers,
fault=cut, chunks=64&pace=5ms; in a path ? is %3F. To script what comes next:
  curl http://127.0.0.1:4010/_sim/script -d '{"model": "gpt-4.1", "behaviours": ["status=429", ""]}'"#;

/// Run a simulated LLM provider in the OpenAI, Azure, Anthropic, Gemini and Bedrock formats
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct SimArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "WAYLEAVE_SIM_LISTEN", default_value = "127.0.0.1:4010")]
    pub listen: SocketAddr,
    /// Serve requests without a key too
    #[arg(long, env = "WAYLEAVE_SIM_KEYLESS")]
    pub keyless: bool,
    /// How many of the last requests to keep for /_sim/requests; 0 is fastest
    #[arg(long, env = "WAYLEAVE_SIM_RECORD", default_value_t = 10_000)]
    pub record: usize,
}

/// Starts the simulator, prints its address, and serves until SIGINT or SIGTERM.
///
/// # Errors
/// If the address cannot be bound.
pub async fn run(args: SimArgs) -> anyhow::Result<()> {
    let options = SimOptions {
        listen: args.listen,
        keyless: args.keyless,
        record: args.record,
        ..SimOptions::default()
    };
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let sim = Sim::start(options)?;
    writeln!(std::io::stdout(), "simulated provider at {}", sim.base_url())
        .context("cannot print the address")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot watch for SIGINT")?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
