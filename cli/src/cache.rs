//! `wayleave cache`: forgets cached answers of running data planes.

use std::env;
use std::io::Read as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::net::{TcpStream, lookup_host};
use wayleave_core::cache::key::{BadName, Key, route_name};
use wayleave_core::digest::Digest;

use crate::client::Peer;
use crate::output::{Output, print, print_json, progress};

/// How long a purge may take: a store with millions of entries is read through.
const PATIENCE: Duration = Duration::from_secs(600);

/// Forget cached answers of running data planes
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with caches.
#[derive(Clone, Debug, Subcommand)]
#[expect(
    missing_docs,
    reason = "each is documented by its arguments, whose texts are the help"
)]
pub enum CacheCommand {
    Purge(PurgeArgs),
}

/// Forget all cached answers of a route, those of one of its clients, or one
///
/// Answers that are kept in Redis are gone for all data planes. Answers in memory are gone at those that --admin names:
/// name each.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct PurgeArgs {
    /// The route
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = route, required_unless_present = "key")]
    pub route: Option<String>,
    /// Only what one client has: the second to last part of `cache_key` in the ledger
    #[arg(long, value_name = "DIGEST", group = "who")]
    pub client: Option<Digest>,
    /// Only what the client has whose API key is in this environment variable; it is not sent
    #[arg(long, value_name = "VARIABLE", group = "who")]
    pub client_credential_env: Option<String>,
    /// Only what the client has whose API key is on stdin; it is not sent
    #[arg(long, group = "who")]
    pub client_credential_stdin: bool,
    /// Only what the client has that has this value in the header that the policy names (clientHeader)
    #[arg(long, value_name = "VALUE", group = "who")]
    pub client_header: Option<String>,
    /// Only this answer: `cache_key` in the ledger
    #[arg(long, value_name = "NAMESPACE/NAME/CLIENT/REQUEST", conflicts_with_all = ["route", "who"])]
    pub key: Option<Key>,
    /// The admin port of a data plane; may be repeated
    #[arg(long = "admin", value_name = "URL", value_parser = authority, default_value = "http://127.0.0.1:4001")]
    pub admins: Vec<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

const EXAMPLE: &str = "\
Example:
  wayleave cache purge --route default/chat
  wayleave cache purge --route default/chat --client-credential-env OPENAI_API_KEY
  wayleave cache purge --route default/chat --admin http://10.0.0.7:4001 --admin http://10.0.0.8:4001

Exit status 1 if a data plane could not do it; the others have.";

/// Does it.
///
/// # Errors
/// When the client's credential cannot be read, or the result not be written.
pub fn run(args: CacheArgs) -> anyhow::Result<ExitCode> {
    let CacheCommand::Purge(args) = args.command;
    let body = question(&args)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .context("cannot start the runtime")?
        .block_on(purge(&args, &body))
}

async fn purge(args: &PurgeArgs, body: &Value) -> anyhow::Result<ExitCode> {
    let mut told = Vec::new();
    let mut total = 0;
    let mut ok = true;
    for admin in &args.admins {
        match ask(admin, body).await {
            Ok(removed) => {
                total += removed;
                told.push(json!({"admin": format!("http://{admin}"), "removed": removed}));
                if args.output == Output::Text {
                    print(&format!("http://{admin}: {removed} removed\n"))?;
                }
            }
            Err(error) => {
                ok = false;
                progress(&format!("error: http://{admin}: {error:#}"));
                told.push(json!({"admin": format!("http://{admin}"), "error": format!("{error:#}")}));
            }
        }
    }
    if args.output == Output::Json {
        print_json(&json!({"removed": total, "dataPlanes": told}))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn ask(admin: &str, body: &Value) -> anyhow::Result<u64> {
    let peer = find(admin).await?;
    let (status, answer) = peer.post_json("/cache/purge", body, PATIENCE).await?;
    if let Some(removed) = answer
        .get("removed")
        .and_then(Value::as_u64)
        .filter(|_| status.is_success())
    {
        return Ok(removed);
    }
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => bail!("{error}"),
        None => bail!("it answered {status}: is it the admin port of a data plane?"),
    }
}

/// The first of its addresses where somebody answers.
pub(crate) async fn find(admin: &str) -> anyhow::Result<Peer> {
    let addresses = lookup_host(admin).await.context("its address is not found")?;
    for address in addresses {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(Peer::Tcp(address));
        }
    }
    bail!("nobody answers there")
}

