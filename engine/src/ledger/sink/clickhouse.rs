//! A table of ClickHouse, by HTTP.
//!
//! The table replaces rows that are equal in what it is ordered by, at some time; `SELECT … FINAL` does at once. The
//! statements are what version 18.16 takes, and every later one.

mod row;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use http::HeaderValue;
use reqwest::{Client, Url};
use wayleave_core::secret::Secret;

use super::http::{SinkUrl, accepted};
use super::{Failure, Reason};
pub(super) use row::rows;

/// What makes the table, in order. A statement that has been released is never changed: the next one changes the table.
const MIGRATIONS: [&str; 3] = [
    include_str!("clickhouse/1.sql"),
    include_str!("clickhouse/2.sql"),
    include_str!("clickhouse/3.sql"),
];

/// Where the table is, and who may write to it.
#[derive(Clone, Debug)]
pub struct ClickHouseOptions {
    /// The server's HTTP interface.
    pub url: SinkUrl,
    /// The table's database.
    pub database: Identifier,
    /// The table.
    pub table: Identifier,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Option<Password>,
    /// Whether the table is made, and changed where it is of an older version.
    pub migrate: bool,
}

/// A password, or where it stands.
#[derive(Clone, Debug)]
pub enum Password {
    /// The password.
    Text(Secret),
    /// The file that holds it; read for each batch, so that another one can take its place.
    File(PathBuf),
}

/// A name that needs no quotes in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier(Arc<str>);

/// A text that is no [`Identifier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has letters, digits and _, and does not begin with a digit")]
pub struct BadIdentifier;

impl FromStr for Identifier {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let plain = text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let begins = text.starts_with(|letter: char| !letter.is_ascii_digit());
        (plain && begins).then(|| Self(text.into())).ok_or(BadIdentifier)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The statements that make a table, in order.
pub fn schema(table: &Identifier) -> Vec<String> {
    let own = MIGRATIONS.iter().map(|text| text.replace("{table}", &table.0));
    own.map(|text| text.trim_end().to_owned()).collect()
}

/// The server, as a sink.
#[derive(Debug)]
pub(super) struct ClickHouse {
    options: ClickHouseOptions,
    client: Client,
    /// The table is as it should be, as far as we have to see to it.
    prepared: bool,
    /// Whether the table has room for feedback; `None`: not asked yet.
    takes_feedback: Option<bool>,
}

impl ClickHouse {
    pub(super) fn new(options: ClickHouseOptions, client: Client) -> Self {
        Self {
            prepared: !options.migrate,
            takes_feedback: None,
            options,
            client,
        }
    }

    /// Inserts rows.
    pub(super) async fn insert(&mut self, rows: Vec<u8>) -> Result<(), Failure> {
        if !self.prepared {
            self.migrate().await?;
            self.prepared = true;
        }
        let rows = if row::has_feedback(&rows) && !self.takes_feedback().await? {
            row::without_feedback(&rows)
        } else {
            rows
        };
        let insert = format!("INSERT INTO {} FORMAT JSONEachRow", self.options.table);
        let mut url = self.url();
        url.query_pairs_mut()
            .append_pair("query", &insert)
            // An older table lacks the columns of newer records.
            .append_pair("input_format_skip_unknown_fields", "1");
        self.post(url, rows).await.map(drop)
    }

    /// An older table refuses all that is inserted with it.
    async fn takes_feedback(&mut self) -> Result<bool, Failure> {
        if let Some(known) = self.takes_feedback {
            return Ok(known);
        }
        let table = &self.options.table;
        let described = self.ask(format!("DESCRIBE TABLE {table}")).await?;
        // One statement makes the columns and the kind.
        let takes = described.contains("feedback_value");
        if !takes {
            tracing::error!(
                %table,
                "the ledger's table is of an older version: feedback is left out of it until it is migrated and this \
                 process is restarted (wayleave ledger schema)"
            );
        }
        self.takes_feedback = Some(takes);
        Ok(takes)
    }

