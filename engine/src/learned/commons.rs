//! What all replicas have learned, in a Redis or Valkey server or a cluster of them.
//!
//! Each replica writes its own parts, under a name that is new with each start of its process, and reads those of the
//! others. What one leaves behind that is gone, another one takes over, in one step at the server: nothing counts twice,
//! and nothing is lost. No call waits for any of it, and without the server each replica goes on with what it knows.

mod member;
mod scripts;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use redis::IntoConnectionInfo;
use reqwest::Url;

pub(super) use self::member::Member;
use crate::cache::store::server::{BadServer, Server};
use crate::ledger::Password;

/// How to get to the server.
#[derive(Clone, Debug)]
pub struct CommonsOptions {
    /// Where it is.
    pub url: RedisUrl,
    /// Who connects; `None`: the server's default user.
    pub user: Option<String>,
    /// That user's password.
    pub password: Option<Password>,
    /// Whether it is one of a cluster.
    pub cluster: bool,
    /// Certificates to trust instead of the public ones; read for each connection.
    pub ca_file: Option<PathBuf>,
    /// What all keys begin with. Gateways that are not to learn from each other have different ones.
    pub prefix: Prefix,
}

/// The URL of a Redis server, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrl(Url);

/// A text that is no [`RedisUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write it as redis://HOST:PORT, rediss://HOST:PORT or redis+unix:///SOCKET, without a user or password in it"
)]
pub struct BadRedisUrl;

/// What keys begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(Arc<str>);

/// A text that is no [`Prefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix has 1 to 100 letters, digits, and signs of - _ . / :")]
pub struct BadPrefix;

/// A server that cannot be used as it is described. Says nothing secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadCommons {
    #[error(transparent)]
    Server(#[from] BadServer),
    #[error("cannot read the file of the password: {0}")]
    Password(std::io::Error),
    #[error("cannot read the file of the certificates to trust: {0}")]
    Certificates(std::io::Error),
}

impl FromStr for RedisUrl {
    type Err = BadRedisUrl;

    fn from_str(text: &str) -> Result<Self, BadRedisUrl> {
        let url = Url::parse(text).map_err(|_| BadRedisUrl)?;
        let sane = match url.scheme() {
            "redis" | "rediss" => url.has_host(),
            "redis+unix" | "unix" => !url.has_host() && url.path().len() > 1,
            _ => false,
        };
        let shows = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        let known = sane && !shows && url.as_str().into_connection_info().is_ok();
        known.then_some(Self(url)).ok_or(BadRedisUrl)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;

    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./:".contains(sign);
        ((1..=100).contains(&text.len()) && text.chars().all(plain))
            .then(|| Self(text.into()))
            .ok_or(BadPrefix)
    }
}

impl Prefix {
    /// A key. All have one hash tag, so that a cluster keeps them together.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{{{}:learned:1}}:{name}", self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CommonsOptions {
    /// As its files say now.
    pub(crate) fn server(&self) -> Result<Server, BadCommons> {
        let password = match &self.password {
            None => None,
            Some(Password::Text(secret)) => Some(secret.expose().to_owned()),
            Some(Password::File(path)) => {
                let text = std::fs::read_to_string(path).map_err(BadCommons::Password)?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        };
        let ca_file = self.ca_file.as_ref().map(std::fs::read_to_string);
        let ca_pem = ca_file.transpose().map_err(BadCommons::Certificates)?;
        let info = self.url.0.as_str().into_connection_info();
        let info = info.map_err(|_| BadServer::Url)?;
        let mut settings = info.redis_settings().clone();
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        let info = info.set_redis_settings(settings);
        Ok(Server::at(info, self.cluster, ca_pem.as_deref())?)
    }
}

#[cfg(test)]
mod tests;
