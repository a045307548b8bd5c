//! The kinds of other projects that the chart makes objects of.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::sync::OnceCell;
use wayleave_tests::Cluster;
use wayleave_tests::chart::said;

/// Where their CRDs are: Go module and path.
const CRDS: [(&str, &str); 3] = [
    (
        "github.com/envoyproxy/gateway",
        "charts/gateway-helm/charts/crds/crds/generated",
    ),
    (
        "github.com/envoyproxy/gateway",
        "charts/gateway-helm/charts/crds/crds/gatewayapi-crds.yaml",
    ),
    ("istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml"),
];

/// Kinds whose CRDs are not there, and why.
pub(super) const SKIPPED: [(&str, &str); 1] = [("PodMonitor", "tools/kube-crds pins no module with its CRD")];

static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// Installs them in the cluster that all tests share, once.
pub(super) async fn install(cluster: &Cluster) {
    let install = async || {
        for (module, path) in CRDS {
            cluster.install_crds_of(&folder(module).join(path)).await;
        }
    };
    INSTALLED.get_or_init(install).await;
}

/// The folder of a Go module.
fn folder(module: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/module.sh");
    let output = Command::new(tool).arg(module).output().unwrap();
    PathBuf::from(said(output).unwrap().trim())
}
