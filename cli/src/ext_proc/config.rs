//! Where the data plane gets its configuration from.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use wayleave_ext_proc::{ConfigServer, ServerUrl};
use wayleave_tls::ServedCertificate;

/// A folder of manifests, or a configuration server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Configuration")]
#[command(group = ArgGroup::new("configuration").required(true))]
pub struct ConfigArgs {
    /// The folder with the manifests (LLMRoute, ProviderKey, Secret, ...): its .yaml, .yml and .json files
    #[arg(
        short = 'f',
        long,
        env = "WAYLEAVE_FOLDER",
        value_name = "DIR",
        group = "configuration"
    )]
    pub folder: Option<PathBuf>,
    /// The operator's configuration server, https://HOST:PORT; may be given several times, or as a list with commas
    #[arg(
        long,
        env = "WAYLEAVE_CONFIG_SERVER",
        value_name = "URL",
        value_delimiter = ',',
        group = "configuration"
    )]
    pub config_server: Vec<ServerUrl>,
    /// The certificates by which the configuration server is trusted (PEM); read at each connection
    #[arg(
        long,
        env = "WAYLEAVE_CONFIG_CA",
        value_name = "FILE",
        default_value = "/var/run/wayleave/ca/ca.crt"
    )]
    pub config_ca: PathBuf,
    /// The token that the configuration server is shown; read at each connection
    #[arg(
        long,
        env = "WAYLEAVE_CONFIG_TOKEN",
        value_name = "FILE",
        default_value = "/var/run/wayleave/token/token"
    )]
    pub config_token: PathBuf,
    /// What this data plane calls itself before the configuration server [default: the host's name]
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub node_id: Option<String>,
}

impl ConfigArgs {
    /// As the data plane takes it.
    pub(super) fn server(&self, certificate: Option<ServedCertificate>) -> ConfigServer {
        let host = || {
            let system = rustix::system::uname();
            system.nodename().to_string_lossy().into_owned()
        };
        ConfigServer {
            servers: self.config_server.clone(),
            ca_file: self.config_ca.clone(),
            token_file: self.config_token.clone(),
            node: self.node_id.clone().unwrap_or_else(host),
            certificate,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        config: ConfigArgs,
    }

    fn parse(words: &[&str]) -> Result<ConfigArgs, clap::Error> {
        Command::try_parse_from([&["x"], words].concat()).map(|command| command.config)
    }

    #[test]
    fn servers_are_listed_in_both_ways() {
        let words = [
            "--config-server",
            "https://a:1,https://b:2",
            "--config-server",
            "https://c:3",
        ];
        let server = parse(&words).unwrap().server(None);
        let shown: Vec<String> = server.servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["https://a:1", "https://b:2", "https://c:3"]);
        assert!(!server.node.is_empty(), "the host has a name");
    }

    #[test]
    fn it_is_one_of_both() {
        assert!(parse(&[]).is_err());
        assert!(parse(&["-f", "x", "--config-server", "https://a:1"]).is_err());
        let error = parse(&["--config-server", "http://a:1"]).unwrap_err().to_string();
        assert!(error.contains("https://HOST:PORT"), "{error}");
    }
}
