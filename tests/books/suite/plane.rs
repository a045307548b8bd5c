//! A data plane with a spool, without Envoy.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::daemon::{Daemon, command};
use wayleave_tests::metrics::Metrics;
use wayleave_tests::secrets::Secrets;
use wayleave_tests::{Client, Manifests, until};

/// How long something may take on a machine that builds at the same time.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What data planes, one after the other, have in common.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) secrets: Secrets,
    /// For collectors.
    pub(crate) token: String,
    _sim: Sim,
}

/// A data plane.
pub(crate) struct Plane {
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
}

impl Site {
    /// With a model `chat`, whose first provider sometimes fails.
    pub(crate) fn new() -> Self {
        let sim = Sim::start(SimOptions::default()).unwrap();
        let steps = "steps: [{targets: [{providerKey: bad, model: \"m?status=500\"}]}, \
                     {targets: [{providerKey: good, model: \"m?tokens=20&ttft=2ms\"}]}]";
        let manifests = Manifests::default()
            .openai("bad", &sim)
            .openai("good", &sim)
            .route("chat", steps);
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("manifests")).unwrap();
        fs::write(folder.path().join("manifests/all.yaml"), manifests.yaml()).unwrap();
        Self {
            folder,
            token: manifests.secrets.mint("collector"),
            secrets: manifests.secrets,
            _sim: sim,
        }
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// A file with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Starts a data plane with the spool and further flags.
    pub(crate) async fn start(&self, flags: &[&str]) -> Plane {
        let mut command = command(&["ext-proc", "--output", "json"]);
        command.arg("-f").arg(self.folder.path().join("manifests"));
        command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.arg("--ledger-spool").arg(self.spool()).args(flags);
        let headers = format!("x-token={}", self.token);
        command.env("WAYLEAVE_LEDGER_OTLP_HEADERS", headers);
        let daemon = Daemon::start(command, &self.secrets).await;
        let base = format!("http://{}", daemon.address("http"));
        Plane {
            client: Client::new(base, self.secrets.clone(), false),
            daemon,
        }
    }
}

impl Plane {
    pub(crate) async fn metrics(&self) -> Metrics {
        Metrics::read(&self.daemon.page("/metrics").await.1)
    }

    /// Waits until a sink has taken all.
    pub(crate) async fn settled(&self, sink: &str) {
        until("the sink has taken all", SOON, async || {
            let lag = self
                .metrics()
                .await
                .count("wayleave_ledger_sink_lag_records", &[("sink", sink)]);
            (lag == 0).then_some(())
        })
        .await;
    }
}
