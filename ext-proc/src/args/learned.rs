//! The flags of what is learned.

use std::path::PathBuf;

use clap::Args;
use wayleave_core::secret::Secret;
use wayleave_engine::learned::{CommonsOptions, Keep, Prefix, RedisUrl};
use wayleave_engine::ledger::Password;

use super::url::UrlParser;

/// Holds the password of Redis. No flag does: everybody on the machine can read those.
const PASSWORD: &str = "WAYLEAVE_LEARNED_REDIS_PASSWORD";

/// Where what is learned of targets is kept.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "What is learned")]
pub struct LearnedArgs {
    /// Keep what is learned of targets (scores, lengths, speeds) over a restart: in this folder of this process alone
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED",
        value_name = "DIR",
        conflicts_with = "learned_redis"
    )]
    pub learned: Option<PathBuf>,

    /// Keep it in this Redis or Valkey, where all replicas share it, e.g. `redis://redis:6379`; `rediss://` is with TLS.
    /// The password is that of the variable `WAYLEAVE_LEARNED_REDIS_PASSWORD`, or of a file
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED_REDIS",
        value_name = "URL",
        value_parser = UrlParser::<RedisUrl>::new()
    )]
    pub learned_redis: Option<RedisUrl>,

    /// The user who connects [default: the server's own default]
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED_REDIS_USER",
        value_name = "NAME",
        requires = "learned_redis"
    )]
    pub learned_redis_user: Option<String>,

    /// The file with the password; read again for each connection
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED_REDIS_PASSWORD_FILE",
        value_name = "FILE",
        requires = "learned_redis"
    )]
    pub learned_redis_password_file: Option<PathBuf>,

    /// The file with the certificates to trust, in place of the public ones; read again for each connection
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED_REDIS_CA",
        value_name = "FILE",
        requires = "learned_redis"
    )]
    pub learned_redis_ca: Option<PathBuf>,

    /// The server is one of a cluster
    #[arg(long, env = "WAYLEAVE_LEARNED_REDIS_CLUSTER", requires = "learned_redis")]
    pub learned_redis_cluster: bool,

    /// What all keys there begin with. Gateways that are not to learn from each other need different ones
    #[arg(
        long,
        env = "WAYLEAVE_LEARNED_REDIS_PREFIX",
        value_name = "TEXT",
        default_value = "wayleave"
    )]
    pub learned_redis_prefix: Prefix,
}

impl LearnedArgs {
    pub(super) fn keep(&self) -> Option<Keep> {
        let Some(url) = &self.learned_redis else {
            return self.learned.clone().map(Keep::Folder);
        };
        let file = self.learned_redis_password_file.clone().map(Password::File);
        let variable = || std::env::var(PASSWORD).ok().map(Secret::new).map(Password::Text);
        Some(Keep::Redis(CommonsOptions {
            url: url.clone(),
            user: self.learned_redis_user.clone(),
            password: file.or_else(variable),
            cluster: self.learned_redis_cluster,
            ca_file: self.learned_redis_ca.clone(),
            prefix: self.learned_redis_prefix.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: LearnedArgs,
    }

    fn parse(flags: &[&str]) -> Result<Option<Keep>, String> {
        let command = Line::try_parse_from([&["wayleave"], flags].concat());
        command
            .map(|command| command.args.keep())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_in_memory_in_a_folder_or_in_redis() {
        assert!(parse(&[]).unwrap().is_none());
        assert!(
            matches!(parse(&["--learned", "d"]).unwrap(), Some(Keep::Folder(folder)) if folder.as_os_str() == "d")
        );
        let flags = [
            "--learned-redis",
            "rediss://r:6380",
            "--learned-redis-user",
            "u",
            "--learned-redis-password-file",
            "p",
            "--learned-redis-ca",
            "c",
            "--learned-redis-cluster",
            "--learned-redis-prefix",
            "team-a",
        ];
        let Some(Keep::Redis(options)) = parse(&flags).unwrap() else {
            panic!("it is Redis")
        };
        assert_eq!(options.url.to_string(), "rediss://r:6380");
        assert_eq!(options.user.as_deref(), Some("u"));
        assert!(matches!(options.password, Some(Password::File(path)) if path.as_os_str() == "p"));
        assert!(options.cluster && options.ca_file.is_some_and(|path| path.as_os_str() == "c"));
        assert_eq!(options.prefix.to_string(), "team-a");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let both = parse(&["--learned", "d", "--learned-redis", "redis://r"]).unwrap_err();
        assert!(both.contains("cannot be used with"), "{both}");
        let alone = parse(&["--learned-redis-user", "u"]).unwrap_err();
        assert!(alone.contains("--learned-redis <URL>"), "{alone}");
        let shown = parse(&["--learned-redis", "redis://:secret@r"]).unwrap_err();
        assert!(
            shown.contains("without a user or password") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
