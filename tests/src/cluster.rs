//! A Kubernetes cluster without containers: etcd and kube-apiserver, as `make kube` builds them.
//!
//! There are no nodes and no controllers: pods do not run, a namespace that is deleted stays `Terminating`, and nothing
//! is deleted with its owner.

mod access;
mod credentials;
mod folder;
mod kubectl;
pub(crate) mod port;
pub mod program;
pub(crate) mod server;

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::wait::until;
use credentials::Credentials;
use folder::Folder;
pub use kubectl::Kubectl;
use port::Port;
use program::Program;
use server::Server;

/// How long a server may take to be ready, on a machine that builds at the same time.
const READY: Duration = Duration::from_secs(90);
/// The one of this process.
static SHARED: OnceCell<Cluster> = OnceCell::const_new();

/// A cluster that runs. Dropped, it is killed, and its data is gone.
#[derive(Debug)]
pub struct Cluster {
    // In this order: the servers go before their data.
    api_server: Option<Server>,
    etcd: Server,
    admin: Kubectl,
    credentials: Credentials,
    port: Port,
    etcd_port: Port,
    crds: OnceCell<()>,
    namespaces: AtomicU32,
    folder: Folder,
}

impl Cluster {
    /// The one that all tests of this process share, each in a namespace of its own. It ends with the process.
    pub async fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start).await
    }

    /// Starts one.
    ///
    /// # Panics
    /// When it does not get ready.
    pub async fn start() -> Self {
        let folder = Folder::new();
        let credentials = Credentials::make(&folder);
        let (port, etcd_port) = (Port::reserve(), Port::reserve());
        let kubeconfig = credentials.kubeconfig(port.number(), "default", &credentials.admin_token);
        let admin = Kubectl {
            kubeconfig: folder.write("admin.kubeconfig", &kubeconfig),
            cache: folder.path().join("kubectl"),
        };
        let arguments = etcd_arguments(&etcd_port, folder.path());
        let etcd = serve(Program::Etcd, &arguments, folder.path());
        // A server that finds no etcd tries again only after a second.
        until("etcd takes connections", READY, async || {
            etcd.assert_runs();
            connects(&etcd_port).await
        })
        .await;
        let mut cluster = Self {
            api_server: None,
            etcd,
            admin,
            credentials,
            port,
            etcd_port,
            crds: OnceCell::new(),
            namespaces: AtomicU32::new(0),
            folder,
        };
        cluster.start_api_server().await;
        cluster
    }

    /// Starts the API server again, with the port and the data that it had.
    ///
    /// # Panics
    /// When it runs already, or does not get ready.
    pub async fn start_api_server(&mut self) {
        assert!(self.api_server.is_none(), "the API server runs already");
        let arguments = api_server_arguments(&self.port, &self.etcd_port, self.folder.path());
        let server = serve(Program::ApiServer, &arguments, self.folder.path());
        until("the API server takes connections", READY, async || {
            server.assert_runs();
            connects(&self.port).await
        })
        .await;
        self.answers(&server, "/readyz?verbose").await;
        // It says that it is ready a moment before it has made this namespace.
        self.answers(&server, "/api/v1/namespaces/default").await;
        self.api_server = Some(server);
    }

    /// Waits until the server has this page.
    async fn answers(&self, server: &Server, page: &str) {
        let end = Instant::now() + READY;
        while let Err(said) = self.admin.try_run(&["get", "--raw", page]).await {
            server.assert_runs();
            let tail = server.tail();
            assert!(Instant::now() < end, "no {page} after {READY:?}: {said}\n{tail}");
        }
    }

    /// Kills the API server, for a test of what its clients do then. It cannot be done to the one that is shared.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop_api_server(&mut self) {
        assert!(self.api_server.take().is_some(), "the API server does not run");
    }

    /// Where the API server is, whether it runs or not: `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}:{}", Ipv4Addr::LOCALHOST, self.port.number())
    }

    /// The kubeconfig of a user who may do everything.
    pub fn kubeconfig(&self) -> &Path {
        self.admin.kubeconfig()
    }

    /// The processes of the servers that run.
    pub fn processes(&self) -> Vec<u32> {
        let api_server = self.api_server.iter().map(Server::id);
        api_server.chain([self.etcd.id()]).collect()
    }

    /// Which server ended by itself, with the end of its log; `None`: all run.
    pub fn fallen(&self) -> Option<String> {
        let mut servers = [Some(&self.etcd), self.api_server.as_ref()].into_iter().flatten();
        servers.find_map(Server::fallen)
    }

    /// The folder with its data.
    pub fn folder(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("a folder while it runs")
    }
}

fn serve(program: Program, arguments: &[String], folder: &Path) -> Server {
    Server::start(program.name(), &program.path(), arguments, folder)
}

/// Something once the port takes connections.
pub(crate) async fn connects(port: &Port) -> Option<()> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port.number())).await;
    stream.ok().map(drop)
}

fn etcd_arguments(port: &Port, folder: &Path) -> Vec<String> {
    let url = format!("http://127.0.0.1:{}", port.number());
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        "--socket-reuse-port".to_owned(),
        // It has no peers.
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        // The data need not outlive the machine.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

fn api_server_arguments(port: &Port, etcd_port: &Port, folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{}", etcd_port.number()),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", port.number()),
        "--permit-port-sharing".to_owned(),
        format!("--tls-cert-file={}", file(credentials::CERTIFICATE)),
        format!("--tls-private-key-file={}", file(credentials::KEY)),
        format!("--token-auth-file={}", file(credentials::TOKENS)),
        "--authorization-mode=RBAC".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!(
            "--service-account-signing-key-file={}",
            file(credentials::SERVICE_ACCOUNT_KEY)
        ),
        format!(
            "--service-account-key-file={}",
            file(credentials::SERVICE_ACCOUNT_PUBLIC_KEY)
        ),
        // It waits for service accounts that a controller makes; there are no controllers here.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // It would make loopback an endpoint, which is refused.
        "--endpoint-reconciler-type=none".to_owned(),
        "--allow-privileged".to_owned(),
    ]
}