/// What the data planes are asked. Holds no secret.
fn question(args: &PurgeArgs) -> anyhow::Result<Value> {
    if let Some(key) = &args.key {
        return Ok(json!({"key": key.to_string()}));
    }
    Ok(match client(args)? {
        Some(client) => json!({"route": args.route, "client": client.to_string()}),
        None => json!({"route": args.route}),
    })
}

fn client(args: &PurgeArgs) -> anyhow::Result<Option<Digest>> {
    let credential = if let Some(name) = &args.client_credential_env {
        env::var(name).with_context(|| format!("cannot read the variable {name}"))?
    } else if args.client_credential_stdin {
        let mut text = String::new();
        std::io::stdin()
            .take(64 << 10)
            .read_to_string(&mut text)
            .context("cannot read stdin")?;
        text
    } else {
        let named = args.client_header.as_ref();
        return Ok(args
            .client
            .or_else(|| named.map(|value| Digest::of_header(value.as_bytes()))));
    };
    let credential = credential.trim();
    if credential.is_empty() {
        bail!("the credential is empty");
    }
    Ok(Some(Digest::of_credential(credential.as_bytes())))
}

fn route(text: &str) -> Result<String, BadName> {
    route_name(text).map(|route| route.to_string())
}

/// `HOST:PORT` of a URL.
pub(crate) fn authority(text: &str) -> Result<String, String> {
    let wrong = || "write it as http://HOST:PORT".to_owned();
    let url: http::Uri = text.parse().map_err(|_| wrong())?;
    let plain = url.scheme_str() == Some("http") && matches!(url.path(), "" | "/") && url.query().is_none();
    let authority = url.authority().filter(|_| plain).ok_or_else(wrong)?;
    let (host, port) = (authority.host(), authority.port_u16().ok_or_else(wrong)?);
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn asked(words: &[&str]) -> Result<Value, String> {
        let words = ["wayleave", "cache", "purge"].iter().chain(words);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Cache(args) = cli.command else {
            return Err("another command".to_owned());
        };
        let CacheCommand::Purge(args) = args.command;
        question(&args).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_asked_holds_digests_only() {
        let route = ["--route", "team/chat"];
        let digest = Digest::of_header(b"acme").to_string();
        let key = format!("team/chat/{digest}/{digest}");
        assert_eq!(asked(&route), Ok(json!({"route": "team/chat"})));
        for (flag, value) in [("--client", &*digest), ("--client-header", "acme")] {
            let words = [route[0], route[1], flag, value];
            assert_eq!(
                asked(&words),
                Ok(json!({"route": "team/chat", "client": digest})),
                "{flag}"
            );
        }
        assert_eq!(asked(&["--key", &key]), Ok(json!({"key": key})));
        let unset = asked(&[
            "--route",
            "team/chat",
            "--client-credential-env",
            "NOT_SET_BY_ANYBODY",
        ]);
        assert!(unset.unwrap_err().contains("NOT_SET_BY_ANYBODY"));
    }

    #[test]
    fn what_contradicts_itself_is_wrong_usage() {
        let digest = Digest::of_everybody().to_string();
        let key = format!("team/chat/{digest}/{digest}");
        for words in [
            &[][..],
            &["--route", "chat"],
            &["--client", &digest],
            &["--route", "team/chat", "--client", "acme"],
            &[
                "--route",
                "team/chat",
                "--client",
                &digest,
                "--client-header",
                "acme",
            ],
            &["--key", &key, "--route", "team/chat"],
            &["--key", &key, "--client", &digest],
            &["--key", "team/chat"],
            &["--route", "team/chat", "--admin", "https://localhost:1"],
        ] {
            assert!(asked(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(
            authority("http://127.0.0.1:4001"),
            Ok("127.0.0.1:4001".to_owned())
        );
        assert_eq!(authority("http://[::1]:4001/"), Ok("[::1]:4001".to_owned()));
        for text in [
            "127.0.0.1:4001",
            "https://a:1",
            "http://a",
            "http://a:1/ledger",
            "http://a:1/?b",
        ] {
            assert!(authority(text).is_err(), "{text}");
        }
    }
}
