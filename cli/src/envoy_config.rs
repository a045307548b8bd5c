//! `wayleave envoy-config`: the configuration of an Envoy before the data plane.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use wayleave_ext_proc::Limits;
use wayleave_ext_proc::args::ByteSize;
use wayleave_ext_proc::envoy::bootstrap::{self, AccessLog, BootstrapOptions, ListenAddress, bootstrap};

use crate::output::print;

/// What Envoy lets pass at least, in KiB.
const ROOM_FOR_HEADERS_KIB: u32 = 512;
/// The most that Envoy can be set to.
const MOST_HEADER_KIB: u32 = 8_192;

/// Print the configuration of an Envoy that stands before the data plane, for `envoy --config-path`
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct EnvoyConfigArgs {
    /// Where clients call
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// The socket of the data plane: its --socket, with --adaptor http its --http-socket
    #[arg(long, value_name = "PATH")]
    pub socket: PathBuf,
    /// The socket of Envoy's admin pages, which Envoy makes: the data plane's --envoy-admin
    #[arg(long, value_name = "PATH")]
    pub admin_socket: PathBuf,
    /// Make Envoy write one JSON line per request to stdout
    #[arg(long)]
    pub access_log: bool,
    /// The memory at which Envoy takes no more calls
    #[arg(long, value_name = "SIZE", default_value = "1Gi")]
    pub max_heap: ByteSize,
    /// How Envoy hands calls over
    #[arg(long, value_enum, default_value_t)]
    pub adaptor: Adaptor,
}

const EXAMPLE: &str = "\
Example:
  wayleave envoy-config --listen 0.0.0.0:4000 --socket /run/wayleave/ext-proc.sock --admin-socket /run/wayleave/envoy-admin.sock";

/// How Envoy hands calls over to the data plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Adaptor {
    /// By its external-processor filter.
    #[default]
    ExtProc,
    /// As a proxy: slower streams cannot fill Envoy's memory.
    Http,
}

/// What a user can set of Envoy.
#[derive(Clone, Debug)]
pub(crate) struct EnvoySettings {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: PathBuf,
    pub(crate) upstream: PathBuf,
    pub(crate) adaptor: Adaptor,
    pub(crate) access_log: bool,
    pub(crate) max_heap: ByteSize,
    /// What the data plane takes.
    pub(crate) max_header_bytes: usize,
}

impl EnvoySettings {
    pub(crate) fn into_options(self) -> BootstrapOptions {
        // More than the data plane takes: Envoy itself would not know in whose format to refuse.
        let taken = u32::try_from(self.max_header_bytes >> 10).unwrap_or(MOST_HEADER_KIB);
        let room = taken
            .saturating_mul(8)
            .clamp(ROOM_FOR_HEADERS_KIB, MOST_HEADER_KIB);
        BootstrapOptions {
            adaptor: self.adaptor.into(),
            access_log: if self.access_log {
                AccessLog::Stdout
            } else {
                AccessLog::Off
            },
            max_heap_bytes: self.max_heap.0 as u64,
            max_header_kib: room,
            ..BootstrapOptions::new(ListenAddress::Tcp(self.listen), self.admin, self.upstream)
        }
    }
}

impl From<Adaptor> for bootstrap::Adaptor {
    fn from(adaptor: Adaptor) -> Self {
        match adaptor {
            Adaptor::ExtProc => Self::ExtProc,
            Adaptor::Http => Self::Http,
        }
    }
}

/// As it stands in a file: the same for the same options.
pub(crate) fn text(options: &BootstrapOptions) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(&bootstrap(options)).context("cannot write JSON")?;
    Ok(text + "\n")
}

/// Prints it.
///
/// # Errors
/// When stdout cannot be written.
pub fn run(args: EnvoyConfigArgs) -> anyhow::Result<ExitCode> {
    let settings = EnvoySettings {
        listen: args.listen,
        admin: args.admin_socket,
        upstream: args.socket,
        adaptor: args.adaptor,
        access_log: args.access_log,
        max_heap: args.max_heap,
        max_header_bytes: Limits::default().headers,
    };
    print(&text(&settings.into_options())?)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_in_it() {
        let settings = |access_log, max_header_bytes| EnvoySettings {
            listen: ([0, 0, 0, 0], 4000).into(),
            admin: "/run/admin.sock".into(),
            upstream: "/run/calls.sock".into(),
            adaptor: Adaptor::Http,
            access_log,
            max_heap: ByteSize(1 << 20),
            max_header_bytes,
        };
        let options = settings(true, 60 << 10).into_options();
        assert_eq!(options.access_log, AccessLog::Stdout);
        assert_eq!(options.adaptor, bootstrap::Adaptor::Http);
        assert_eq!((options.max_heap_bytes, options.max_header_kib), (1 << 20, 512));
        let shown = text(&options).unwrap();
        for part in ["/run/admin.sock", "/run/calls.sock", "\"0.0.0.0\"", "4000"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(shown.ends_with("}\n"));
        assert_eq!(text(&options).unwrap(), shown, "the same every time");
        let large = settings(false, 1 << 30).into_options();
        assert_eq!((large.max_header_kib, large.access_log), (8_192, AccessLog::Off));
    }
}
