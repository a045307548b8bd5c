//! What is said when all runs.

use std::env;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

use crate::cluster::program::Program;

/// Where everything is.
#[derive(Clone, Debug, Serialize)]
pub struct Announcement {
    /// Envoy.
    pub address: SocketAddr,
    /// The data plane's admin pages.
    pub admin: SocketAddr,
    /// The operator's admin pages.
    pub operator: SocketAddr,
    /// The simulated provider.
    pub provider: SocketAddr,
    /// The Kubernetes API server.
    pub api_server: String,
    /// The file of a user who may do everything.
    pub kubeconfig: PathBuf,
    /// Where `kubectl` may keep what kinds there are: not with those of other clusters, as ports are used again.
    pub kubectl_cache: PathBuf,
    /// The folder of all logs, and of the cluster's data.
    pub logs: PathBuf,
    /// The folder of Envoy's sockets.
    pub sockets: PathBuf,
}

impl Announcement {
    /// For people.
    pub fn text(&self) -> String {
        let Self {
            address,
            admin,
            operator,
            provider,
            api_server,
            ..
        } = self;
        let version = Program::ApiServer.version();
        let logs = self.logs.display();
        let mut text = format!(
            "Wayleave is ready, on a Kubernetes API server {version} without nodes\n
  calls     http://{address}/v1     through Envoy
  admin     http://{admin}   /metrics /ledger /config
  operator  http://{operator}   /metrics /readyz
  provider  http://{provider}   simulated: the routes of examples/demo call it
  API       {api_server}
  logs      {logs}/*.log
            operator, data-plane, envoy, kube-apiserver, etcd\n
In another terminal:
  export KUBECONFIG={} KUBECACHEDIR={}\n",
            self.kubeconfig.display(),
            self.kubectl_cache.display(),
        );
        if !on_path("kubectl") {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  alias kubectl={}", Program::Kubectl.path().display());
        }
        let _ = write!(
            text,
            "
  curl http://{address}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{\"model\": \"chat\", \"messages\": [{{\"role\": \"user\", \"content\": \"Say hello\"}}]}}'
  kubectl get wayleave        # every route and key, and whether it is served
  kubectl edit llmr chat      # say, another providerKey: the next call goes there\n
Ctrl-C here ends all of it and removes its data.\n"
        );
        text
    }
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_a_call_and_what_kubectl_needs() {
        let any = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let text = Announcement {
            address: any(4000),
            admin: any(4001),
            operator: any(8080),
            provider: any(4010),
            api_server: "https://127.0.0.1:6443".to_owned(),
            kubeconfig: "/c/admin.kubeconfig".into(),
            kubectl_cache: "/c/kubectl".into(),
            logs: "/c".into(),
            sockets: "/s".into(),
        }
        .text();
        for part in [
            "curl http://127.0.0.1:4000/v1/chat/completions -H",
            "export KUBECONFIG=/c/admin.kubeconfig KUBECACHEDIR=/c/kubectl\n",
            r#"{"model": "chat", "messages": [{"role": "user", "content": "Say hello"}]}"#,
            "kubectl get wayleave",
            "/c/*.log",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
