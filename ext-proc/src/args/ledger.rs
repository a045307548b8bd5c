//! The flags of the ledger.

use std::path::PathBuf;

use clap::Args;
use wayleave_core::secret::Secret;
use wayleave_engine::ledger::{
    ClickHouseOptions, Identifier, OtlpOptions, Password, Rotation, SinkOptions, SinkUrl, SpoolOptions,
};

use super::url::UrlParser;
use super::{BadByteSize, ByteSize};

/// Holds the password of ClickHouse's user. No flag does: everybody on the machine can read those.
const PASSWORD: &str = "WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD";
/// The same for headers that a collector wants.
const HEADERS: &str = "WAYLEAVE_LEDGER_OTLP_HEADERS";

/// Where the ledger goes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ledger")]
pub struct LedgerArgs {
    /// Append the ledger to this file, one JSON record per line and attempt
    #[arg(long = "ledger", env = "WAYLEAVE_LEDGER", value_name = "FILE")]
    pub ledger_file: Option<PathBuf>,

    /// The bytes from which on that file is put aside as FILE.1, the one before as FILE.2, ...; 0: never
    #[arg(long, env = "WAYLEAVE_LEDGER_MAX_BYTES", value_name = "SIZE", default_value = "256Mi", value_parser = size_or_never)]
    pub ledger_max_bytes: ByteSize,

    /// How many files that were put aside are kept
    #[arg(long, env = "WAYLEAVE_LEDGER_KEEP", value_name = "N", default_value_t = 16)]
    pub ledger_keep: u32,

    /// How many ledger records the admin page /ledger keeps
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_RING",
        value_name = "N",
        default_value_t = 10_000
    )]
    pub ledger_ring: usize,

    /// Where records wait for ClickHouse or a collector: a folder of this process alone. A record is there before the
    /// client has the end of its answer
    #[arg(long, env = "WAYLEAVE_LEDGER_SPOOL", value_name = "DIR")]
    pub ledger_spool: Option<PathBuf>,

    /// The most bytes of that folder; then the oldest records are dropped, which `wayleave_ledger_dropped_total`
    /// counts
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_SPOOL_MAX_BYTES",
        value_name = "SIZE",
        default_value = "1Gi"
    )]
    pub ledger_spool_max_bytes: ByteSize,

    /// Write the ledger to ClickHouse at this URL of its HTTP interface, e.g. `http://clickhouse:8123`. The password
    /// is that of the variable `WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD`, or of a file
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_CLICKHOUSE",
        value_name = "URL",
        requires = "ledger_spool",
        value_parser = UrlParser::<SinkUrl>::new()
    )]
    pub ledger_clickhouse: Option<SinkUrl>,

    /// The database of the table
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_CLICKHOUSE_DATABASE",
        value_name = "NAME",
        default_value = "default"
    )]
    pub ledger_clickhouse_database: Identifier,

    /// The table; `wayleave ledger schema` prints what makes it
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_CLICKHOUSE_TABLE",
        value_name = "NAME",
        default_value = "wayleave_ledger"
    )]
    pub ledger_clickhouse_table: Identifier,

    /// The user who inserts
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_CLICKHOUSE_USER",
        value_name = "NAME",
        default_value = "default"
    )]
    pub ledger_clickhouse_user: String,

    /// The file with that user's password; read again for each insert
    #[arg(long, env = "WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD_FILE", value_name = "FILE")]
    pub ledger_clickhouse_password_file: Option<PathBuf>,

    /// Make the table before the first insert, and change it where it is of an older version
    #[arg(long, env = "WAYLEAVE_LEDGER_CLICKHOUSE_MIGRATE")]
    pub ledger_clickhouse_migrate: bool,

    /// Send the ledger as logs to the OpenTelemetry collector at this URL, by HTTP with JSON, e.g.
    /// `http://collector:4318`. Headers that it wants are those of the variable `WAYLEAVE_LEDGER_OTLP_HEADERS`, as
    /// `authorization=Bearer ...,name=value`
    #[arg(
        long,
        env = "WAYLEAVE_LEDGER_OTLP",
        value_name = "URL",
        requires = "ledger_spool",
        value_parser = UrlParser::<SinkUrl>::new()
    )]
    pub ledger_otlp: Option<SinkUrl>,
}

