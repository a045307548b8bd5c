//! A data plane behind an Envoy, as in one pod.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::Ports;
use crate::cluster::port::Port;
use crate::cluster::server::Server;
use crate::daemon::{Daemon, command};
use crate::operator::Operator;
use crate::plane::Mounts;
use crate::program;
use crate::site::Site;

/// How long calls in flight may take to end.
const DRAIN: Duration = Duration::from_secs(3);
/// How long the data plane may take to end.
const IN_ORDER: Duration = Duration::from_secs(10);

/// Both of them. They need not be ready.
pub(super) struct Gateway {
    data_plane: Daemon,
    envoy: Server,
    port: Port,
    mounts: Mounts,
}

impl Gateway {
    /// Starts them.
    pub(super) async fn start(site: &Site<'_>, operator: &Operator, ports: Ports) -> Self {
        let mounts = Mounts::make(site).await;
        let data_plane = data_plane(site, operator, ports.wish(4001), &mounts).await;
        let folder = mounts.folder.path();
        let wish = ports.wish(4000).port();
        let port = Port::reserve_number(wish).unwrap_or_else(Port::reserve);
        let config = folder.join("envoy.json");
        fs::write(&config, envoy_config(port.number(), folder)).expect("a file");
        let words = [
            "--disable-hot-restart",
            "--log-level",
            "warning",
            "--concurrency",
            "2",
        ];
        let mut arguments = vec!["--config-path".to_owned(), config.display().to_string()];
        arguments.extend(words.map(str::to_owned));
        let envoy = Server::start("envoy", &program::envoy(), &arguments, &site.cluster.folder());
        Self {
            data_plane,
            envoy,
            port,
            mounts,
        }
    }

    /// Where Envoy takes calls.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }

    /// Where the data plane's admin pages are.
    pub(super) fn admin(&self) -> SocketAddr {
        self.data_plane.address("admin")
    }

    /// The folder of their sockets.
    pub(super) fn sockets(&self) -> &Path {
        self.mounts.folder.path()
    }

    /// Which of them ended by itself, with the end of its log; `None`: both run.
    pub(super) fn fallen(&mut self) -> Option<String> {
        self.data_plane.fallen().or_else(|| self.envoy.fallen())
    }

    /// Ends them: Envoy last, whose clients wait for the rest of their answers.
    pub(super) async fn stop(self) {
        self.data_plane.stop(IN_ORDER).await;
        drop(self.envoy);
    }
}

async fn data_plane(site: &Site<'_>, operator: &Operator, admin: SocketAddr, mounts: &Mounts) -> Daemon {
    let folder = mounts.folder.path();
    let mut command = command(&["ext-proc", "--output", "json", "--node-id", "gateway-0"]);
    let server = format!("https://localhost:{}", operator.config.port());
    command.args(["--config-server", &server, "--admin", &admin.to_string()]);
    command.arg("--config-ca").arg(&mounts.ca);
    command.arg("--config-token").arg(&mounts.token);
    command.arg("--socket").arg(folder.join("ext-proc.sock"));
    command.arg("--envoy-admin").arg(folder.join("envoy-admin.sock"));
    let drain = format!("{}s", DRAIN.as_secs());
    command.args(["--drain-timeout", &drain]);
    Daemon::start_as("data-plane", command, &site.secrets).await
}

fn envoy_config(port: u16, folder: &Path) -> Vec<u8> {
    let listen = format!("127.0.0.1:{port}");
    let socket = |name: &str| folder.join(name).display().to_string();
    let output = program::run(&[
        "envoy-config",
        "--listen",
        &listen,
        "--socket",
        &socket("ext-proc.sock"),
        "--admin-socket",
        &socket("envoy-admin.sock"),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