    /// Makes the table what this version needs.
    async fn migrate(&self) -> Result<(), Failure> {
        let versions = format!("{}_migrations", self.options.table);
        let log = format!(
            "CREATE TABLE IF NOT EXISTS {versions} (version UInt32, applied DateTime) ENGINE = MergeTree ORDER BY version"
        );
        self.ask(log).await?;
        let applied = self.ask(format!("SELECT max(version) FROM {versions}")).await?;
        let applied = applied.trim().parse().unwrap_or(0);
        for (version, statement) in (1..).zip(schema(&self.options.table)).skip(applied) {
            // One that was applied and not written down, as its process was killed between.
            if !self.has_columns_of(&statement).await? {
                self.ask(statement).await?;
            }
            self.ask(format!("INSERT INTO {versions} SELECT {version}, now()"))
                .await?;
            tracing::info!(table = %self.options.table, version, "migrated the ledger's table");
        }
        Ok(())
    }

    /// Whether the table has what a statement adds to it. Old servers do not know `ADD COLUMN IF NOT EXISTS`.
    async fn has_columns_of(&self, statement: &str) -> Result<bool, Failure> {
        let added = statement.split("ADD COLUMN ").nth(1);
        let Some(column) = added.and_then(|rest| rest.split(' ').next()) else {
            return Ok(false);
        };
        let described = self.ask(format!("DESCRIBE TABLE {}", self.options.table)).await?;
        let mut columns = described.lines().filter_map(|line| line.split('\t').next());
        Ok(columns.any(|known| known == column))
    }

    fn url(&self) -> Url {
        let mut url = self.options.url.with(&[]);
        url.query_pairs_mut()
            .append_pair("database", &self.options.database.0);
        url
    }

    /// A statement without data.
    async fn ask(&self, statement: String) -> Result<String, Failure> {
        self.post(self.url(), statement.into_bytes()).await
    }

    async fn post(&self, url: Url, body: Vec<u8>) -> Result<String, Failure> {
        let mut request = self.client.post(url).body(body);
        request = request.header("x-clickhouse-user", &self.options.user);
        if let Some(password) = self.password().await? {
            request = request.header("x-clickhouse-key", password);
        }
        let mut answer = accepted(request.send().await?).await;
        if let Err(failure) = &mut answer
            && failure.reason == Reason::Invalid
        {
            // The rows are ours: what is wrong is the table, and can be mended.
            failure.reason = Reason::Refused;
        }
        answer
    }

    async fn password(&self) -> Result<Option<HeaderValue>, Failure> {
        let text = match &self.options.password {
            None => return Ok(None),
            Some(Password::Text(secret)) => secret.clone(),
            Some(Password::File(path)) => {
                let read = tokio::fs::read_to_string(path).await;
                let text = read.map_err(|error| bad_password(&format!("{}: {error}", path.display())))?;
                Secret::new(text.trim_end_matches(['\r', '\n']))
            }
        };
        let mut value = HeaderValue::from_str(text.expose())
            .map_err(|_| bad_password("it has characters that a header cannot hold"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn bad_password(why: &str) -> Failure {
    Failure {
        reason: Reason::Credentials,
        message: format!("the password cannot be used: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_no_quotes() {
        for text in ["wayleave_ledger", "_x", "T1"] {
            assert_eq!(text.parse::<Identifier>().unwrap().to_string(), text);
        }
        for text in ["", "1t", "a.b", "a b", "t;DROP", "`t`", "ü"] {
            assert_eq!(text.parse::<Identifier>(), Err(BadIdentifier), "{text}");
        }
    }

    #[test]
    fn the_schema_names_the_table() {
        let all = schema(&"books".parse().unwrap());
        assert!(all[0].starts_with("CREATE TABLE IF NOT EXISTS books ("));
        assert!(all.iter().all(|statement| !statement.contains('{')));
    }
}