impl LedgerArgs {
    pub(super) fn rotation(&self) -> Rotation {
        Rotation {
            max_bytes: bytes(self.ledger_max_bytes),
            keep: self.ledger_keep,
        }
    }

    pub(super) fn spool(&self) -> Option<SpoolOptions> {
        let clickhouse = self.ledger_clickhouse.clone().map(|url| {
            SinkOptions::ClickHouse(ClickHouseOptions {
                url,
                database: self.ledger_clickhouse_database.clone(),
                table: self.ledger_clickhouse_table.clone(),
                user: self.ledger_clickhouse_user.clone(),
                password: self.password(),
                migrate: self.ledger_clickhouse_migrate,
            })
        });
        let otlp = self.ledger_otlp.clone();
        let otlp = otlp.map(|url| {
            SinkOptions::Otlp(OtlpOptions {
                url,
                headers: variable(HEADERS),
            })
        });
        Some(SpoolOptions {
            folder: self.ledger_spool.clone()?,
            max_bytes: bytes(self.ledger_spool_max_bytes),
            sinks: clickhouse.into_iter().chain(otlp).collect(),
        })
    }

    fn password(&self) -> Option<Password> {
        let file = self.ledger_clickhouse_password_file.clone();
        file.map(Password::File)
            .or_else(|| variable(PASSWORD).map(Password::Text))
    }
}

fn variable(name: &str) -> Option<Secret> {
    std::env::var(name).ok().map(Secret::new)
}

fn bytes(size: ByteSize) -> u64 {
    size.0 as u64
}

fn size_or_never(text: &str) -> Result<ByteSize, BadByteSize> {
    if text == "0" {
        return Ok(ByteSize(0));
    }
    text.parse()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: LedgerArgs,
    }

    fn parse(flags: &[&str]) -> Result<LedgerArgs, String> {
        let command = Line::try_parse_from([&["wayleave"], flags].concat());
        command
            .map(|command| command.args)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_may_grow_for_ever() {
        let args = parse(&["--ledger-max-bytes", "0", "--ledger-keep", "3"]).unwrap();
        let wanted = Rotation {
            max_bytes: 0,
            keep: 3,
        };
        assert_eq!(args.rotation(), wanted);
        assert!(args.spool().is_none());
    }

    #[test]
    fn a_sink_needs_a_spool_and_a_url_without_a_password() {
        let error = parse(&["--ledger-otlp", "http://c:4318"]).unwrap_err();
        assert!(error.contains("--ledger-spool <DIR>"), "{error}");
        let error = parse(&["--ledger-spool", "s", "--ledger-clickhouse", "http://u:secret@c"]).unwrap_err();
        assert!(error.contains("without a user or password"), "{error}");
        assert!(
            !error.contains("secret") && error.contains("--ledger-clickhouse"),
            "{error}"
        );
        let error = parse(&["--ledger-clickhouse-table", "a;b"]).unwrap_err();
        assert!(error.contains("letters, digits and _"), "{error}");
    }

    #[test]
    fn all_sinks_read_one_spool() {
        let flags = [
            "--ledger-spool",
            "s",
            "--ledger-spool-max-bytes",
            "1Mi",
            "--ledger-clickhouse",
            "http://c:8123",
            "--ledger-clickhouse-password-file",
            "p",
            "--ledger-otlp",
            "http://c:4318",
        ];
        let spool = parse(&flags).unwrap().spool().unwrap();
        assert_eq!((spool.max_bytes, spool.sinks.len()), (1 << 20, 2));
        assert!(matches!(&spool.sinks[0], SinkOptions::ClickHouse(options)
            if matches!(&options.password, Some(Password::File(path)) if path.as_os_str() == "p")));
    }
}
